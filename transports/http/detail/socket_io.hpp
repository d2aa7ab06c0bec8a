#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sys/socket.h>
#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>

#include <kit/stream.hpp>

namespace kit::http::detail {

/// A connection's I/O over an Asio socket, on that socket's executor.
template <class Executor>
class socket_io {
 public:
  using executor_type = Executor;
  using socket_type = asio::basic_stream_socket<asio::ip::tcp, Executor>;

  explicit socket_io(socket_type socket) : socket_(std::move(socket)) {
    std::error_code ignored;  // a socket without it only is slower
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  }

  asio::any_io_executor get_executor() { return socket_.get_executor(); }

  /// Calls `done(error, size)` on the executor, never inside this call.
  template <class Done>
  void read(char* into, std::size_t size, Done done) {
    socket_.async_read_some(asio::buffer(into, size), std::move(done));
  }

  /// One system call, which sends head and body together and does not wait.
  io_result try_write(std::string_view data) noexcept {
    for (;;) {
      const auto n =
          ::send(socket_.native_handle(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n >= 0) return {{}, static_cast<std::size_t>(n)};
      if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
      if (errno != EINTR) return {std::error_code(errno, std::generic_category()), 0};
    }
  }

  /// Writes at least one byte; calls `done(error, size)`.
  template <class Done>
  void write_some(std::string_view data, Done done) {
    socket_.async_write_some(asio::buffer(data), std::move(done));
  }

  void shutdown_send() noexcept {
    std::error_code ignored;
    socket_.shutdown(socket_type::shutdown_send, ignored);
  }
  void close() noexcept {
    std::error_code ignored;
    socket_.close(ignored);
  }

  std::string remote_address() const {
    std::error_code failed;
    const auto at = socket_.remote_endpoint(failed);
    return failed ? std::string() : text(at);
  }
  std::string local_address() const {
    std::error_code failed;
    const auto at = socket_.local_endpoint(failed);
    return failed ? std::string() : text(at);
  }

 private:
  static std::string text(const asio::ip::tcp::endpoint& at) {
    const auto address = at.address().to_string();
    const auto port = std::to_string(at.port());
    return at.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
  }

  socket_type socket_;
};

}  // namespace kit::http::detail
