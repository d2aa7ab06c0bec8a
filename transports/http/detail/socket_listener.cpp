#include <charconv>
#include <new>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/asio_compat.hpp>
#include <kit/job.hpp>
#include <kit/listen.hpp>
#include <kit/tcp_network.hpp>
#include <transports/http/detail/connection.hpp>
#include <transports/http/detail/listener.hpp>
#include <transports/http/detail/loop_connection.hpp>
#include <transports/http/detail/socket_calls.hpp>
#include <transports/http/detail/socket_connection.hpp>

namespace kit::http::detail {
namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::string_view descriptor_prefix = "fd:";

// Connections share the acceptor's loop where one thread runs it, else each gets a strand.
class socket_listener final : public listener {
 public:
  socket_listener(const asio::any_io_executor& ex, const server_options& o)
      : executor_(ex), loop_(one_thread_loop(ex)), acceptor_(listen(ex, o)) {
    acceptor_.non_blocking(true);
    if (o.address.starts_with(unix_prefix)) path_ = o.address.substr(unix_prefix.size());
  }
  ~socket_listener() override { close(); }

  asio::awaitable<std::error_code> wait() override {
    std::error_code failed;
    co_await acceptor_.async_wait(stream_acceptor::wait_read,
                                  asio::redirect_error(asio::use_awaitable, failed));
    co_return failed;
  }
  void stop_waiting() noexcept override {
    std::error_code ignored;
    acceptor_.cancel(ignored);
  }

  std::size_t accept_ready(const std::shared_ptr<hub>& h, std::size_t limit,
                           std::error_code& failed) override {
    std::size_t count = 0;
    for (; count < limit; ++count) {
      const int socket = detail::accept_ready(acceptor_.native_handle(), failed);
      if (socket < 0) break;
      try {
        serve(h, socket);
      } catch (const std::system_error& e) {  // it could not be registered: one connection less
        failed = e.code();
        break;
      } catch (const std::bad_alloc&) {
        failed = std::make_error_code(std::errc::not_enough_memory);
        break;
      }
    }
    return count;
  }

  void close() noexcept override {
    if (!path_.empty()) remove_unix_socket(acceptor_, std::exchange(path_, {}));
    std::error_code ignored;
    acceptor_.close(ignored);
  }

  std::string local_address() const override { return local_address_of(handle()); }
  int descriptor() const noexcept override { return handle(); }
  bool one_thread() const noexcept override { return loop_ != nullptr; }

 private:
  static stream_acceptor listen(const asio::any_io_executor& ex, const server_options& o) {
    tcp_options options{.reuse_port = o.reuse_port};
    if (o.backlog > 0) options.backlog = o.backlog;
    if (o.address.starts_with(unix_prefix)) {
      return listen_on_unix(ex, o.address.substr(unix_prefix.size()), o.unix_mode, options.backlog);
    }
    if (o.address.starts_with(descriptor_prefix)) {
      return adopt_listener(ex, descriptor_of(o.address));
    }
    return listen_on_tcp(ex, o.address, o.port, options);
  }

  static int descriptor_of(std::string_view address) {
    const auto text = address.substr(descriptor_prefix.size());
    int number = -1;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc() && read.ptr == text.data() + text.size() ? number : -1;
  }

  int handle() const noexcept { return const_cast<stream_acceptor&>(acceptor_).native_handle(); }

  void serve(const std::shared_ptr<hub>& h, int socket) {
    auto c = loop_ ? make_loop_connection(h, *loop_, socket)
                   : make_socket_connection(h, on_strand(executor_), socket);
    h->add(c);
    if (loop_) return c->start();
    const auto& ex = c->executor();
    asio::dispatch(ex, [c = std::move(c)] { c->start(); });
  }

  asio::any_io_executor executor_;
  asio::io_context* loop_;
  stream_acceptor acceptor_;
  std::string path_;  // of the Unix socket to be removed
};

}  // namespace

std::unique_ptr<listener> listen_on_sockets(const asio::any_io_executor& ex,
                                            const server_options& o) {
  return std::make_unique<socket_listener>(ex, o);
}

}  // namespace kit::http::detail
