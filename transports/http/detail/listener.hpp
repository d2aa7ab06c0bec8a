#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/network.hpp>
#include <transports/http/detail/hub.hpp>
#include <transports/http/server_options.hpp>

namespace kit::http::detail {

/// Accepts connections and starts them.
class listener {
 public:
  virtual ~listener() = default;
  /// Accepts one connection. Cancellation: terminal.
  virtual asio::awaitable<std::error_code> accept(const std::shared_ptr<hub>& h) = 0;
  /// Accepts what is there without waiting; false when nothing was.
  virtual bool accept_ready(const std::shared_ptr<hub>& h) = 0;
  virtual void close() noexcept = 0;
  virtual std::string local_address() const = 0;
};

/// Listens on TCP. Throws `std::system_error`.
std::unique_ptr<listener> listen_tcp(const asio::any_io_executor& ex, const server_options& o);
/// Listens on that network.
std::unique_ptr<listener> listen_on(kit::network& network, const server_options& o);

}  // namespace kit::http::detail
