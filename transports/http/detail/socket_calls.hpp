#pragma once

#include <span>
#include <string>
#include <string_view>

#include <kit/connection_info.hpp>
#include <kit/http/body.hpp>
#include <kit/stream.hpp>

// System calls on non-blocking TCP sockets, as far as the server makes them past Asio.
namespace kit::http::detail {

/// What is there, or neither bytes nor error when nothing is.
io_result receive(int socket, std::span<char> into) noexcept;
/// As much as can be sent without waiting, maybe nothing. One call sends head and body together.
io_result send(int socket, std::string_view data) noexcept;
/// As `receive`, but it stays there.
io_result peek(int socket, std::span<char> into) noexcept;
/// The same from a file; an error where that is shorter.
io_result send_file(int socket, const file_region& file) noexcept;
/// Makes closing it forget what is unsent, and tell the peer by a reset.
void reset_on_close(int socket) noexcept;
connection_info addresses_of(int socket);
std::string local_address_of(int socket);
/// AF_INET, AF_INET6 or AF_UNIX.
int family_of(int socket) noexcept;

/// A connection that waits to be accepted, non-blocking; -1 when there is none, or with an error.
int accept_ready(int listener, std::error_code& failed) noexcept;

}  // namespace kit::http::detail
