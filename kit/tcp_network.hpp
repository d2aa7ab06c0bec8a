#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/ip/tcp.hpp>

#include <kit/network.hpp>

namespace kit {

/// Settings of TCP connections and listeners.
struct tcp_options {
  /// Sends small writes at once (TCP_NODELAY).
  bool no_delay = true;
  /// Lets several listeners share an address, one per loop; the kernel spreads the connections
  /// (SO_REUSEPORT).
  bool reuse_port = false;
  /// Connections that wait to be accepted, 1 or more; the system has its own upper limit.
  int backlog = asio::socket_base::max_listen_connections;
};

using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, asio::any_io_executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::any_io_executor>;

/// A stream over a connected socket.
std::unique_ptr<stream> make_tcp_stream(tcp_socket socket);

/// An acceptor that listens: clients may connect from now on. `host` is an IPv4 or IPv6 literal, or
/// `localhost` (127.0.0.1); `::` means all interfaces, IPv4 and IPv6, and so does an empty one, but
/// without IPv6 where the system has none. Port 0: the system chooses one.
/// Errors: throws `std::system_error` that names host and port.
tcp_acceptor listen_on_tcp(const asio::any_io_executor& ex, std::string_view host,
                           std::uint16_t port, const tcp_options& options = {});

/// As `stream::local_address` gives it: `127.0.0.1:80`, `[::1]:80`. IPv4 addresses that IPv6 holds
/// (`::ffff:127.0.0.1`), as those of clients of a server on `::`, are given as such.
std::string to_address(const asio::ip::tcp::endpoint& at);

/// TCP on the operating system's network.
class tcp_network final : public network {
 public:
  /// All sockets belong to this executor's loop; completions go to whoever waits for them.
  explicit tcp_network(asio::any_io_executor ex, tcp_options options = {});

  /// Names are looked up, and their addresses tried one after another. A cancelled look-up is left
  /// to end by itself in the background.
  asio::awaitable<connect_result> connect(std::string address) override;
  /// Addresses are numeric, or `localhost`; with no host all interfaces are meant, IPv4 and IPv6.
  std::unique_ptr<acceptor> listen(std::string_view address) override;

 private:
  asio::any_io_executor executor_;
  tcp_options options_;
};

}  // namespace kit
