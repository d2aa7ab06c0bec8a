#pragma once

#include <string_view>

#include <asio/any_io_executor.hpp>
#include <asio/basic_socket_acceptor.hpp>
#include <asio/generic/stream_protocol.hpp>

#include <kit/tcp_network.hpp>

namespace kit {

/// An acceptor of any stream socket.
using stream_acceptor =
    asio::basic_socket_acceptor<asio::generic::stream_protocol, asio::any_io_executor>;

/// Listens on a Unix socket at that path: clients may connect from now on. A socket that lies there
/// and where nobody listens any more, as a crash leaves it, is replaced; whoever has made the
/// acceptor removes the socket when it is closed, see `remove_unix_socket`.
/// `mode`: the permissions of the socket, of which those to write let connect.
/// Errors: throws `std::system_error` that names the path, `address_in_use` where somebody listens
/// or something else lies.
stream_acceptor listen_on_unix(const asio::any_io_executor& ex, std::string_view path,
                               unsigned mode = 0666, int backlog = tcp_options{}.backlog);
/// Removes the socket at that path if the acceptor is bound to it; before that is closed.
void remove_unix_socket(const stream_acceptor& a, std::string_view path) noexcept;

/// An acceptor on a copy of a descriptor that listens already, e.g. one that systemd hands over
/// (`LISTEN_FDS`, from 3 on), or another acceptor's.
/// Errors: throws `std::system_error` when it is no listening stream socket.
stream_acceptor adopt_listener(const asio::any_io_executor& ex, int descriptor);

}  // namespace kit
