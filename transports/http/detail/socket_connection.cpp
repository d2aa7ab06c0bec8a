#include <transports/http/detail/socket_connection.hpp>

#include <utility>

#include <unistd.h>
#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>

#include <transports/http/detail/socket_calls.hpp>

namespace kit::http::detail {
namespace {

using socket_type = asio::basic_stream_socket<asio::ip::tcp, asio::any_io_executor>;

// A connection over Asio's socket. Its waiting read needs a buffer: a small one.
constexpr std::size_t first_buffer = 512;

class socket_connection final : public connection {
 public:
  socket_connection(std::shared_ptr<hub> h, socket_type socket)
      : connection(std::move(h)), executor_(socket.get_executor()), socket_(std::move(socket)) {}

  const asio::any_io_executor& executor() const noexcept override { return executor_; }

 private:
  std::shared_ptr<socket_connection> self() {
    return std::static_pointer_cast<socket_connection>(shared_from_this());
  }

  bool start_read(bool) override {
    const auto into = read_room(first_buffer);
    socket_.async_read_some(asio::buffer(into.data(), into.size()),
                            [c = self()](const std::error_code& failed, std::size_t size) {
                              c->on_read(failed, size);
                            });
    return false;
  }
  void start_write(std::string_view data) override {
    socket_.async_write_some(asio::buffer(data), write_handler(self()));
  }
  io_result try_write(std::string_view data) noexcept override {
    return send(socket_.native_handle(), data);
  }
  bool readable() noexcept override { return detail::readable(socket_.native_handle()); }
  void shutdown_send() noexcept override {
    std::error_code ignored;
    socket_.shutdown(socket_type::shutdown_send, ignored);
  }
  void close_io(bool reset) noexcept override {
    if (reset) reset_on_close(socket_.native_handle());
    std::error_code ignored;
    socket_.close(ignored);
  }
  connection_info info() override { return addresses_of(socket_.native_handle()); }

  asio::any_io_executor executor_;
  socket_type socket_;
};

}  // namespace

std::shared_ptr<connection> make_socket_connection(std::shared_ptr<hub> h,
                                                   const asio::any_io_executor& ex, int socket,
                                                   bool v6) {
  socket_type taken(ex);
  std::error_code failed;
  taken.assign(v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), socket, failed);
  if (failed) {
    ::close(socket);
    throw std::system_error(failed, "register a connection");
  }
  return std::make_shared<socket_connection>(std::move(h), std::move(taken));
}

}  // namespace kit::http::detail
