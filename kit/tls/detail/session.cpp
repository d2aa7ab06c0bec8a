#include <kit/tls/detail/session.hpp>

#include <cerrno>
#include <new>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <asio/error.hpp>

#include <kit/tls/detail/errors.hpp>
#include <kit/tls/detail/peer.hpp>

namespace kit::tls::detail {
namespace {

// The socket, as OpenSSL sees it. Beside OpenSSL's own it raises no SIGPIPE, and knows whether a
// read took all there was.
struct socket_io {
  int socket = -1;
  bool all_read = false;  // by the last read
  bool eof = false;
  int error = 0;
};

int read_socket(BIO* bio, char* into, int size) {
  auto& io = *static_cast<socket_io*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  for (;;) {
    const auto n = ::recv(io.socket, into, static_cast<std::size_t>(size), MSG_DONTWAIT);
    io.all_read = n < size;
    if (n > 0) return static_cast<int>(n);
    if (n == 0) {
      io.eof = true;
      return 0;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      BIO_set_retry_read(bio);
    } else {
      io.error = errno;
    }
    return -1;
  }
}

int write_socket(BIO* bio, const char* data, int size) {
  auto& io = *static_cast<socket_io*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  for (;;) {
    const auto n =
        ::send(io.socket, data, static_cast<std::size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return static_cast<int>(n);
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      BIO_set_retry_write(bio);
    } else {
      io.error = errno;
    }
    return -1;
  }
}

long control_socket(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<const socket_io*>(BIO_get_data(bio))->eof;
  return 0;
}

BIO* make_bio(socket_io& io) {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kit socket");
    if (!m) throw std::bad_alloc();
    BIO_meth_set_read(m, &read_socket);
    BIO_meth_set_write(m, &write_socket);
    BIO_meth_set_ctrl(m, &control_socket);
    return m;
  }();
  BIO* bio = BIO_new(method);
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, &io);
  BIO_set_init(bio, 1);
  return bio;
}

struct ssl_free {
  void operator()(SSL* s) const noexcept { SSL_free(s); }
};

class session final : public secure_session {
 public:
  session(SSL_CTX* context, std::shared_ptr<const void> keep, int socket)
      : keep_(std::move(keep)), io_{.socket = socket}, ssl_(SSL_new(context)) {
    if (!ssl_) throw std::bad_alloc();
    BIO* bio = make_bio(io_);
    SSL_set_bio(ssl_.get(), bio, bio);
    // An idle connection keeps no buffers. What is to be sent may move, as a string does.
    SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    // HTTP says itself where a message ends, so a missing close_notify hides nothing.
    SSL_set_options(ssl_.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_set_read_ahead(ssl_.get(), 1);  // many records, or the two parts of one, by one system call
    SSL_set_accept_state(ssl_.get());
  }
  // That a connection broke off says nothing against its session: it may be resumed. A broken
  // record does.
  ~session() override {
    if (broken_.category() != openssl_category()) {
      SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
  }

  secure_step handshake() noexcept override {
    if (broken_) return {.error = broken_};
    io_.all_read = false;  // events may have gone by since the last one
    ERR_clear_error();
    const int r = SSL_do_handshake(ssl_.get());
    if (r != 1) return stopped(r);
    if (SSL_session_reused(ssl_.get()) && has_expired_peer()) {
      broken_ = std::make_error_code(std::errc::permission_denied);
      return {.error = broken_};
    }
    return {};
  }

  secure_step read(std::span<char> into) noexcept override {
    if (broken_) return {.error = broken_};
    secure_step done;
    io_.all_read = false;
    while (done.size < into.size()) {
      ERR_clear_error();
      const auto rest = into.subspan(done.size);
      std::size_t size = 0;
      const int r = SSL_read_ex(ssl_.get(), rest.data(), rest.size(), &size);
      if (r != 1) {
        const auto why = stopped(r);  // a failure comes again
        return done.size > 0 ? done : why;
      }
      done.size += size;
      if (!pending()) break;
    }
    return done;
  }

  secure_step write(std::string_view data) noexcept override {
    if (broken_) return {.error = broken_};
    secure_step done;
    while (done.size < data.size()) {
      ERR_clear_error();
      const auto rest = data.substr(done.size);
      std::size_t size = 0;
      const int r = SSL_write_ex(ssl_.get(), rest.data(), rest.size(), &size);
      if (r != 1) {
        const auto why = stopped(r);
        return done.size > 0 ? done : why;
      }
      done.size += size;
    }
    return done;
  }

  secure_step shutdown() noexcept override {
    if (broken_ || ended_ || !SSL_is_init_finished(ssl_.get())) return {};
    ERR_clear_error();
    const int r = SSL_shutdown(ssl_.get());
    if (r < 0 && SSL_get_error(ssl_.get(), r) == SSL_ERROR_WANT_WRITE) {
      return {.needs = secure_step::wait::to_write};
    }
    ended_ = true;  // one more call would read
    return {};
  }

  bool pending() const noexcept override { return SSL_has_pending(ssl_.get()) == 1; }
  bool drained() const noexcept override { return io_.all_read && !pending(); }

  secure_info info() const override {
    secure_info i;
    i.version = SSL_get_version(ssl_.get());
    if (const auto* cipher = SSL_get_current_cipher(ssl_.get()))
      i.cipher = SSL_CIPHER_get_name(cipher);
    if (const auto* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name)) {
      i.server_name = name;
    }
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
    if (size > 0) i.protocol.assign(reinterpret_cast<const char*>(protocol), size);
    i.resumed = SSL_session_reused(ssl_.get()) == 1;
    auto* peer = verified_peer();
    if (peer) i.peer = read_certificate(peer);
    return i;
  }

 private:
  // Why a call did not do what it should.
  secure_step stopped(int r) noexcept {
    switch (SSL_get_error(ssl_.get(), r)) {
      case SSL_ERROR_WANT_READ:
        return {.needs = secure_step::wait::to_read};
      case SSL_ERROR_WANT_WRITE:
        return {.needs = secure_step::wait::to_write};
      case SSL_ERROR_ZERO_RETURN:  // writing goes on
        if (SSL_is_init_finished(ssl_.get())) return {.error = asio::error::eof};
        broken_ = asio::error::eof;
        break;
      default:
        if (io_.error != 0) {
          broken_ = std::error_code(io_.error, std::generic_category());
        } else if (io_.eof) {
          broken_ = asio::error::eof;
        } else {
          broken_ = take_error();
        }
    }
    return {.error = broken_};
  }

  X509* verified_peer() const noexcept {
    const bool verified = (SSL_get_verify_mode(ssl_.get()) & SSL_VERIFY_PEER) != 0 &&
                          SSL_get_verify_result(ssl_.get()) == X509_V_OK;
    return verified ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  }
  bool has_expired_peer() const noexcept {
    const auto* peer = SSL_get0_peer_certificate(ssl_.get());
    return peer && X509_cmp_current_time(X509_get0_notAfter(peer)) < 0;
  }

  const std::shared_ptr<const void> keep_;
  socket_io io_;
  const std::unique_ptr<SSL, ssl_free> ssl_;
  std::error_code broken_;
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<secure_session> make_session(ssl_ctx_st* context, std::shared_ptr<const void> keep,
                                             int socket) {
  return std::make_unique<session>(context, std::move(keep), socket);
}

}  // namespace kit::tls::detail
