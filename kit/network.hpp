#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include <asio/awaitable.hpp>

#include <kit/result.hpp>
#include <kit/stream.hpp>

namespace kit {

/// A new connection, or why there is none.
struct connect_result {
  std::error_code error;
  std::unique_ptr<kit::stream> stream;

  explicit operator bool() const noexcept { return stream != nullptr; }
};

/// Waits for peers to connect. Destroying it closes it.
/// Threads: one at a time; a strand will do.
class acceptor {
 public:
  acceptor() = default;
  acceptor(const acceptor&) = delete;
  acceptor& operator=(const acceptor&) = delete;
  virtual ~acceptor() = default;

  /// The next connection. An error that isn't `operation_aborted` is often a passing one
  /// (`too_many_files_open`, `connection_aborted`): pause, and accept again.
  /// Cancellation: all types.
  virtual asio::awaitable<connect_result> accept() = 0;
  /// Stops listening; an `accept` under way completes as `operation_aborted`.
  virtual void close() noexcept = 0;
  /// Where it listens, with the port that was chosen for port 0.
  virtual std::string local_address() const = 0;
};

/// Where streams come from: the operating system, or memory in a simulation.
class network {
 public:
  network() = default;
  network(const network&) = delete;
  network& operator=(const network&) = delete;
  virtual ~network() = default;

  /// Connects to `host:port`.
  ///
  /// Errors:       in the result, `invalid_argument` for what isn't an address.
  /// Cancellation: all types, as `operation_aborted`.
  /// Lifetime:     the network outlives the awaitable.
  virtual asio::awaitable<connect_result> connect(std::string address) = 0;
  /// Starts to listen on `host:port`; port 0 lets the system choose.
  /// Errors: throws `std::system_error`.
  virtual std::unique_ptr<acceptor> listen(std::string_view address) = 0;
};

/// The parts of an address.
struct host_port {
  std::string host;
  std::uint16_t port = 0;

  friend bool operator==(const host_port&, const host_port&) = default;
};

/// Splits `host:port`. IPv6 addresses are in brackets, `[::1]:80`. The host may be missing (`:80`),
/// the port not. Errors: `invalid_argument` with what is wrong.
result<host_port> parse_address(std::string_view text);

/// The other way round: `host:port`, with brackets around an IPv6 address.
std::string to_address(std::string_view host, std::uint16_t port);

}  // namespace kit
