#include <transports/http/detail/stream_connection.hpp>

#include <system_error>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>

namespace kit::http::detail {
namespace {

constexpr std::size_t first_buffer = 512;

class stream_connection final : public connection {
 public:
  stream_connection(std::shared_ptr<hub> h, std::unique_ptr<stream> s)
      : connection(std::move(h)), executor_(s->get_executor()), stream_(std::move(s)) {}

  const asio::any_io_executor& executor() const noexcept override { return executor_; }

 private:
  using self_ptr = std::shared_ptr<stream_connection>;
  self_ptr self() { return std::static_pointer_cast<stream_connection>(shared_from_this()); }

  bool start_read(bool) override {
    read_on_ = true;
    if (read_loop_) return false;  // it sees the flag
    read_loop_ = true;
    asio::co_spawn(executor_, read_loop(self()), [c = self()](std::exception_ptr failure) {
      if (!failure) return;
      c->read_loop_ = false;
      c->on_read(std::make_error_code(std::errc::io_error), 0);
    });
    return false;
  }
  // Goes round instead of starting anew, as what a memory stream reads is there at once.
  static asio::awaitable<void> read_loop(self_ptr c) {
    while (std::exchange(c->read_on_, false)) {
      const auto into = c->read_room(first_buffer);
      const auto r = co_await c->stream_->read_some(asio::buffer(into.data(), into.size()));
      c->on_read(r.error, r.size);
    }
    c->read_loop_ = false;
  }

  void start_write(std::string_view data) override {
    asio::co_spawn(executor_, write_all(self(), asio::buffer(data)),
                   [end = write_handler(self())](std::exception_ptr failure, io_result r) mutable {
                     if (failure) r.error = std::make_error_code(std::errc::io_error);
                     end(r.error, r.size);
                   });
  }
  static asio::awaitable<io_result> write_all(self_ptr c, asio::const_buffer data) {
    co_return co_await write(*c->stream_, data);
  }

  io_result try_write(std::string_view data) noexcept override {
    const asio::const_buffer buffer = asio::buffer(data);
    return stream_->try_write(std::span(&buffer, 1));
  }
  bool readable() noexcept override { return false; }
  void shutdown_send() noexcept override { stream_->shutdown_send(); }
  void close_io(bool) noexcept override { stream_->close(); }
  connection_info info() override { return {stream_->remote_address(), stream_->local_address()}; }

  asio::any_io_executor executor_;
  std::unique_ptr<stream> stream_;
  bool read_on_ = false;    // another read is wanted
  bool read_loop_ = false;  // the coroutine that reads runs
};

}  // namespace

std::shared_ptr<connection> make_stream_connection(std::shared_ptr<hub> h,
                                                   std::unique_ptr<stream> s) {
  return std::make_shared<stream_connection>(std::move(h), std::move(s));
}

}  // namespace kit::http::detail
