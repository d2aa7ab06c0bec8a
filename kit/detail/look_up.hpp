#pragma once

#include <system_error>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/ip/address.hpp>

#include <kit/network.hpp>

namespace kit::detail {

struct addresses {
  std::error_code error;
  std::vector<asio::ip::address> found;
};

/// The addresses of a host: of a numeric one itself, of `localhost` both loopbacks (RFC 6761 6.3:
/// no matter of DNS), else what the system's look-up says.
/// Cancellation: all types, as `operation_aborted`; the look-up is left to end by itself in the
/// background.
asio::awaitable<addresses> look_up(asio::any_io_executor ex, host_port where);

}  // namespace kit::detail
