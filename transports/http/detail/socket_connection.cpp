#include <transports/http/detail/socket_connection.hpp>

#include <new>
#include <utility>

#include <unistd.h>
#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/generic/stream_protocol.hpp>
#include <asio/post.hpp>

#include <transports/http/detail/channel.hpp>
#include <transports/http/detail/socket_calls.hpp>

namespace kit::http::detail {
namespace {

using socket_type =
    asio::basic_stream_socket<asio::generic::stream_protocol, asio::any_io_executor>;

// A connection over Asio's socket. Its waiting read needs a buffer: a small one.
constexpr std::size_t first_buffer = 512;

class socket_connection final : public connection {
 public:
  socket_connection(std::shared_ptr<hub> h, socket_type socket)
      : connection(std::move(h)),
        executor_(socket.get_executor()),
        socket_(std::move(socket)),
        channel_(socket_.native_handle(), hub_->options) {}

  const asio::any_io_executor& executor() const noexcept override { return executor_; }

 private:
  using wait = secure_step::wait;

  std::shared_ptr<socket_connection> self() {
    return std::static_pointer_cast<socket_connection>(shared_from_this());
  }

  bool has_handshake() const noexcept override { return channel_.has_handshake(); }
  void start_handshake() override { wait_for(wait::to_read, &socket_connection::try_handshake); }
  void try_handshake(const std::error_code& failed) {
    const auto now = failed ? secure_step{.error = failed} : channel_.handshake();
    if (now.needs != wait::none) return wait_for(now.needs, &socket_connection::try_handshake);
    on_handshake(now.error);
  }

  bool start_read(bool) override {
    if (!channel_.secure()) {
      const auto into = read_room(first_buffer);
      socket_.async_read_some(asio::buffer(into.data(), into.size()),
                              [c = self()](const std::error_code& failed, std::size_t size) {
                                c->on_read(failed, size);
                              });
    } else if (channel_.pending()) {
      asio::post(executor_, [c = self()] { c->try_read({}); });
    } else {
      wait_for(wait::to_read, &socket_connection::try_read);
    }
    return false;
  }
  // Of a secure channel, which so needs no buffer while it waits.
  void try_read(const std::error_code& failed) {
    const auto now = failed ? secure_step{.error = failed} : receive();
    if (now.needs != wait::none) return wait_for(now.needs, &socket_connection::try_read);
    on_read(now.error, now.size);
  }
  secure_step receive() {
    if (!socket_.is_open()) return {.error = asio::error::operation_aborted};
    try {
      return channel_.receive(read_room(read_buffer::usual_size));
    } catch (const std::bad_alloc&) {
      return {.error = std::make_error_code(std::errc::not_enough_memory)};
    }
  }

  void start_write(std::string_view data) override {
    if (!channel_.secure()) {
      return socket_.async_write_some(asio::buffer(data), write_handler(self()));
    }
    send_when(wait::to_write, [data](channel& c) { return c.send(data); }, write_handler(self()));
  }
  bool can_send_file() const noexcept override { return channel_.can_send_file(); }
  void start_send_file(const file_region& file) override {
    send_when(
        wait::to_write, [file](channel& c) { return c.send_file(file); }, write_handler(self()));
  }
  // Tries it whenever the socket is ready, until it comes to something.
  template <class Attempt>
  void send_when(wait what_for, Attempt attempt, write_handler done) {
    socket_.async_wait(wait_type(what_for), [c = self(), attempt, done = std::move(done)](
                                                const std::error_code& failed) mutable {
      const auto now = failed ? secure_step{.error = failed} : attempt(c->channel_);
      if (now.needs != wait::none) return c->send_when(now.needs, attempt, std::move(done));
      done(now.error, now.size);
    });
  }
  io_result try_write(std::string_view data) noexcept override {
    return result_of(channel_.send(data));
  }
  io_result try_send_file(const file_region& file) noexcept override {
    return result_of(channel_.send_file(file));
  }

  void wait_for(wait what_for, void (socket_connection::*then)(const std::error_code&)) {
    socket_.async_wait(wait_type(what_for), [c = self(), then](const std::error_code& failed) {
      (c.get()->*then)(failed);
    });
  }
  static socket_type::wait_type wait_type(wait what_for) {
    return what_for == wait::to_write ? socket_type::wait_write : socket_type::wait_read;
  }

  bool readable() noexcept override { return channel_.readable(); }
  bool say_end() noexcept override { return channel_.say_end(); }
  void shutdown_send() noexcept override { end_sending({}); }
  void end_sending(const std::error_code& failed) {
    if (failed || !socket_.is_open()) return;
    if (channel_.say_end()) return channel_.shutdown_send();
    wait_for(wait::to_write, &socket_connection::end_sending);
  }
  void close_io(bool reset) noexcept override {
    if (!socket_.is_open()) return;
    channel_.close(reset);
    std::error_code ignored;
    socket_.close(ignored);
  }
  connection_info info() override { return channel_.info(); }

  asio::any_io_executor executor_;
  socket_type socket_;
  channel channel_;
};

}  // namespace

std::shared_ptr<connection> make_socket_connection(std::shared_ptr<hub> h,
                                                   const asio::any_io_executor& ex, int socket) {
  socket_type taken(ex);
  std::error_code failed;
  taken.assign(asio::generic::stream_protocol(family_of(socket), 0), socket, failed);
  if (failed) {
    ::close(socket);
    throw std::system_error(failed, "register a connection");
  }
  return std::make_shared<socket_connection>(std::move(h), std::move(taken));
}

}  // namespace kit::http::detail
