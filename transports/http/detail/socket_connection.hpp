#pragma once

#include <memory>

#include <asio/any_io_executor.hpp>

#include <transports/http/detail/connection.hpp>

namespace kit::http::detail {

/// Takes over a connected, non-blocking stream socket, for any executor that runs one thing at a
/// time. Errors: throws `std::system_error`; the socket is closed then.
std::shared_ptr<connection> make_socket_connection(std::shared_ptr<hub> h,
                                                   const asio::any_io_executor& ex, int socket);

}  // namespace kit::http::detail
