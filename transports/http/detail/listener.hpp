#pragma once

#include <memory>
#include <string>
#include <system_error>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/network.hpp>
#include <transports/http/detail/hub.hpp>
#include <transports/http/server_options.hpp>

namespace kit::http::detail {

/// Accepts connections and starts them. On one loop thread or strand.
class listener {
 public:
  virtual ~listener() = default;
  /// Waits until `accept_ready` may find something. Ends by `stop_waiting`, too.
  virtual asio::awaitable<std::error_code> wait() = 0;
  virtual void stop_waiting() noexcept = 0;
  /// Accepts what is there, at most `limit` connections; returns how many there were. `failed`: why
  /// it stopped, unless there were no more.
  virtual std::size_t accept_ready(const std::shared_ptr<hub>& h, std::size_t limit,
                                   std::error_code& failed) = 0;
  virtual void close() noexcept = 0;
  virtual std::string local_address() const = 0;
  /// The socket that listens; -1 where there is none.
  virtual int descriptor() const noexcept { return -1; }
  /// Whether all connections live on one loop, run by one thread.
  virtual bool one_thread() const noexcept = 0;
};

/// Listens on TCP, a Unix socket, or a descriptor that listens already, as the address says.
/// Errors: throws `std::system_error`.
std::unique_ptr<listener> listen_on_sockets(const asio::any_io_executor& ex,
                                            const server_options& o);
/// Listens on that network. Errors: as the network.
std::unique_ptr<listener> listen_on(kit::network& network, const server_options& o);

}  // namespace kit::http::detail
