#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>

#include <kit/stream.hpp>

namespace kit::http::detail {

/// A connection's I/O over a `kit::stream`: TLS, or the memory of a simulation.
class stream_io {
 public:
  explicit stream_io(std::unique_ptr<stream> s) : stream_(std::move(s)) {}

  asio::any_io_executor get_executor() { return stream_->get_executor(); }

  template <class Done>
  void read(char* into, std::size_t size, Done done) {
    start(read_some(stream_, asio::buffer(into, size)), std::move(done));
  }
  io_result try_write(std::string_view data) noexcept {
    const asio::const_buffer buffer = asio::buffer(data);
    return stream_->try_write(std::span(&buffer, 1));
  }
  template <class Done>
  void write_some(std::string_view data, Done done) {
    start(write_all(stream_, asio::buffer(data)), std::move(done));
  }

  void shutdown_send() noexcept { stream_->shutdown_send(); }
  void close() noexcept { stream_->close(); }
  std::string remote_address() const { return stream_->remote_address(); }
  std::string local_address() const { return stream_->local_address(); }

 private:
  using stream_ptr = std::shared_ptr<stream>;

  static asio::awaitable<io_result> read_some(stream_ptr s, asio::mutable_buffer into) {
    co_return co_await s->read_some(into);
  }
  static asio::awaitable<io_result> write_all(stream_ptr s, asio::const_buffer data) {
    co_return co_await write(*s, data);
  }
  template <class Done>
  void start(asio::awaitable<io_result> step, Done done) {
    asio::co_spawn(get_executor(), std::move(step),
                   [done = std::move(done)](std::exception_ptr failure, io_result r) mutable {
                     if (failure) r.error = std::make_error_code(std::errc::io_error);
                     done(r.error, r.size);
                   });
  }

  stream_ptr stream_;
};

}  // namespace kit::http::detail
