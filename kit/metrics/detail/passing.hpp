#pragma once

#include <system_error>

#include <asio/error.hpp>

namespace kit::metrics::detail {

/// Whether the socket is still good after a datagram could not be sent, so that the next one may
/// go.
inline bool passing(const std::error_code& ec) noexcept {
  return ec == asio::error::would_block || ec == asio::error::try_again ||
         ec == asio::error::no_buffer_space || ec == asio::error::message_size;
}

}  // namespace kit::metrics::detail
