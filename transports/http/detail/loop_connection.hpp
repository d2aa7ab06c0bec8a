#pragma once

#include <memory>

#include <asio/io_context.hpp>

#include <transports/http/detail/connection.hpp>

namespace kit::http::detail {

/// Takes over a connected, non-blocking stream socket, for a loop run by one thread.
/// Errors: throws `std::system_error`; the socket is closed then.
std::shared_ptr<connection> make_loop_connection(std::shared_ptr<hub> h, asio::io_context& loop,
                                                 int socket);

}  // namespace kit::http::detail
