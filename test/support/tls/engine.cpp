#include "engine.hpp"

#include <stdexcept>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace test {
namespace {

void require(bool right, const char* what) {
  if (!right) throw std::runtime_error(std::string("tls client: ") + what);
}

template <auto Free>
struct with {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};

}  // namespace

struct tls_engine::impl {
  std::unique_ptr<SSL_CTX, with<SSL_CTX_free>> context{SSL_CTX_new(TLS_client_method())};
  std::unique_ptr<SSL, with<SSL_free>> ssl;
  BIO* in = nullptr;
  BIO* out = nullptr;
  std::string unsent;  // until the handshake is over
  bool ending = false;
  bool ended = false;
  std::string failure;
  tls_ticket ticket;

  // Of what a call returned.
  void judge(int r) {
    if (r > 0) return;
    switch (SSL_get_error(ssl.get(), r)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return;
      case SSL_ERROR_ZERO_RETURN:
        ended = true;
        return;
      default:
        const auto* reason = ERR_reason_error_string(ERR_peek_error());
        if (failure.empty()) failure = reason ? reason : "unknown";
        ERR_clear_error();
    }
  }

  void go_on() {
    if (!failure.empty()) return;
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl.get())) judge(SSL_do_handshake(ssl.get()));
    if (!SSL_is_init_finished(ssl.get()) || !failure.empty()) return;
    if (!unsent.empty()) {
      judge(SSL_write(ssl.get(), unsent.data(), static_cast<int>(unsent.size())));
      unsent.clear();
    }
    if (ending) SSL_shutdown(ssl.get());
    ending = false;
  }
};

tls_engine::tls_engine(const tls_client_options& o) : impl_(std::make_unique<impl>()) {
  auto* context = impl_->context.get();
  SSL_CTX_set_security_level(context, 0);  // it may ask for what servers shall refuse
  SSL_CTX_set_min_proto_version(context, o.min_version);
  SSL_CTX_set_max_proto_version(context, o.max_version);
  if (!o.ciphers.empty()) require(SSL_CTX_set_cipher_list(context, o.ciphers.c_str()), "ciphers");
  if (!o.cipher_suites.empty()) {
    require(SSL_CTX_set_ciphersuites(context, o.cipher_suites.c_str()), "cipher suites");
  }
  if (!o.ca_file.empty()) {
    require(SSL_CTX_load_verify_file(context, o.ca_file.c_str()), "authority");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  }
  if (!o.certificate_file.empty()) {
    require(SSL_CTX_use_certificate_chain_file(context, o.certificate_file.c_str()), "certificate");
    require(SSL_CTX_use_PrivateKey_file(context, o.key_file.c_str(), SSL_FILETYPE_PEM), "key");
  }
  std::string protocols;
  for (const auto& name : o.protocols)
    protocols += static_cast<char>(name.size()) + name;
  if (!protocols.empty()) {
    SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                            static_cast<unsigned>(protocols.size()));
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
  SSL_CTX_set_app_data(context, impl_.get());
  SSL_CTX_sess_set_new_cb(context, [](SSL* ssl, SSL_SESSION* session) {
    auto& self = *static_cast<impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    self.ticket = tls_ticket(session, SSL_SESSION_free);
    return 1;
  });

  impl_->ssl.reset(SSL_new(context));
  auto* ssl = impl_->ssl.get();
  if (!o.server_name.empty()) {
    SSL_set_tlsext_host_name(ssl, o.server_name.c_str());
    if (!o.ca_file.empty()) SSL_set1_host(ssl, o.server_name.c_str());
  }
  if (o.resume) SSL_set_session(ssl, o.resume.get());
  impl_->in = BIO_new(BIO_s_mem());
  impl_->out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl, impl_->in, impl_->out);
  SSL_set_connect_state(ssl);
  impl_->go_on();
}

// So that its session may be resumed.
tls_engine::~tls_engine() {
  SSL_set_shutdown(impl_->ssl.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void tls_engine::receive(std::string_view bytes) {
  BIO_write(impl_->in, bytes.data(), static_cast<int>(bytes.size()));
  impl_->go_on();
}

std::string tls_engine::to_send() {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(impl_->out, &data);
  std::string all(data, static_cast<std::size_t>(size));
  BIO_reset(impl_->out);
  return all;
}

void tls_engine::write(std::string_view data) {
  impl_->unsent += data;
  impl_->go_on();
}

std::string tls_engine::read() {
  std::string all;
  char bytes[16'384];
  while (impl_->failure.empty() && connected()) {
    ERR_clear_error();
    const int size = SSL_read(impl_->ssl.get(), bytes, sizeof bytes);
    impl_->judge(size);
    if (size <= 0) break;
    all.append(bytes, static_cast<std::size_t>(size));
  }
  return all;
}

void tls_engine::end() {
  impl_->ending = true;
  impl_->go_on();
}

void tls_engine::update_keys() {
  require(SSL_key_update(impl_->ssl.get(), SSL_KEY_UPDATE_REQUESTED), "key update");
}

bool tls_engine::connected() const {
  return SSL_is_init_finished(impl_->ssl.get());
}

bool tls_engine::ended() const {
  return impl_->ended;
}

const std::string& tls_engine::failure() const {
  return impl_->failure;
}

std::string tls_engine::version() const {
  return SSL_get_version(impl_->ssl.get());
}

std::string tls_engine::cipher() const {
  return SSL_get_cipher_name(impl_->ssl.get());
}

std::string tls_engine::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(impl_->ssl.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

bool tls_engine::resumed() const {
  return SSL_session_reused(impl_->ssl.get()) == 1;
}

std::string tls_engine::server_common_name() const {
  const auto* x = SSL_get0_peer_certificate(impl_->ssl.get());
  char name[256] = "";
  if (x) X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof name);
  return name;
}

std::string tls_engine::server_key() const {
  const auto* x = SSL_get0_peer_certificate(impl_->ssl.get());
  if (!x) return "";
  return EVP_PKEY_get_base_id(X509_get0_pubkey(x)) == EVP_PKEY_RSA ? "RSA" : "ECDSA";
}

tls_ticket tls_engine::ticket() const {
  return impl_->ticket;
}

}  // namespace test
