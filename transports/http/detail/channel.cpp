#include <transports/http/detail/channel.hpp>

#include <new>
#include <utility>

#include <sys/socket.h>
#include <asio/error.hpp>

#include <kit/stream.hpp>
#include <transports/http/detail/socket_calls.hpp>

namespace kit::http::detail {
namespace {

using wait = secure_step::wait;

secure_step step(const io_result& r, wait otherwise) noexcept {
  return {r.error, r.size, !r.error && r.size == 0 ? otherwise : wait::none};
}

// Of both versions; a longer one of version 2 is refused by the parser.
constexpr std::size_t max_proxy_header = 4096;

bool expects_proxy_header(int socket, const server_options& o) {
  if (o.proxy_protocol_on_unix && family_of(socket) == AF_UNIX) return true;
  const auto& balancers = o.proxy_protocol_from;
  return !balancers.empty() && balancers.contains(addresses_of(socket).remote_address);
}

// TLS begins with the byte 22 (RFC 8446 5.1), HTTP with a method.
bool begins_http(char first) noexcept {
  return first >= 'A' && first <= 'Z';
}

}  // namespace

channel::channel(int socket, const server_options& options)
    : socket_(socket), context_(options.tls.get()) {
  if (expects_proxy_header(socket, options)) proxy_ = std::make_unique<expected_header>();
}

// True when the header has been read. What follows it is left in the socket: it may be TLS.
bool channel::read_proxy_header(secure_step& instead) noexcept {
  char bytes[max_proxy_header];
  const auto there = peek(socket_, bytes);
  instead = step(there, wait::to_read);
  if (instead.error || instead.needs != wait::none) return false;
  try {
    auto& proxy = *proxy_;
    const auto before = proxy.received.size();
    proxy.received.append(bytes, there.size);
    const auto r = proxy.parser.parse(proxy.received);
    if (r.state == proxy_parser::state::failed) {
      instead.error = bad_proxy_header();
      return false;
    }
    const bool complete = r.state == proxy_parser::state::complete;
    detail::receive(socket_, {bytes, complete ? r.consumed - before : there.size});
    if (!complete) {
      instead = {.needs = wait::to_read};
      return false;
    }
    on_behalf_ = std::make_unique<proxy_header>(std::move(proxy.parser.header()));
    proxy_.reset();
    return true;
  } catch (const std::exception&) {  // out of memory
    instead.error = std::make_error_code(std::errc::not_enough_memory);
    return false;
  }
}

// True when the session has been made.
bool channel::look_at_first_byte(secure_step& instead) noexcept {
  char first = 0;
  instead = step(peek(socket_, {&first, 1}), wait::to_read);
  if (instead.error || instead.needs != wait::none) return false;
  if (begins_http(first)) {
    instead.error = not_secure();
    return false;
  }
  try {
    session_ = context_->accept(socket_);
    return true;
  } catch (const std::exception&) {  // out of memory
    instead.error = std::make_error_code(std::errc::not_enough_memory);
    return false;
  }
}

secure_step channel::handshake() noexcept {
  secure_step now;
  if (proxy_ && !read_proxy_header(now)) return now;
  if (!context_) return {};
  if (session_ || look_at_first_byte(now)) now = session_->handshake();
  if (now.error) {
    session_.reset();
    context_ = nullptr;
    drained_ = false;
  }
  now.size = 0;
  return now;
}

secure_step channel::receive(std::span<char> into) noexcept {
  const auto now =
      session_ ? session_->read(into) : step(detail::receive(socket_, into), wait::to_read);
  drained_ = now.size < into.size();
  if (now.size > 0) told_readable_ = false;
  return now;
}

secure_step channel::send(std::string_view data) noexcept {
  return session_ ? session_->write(data) : step(detail::send(socket_, data), wait::to_write);
}

secure_step channel::send_file(const file_region& file) noexcept {
  return step(detail::send_file(socket_, file), wait::to_write);
}

bool channel::readable() noexcept {
  char byte;
  const auto there = peek(socket_, {&byte, 1});
  if (!there.error && there.size == 0) return false;
  return !session_ || !std::exchange(told_readable_, true);
}

bool channel::say_end() noexcept {
  return !session_ || session_->shutdown().needs == wait::none;
}

void channel::shutdown_send() noexcept {
  ::shutdown(socket_, SHUT_WR);
}

void channel::close(bool reset) noexcept {
  if (reset) {
    reset_on_close(socket_);
  } else {
    say_end();
  }
  session_.reset();
}

connection_info channel::info() const {
  auto i = addresses_of(socket_);
  if (on_behalf_ && !on_behalf_->source.empty()) {
    i.proxy_address = std::exchange(i.remote_address, on_behalf_->source);
    i.local_address = on_behalf_->destination;
    if (on_behalf_->tls) i.forwarded_scheme = "https";
  }
  if (session_) i.secure = std::make_shared<const secure_info>(session_->info());
  return i;
}

}  // namespace kit::http::detail
