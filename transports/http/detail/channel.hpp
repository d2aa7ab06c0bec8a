#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <kit/connection_info.hpp>
#include <kit/secure.hpp>
#include <kit/stream.hpp>
#include <transports/http/proxy_protocol.hpp>
#include <transports/http/server_options.hpp>

namespace kit::http::detail {

/// Why a handshake ended when a load balancer's header was due, and didn't come.
inline std::error_code bad_proxy_header() noexcept {
  return std::make_error_code(std::errc::bad_message);
}

/// Why a handshake ended when the client spoke HTTP instead of TLS.
inline std::error_code not_secure() noexcept {
  return std::make_error_code(std::errc::wrong_protocol_type);
}

/// Without what it waits for.
inline io_result result_of(const secure_step& s) noexcept {
  return {s.error, s.size};
}

/// How bytes go through a connection's socket, which it doesn't own: as they are, or through a
/// secure session, after a handshake.
class channel {
 public:
  /// `options` outlive the channel.
  channel(int socket, const server_options& options);

  /// Whether `handshake` is to be called first.
  bool has_handshake() const noexcept { return proxy_ || context_; }

  /// Whether bytes go through a session, or will after the handshake.
  bool secure() const noexcept { return context_ != nullptr; }

  /// Goes on with the handshake. The session is made when the first byte is there: a client that
  /// says nothing costs nothing. After a failure the channel isn't secure: what was to be told to
  /// the client was told, and what it still sends isn't looked at. `not_secure`: nothing was read.
  secure_step handshake() noexcept;
  /// What is there, or what it takes.
  secure_step receive(std::span<char> into) noexcept;
  /// What goes out without waiting. See `secure_session::write` on what must come next.
  secure_step send(std::string_view data) noexcept;

  /// Whether the system can copy from a file into it.
  bool can_send_file() const noexcept { return !secure(); }
  secure_step send_file(const file_region& file) noexcept;

  /// Whether the last `handshake` or `receive` took all there was.
  bool drained() const noexcept { return session_ ? session_->drained() : drained_; }
  /// Whether `receive` may give something without the socket becoming readable.
  bool pending() const noexcept { return session_ && session_->pending(); }
  /// Whether the socket has something to read, or the end. Says so only once until bytes have come:
  /// parts of a record that never gets whole aren't any.
  bool readable() noexcept;

  /// Says that nothing more will be sent. False when that doesn't go out without waiting.
  bool say_end() noexcept;
  /// After `say_end`: nothing more is sent, whatever happens.
  void shutdown_send() noexcept;
  /// What is to be done before the socket is closed. `reset`: what was sent and not acknowledged is
  /// forgotten.
  void close(bool reset) noexcept;

  connection_info info() const;

 private:
  struct expected_header {
    proxy_parser parser;
    std::string received;
  };

  bool look_at_first_byte(secure_step& instead) noexcept;
  bool read_proxy_header(secure_step& instead) noexcept;

  int socket_;
  bool drained_ = false;
  bool told_readable_ = false;
  secure_context* context_;
  std::unique_ptr<secure_session> session_;
  std::unique_ptr<expected_header> proxy_;   // while it is due
  std::unique_ptr<proxy_header> on_behalf_;  // what it said
};

}  // namespace kit::http::detail
