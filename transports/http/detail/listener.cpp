#include <transports/http/detail/listener.hpp>

#include <optional>
#include <utility>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/detail/socket_option.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/redirect_error.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/asio_compat.hpp>
#include <kit/this_context.hpp>
#include <transports/http/detail/connection.hpp>
#include <transports/http/detail/socket_io.hpp>
#include <transports/http/detail/stream_io.hpp>

namespace kit::http::detail {
namespace {

using asio::ip::tcp;
using loop_executor = asio::io_context::executor_type;

// Connections share the acceptor's loop where one thread runs it, else each gets a strand.
class tcp_listener final : public listener {
 public:
  tcp_listener(const asio::any_io_executor& ex, const server_options& o)
      : executor_(kit::without_context(ex)),
        loop_(one_thread_loop(executor_)),
        acceptor_(executor_) {
    const tcp::endpoint at(asio::ip::make_address(o.address), o.port);
    acceptor_.open(at.protocol());
    acceptor_.set_option(tcp::acceptor::reuse_address(true));
    if (at.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false));
    if (o.reuse_port) {
      using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
      acceptor_.set_option(reuse_port(true));
    }
    acceptor_.bind(at);
    acceptor_.non_blocking(true);
    acceptor_.listen(o.backlog == 0 ? asio::socket_base::max_listen_connections : o.backlog);
  }

  asio::awaitable<std::error_code> accept(const std::shared_ptr<hub>& h) override {
    std::error_code failed;
    if (loop_) {
      auto socket = co_await acceptor_.async_accept(
          *loop_, asio::redirect_error(asio::use_awaitable, failed));
      if (!failed) serve(h, std::move(socket));
    } else {
      asio::any_io_executor strand = asio::make_strand(executor_);
      auto socket = co_await acceptor_.async_accept(
          strand, asio::redirect_error(asio::use_awaitable, failed));
      if (!failed) serve(h, std::move(socket));
    }
    co_return failed;
  }

  bool accept_ready(const std::shared_ptr<hub>& h) override {
    std::error_code failed;
    if (loop_) {
      auto socket = acceptor_.accept(*loop_, failed);
      if (!failed) serve(h, std::move(socket));
    } else {
      asio::any_io_executor strand = asio::make_strand(executor_);
      auto socket = acceptor_.accept(strand, failed);
      if (!failed) serve(h, std::move(socket));
    }
    return !failed;
  }

  void close() noexcept override {
    std::error_code ignored;
    acceptor_.close(ignored);
  }

  std::string local_address() const override {
    const auto at = acceptor_.local_endpoint();
    const auto host = at.address().to_string();
    return (at.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
  }

 private:
  static std::optional<loop_executor> one_thread_loop(const asio::any_io_executor& ex) {
    const auto* loop = kit::target_of<loop_executor>(ex);
    if (!loop || !kit::run_by_one_thread(loop->context())) return std::nullopt;
    return *loop;
  }

  template <class Socket>
  static void serve(const std::shared_ptr<hub>& h, Socket socket) {
    using io = socket_io<typename Socket::executor_type>;
    const auto ex = socket.get_executor();
    auto c = std::make_shared<connection<io>>(h, io(std::move(socket)));
    asio::dispatch(ex, [c] { c->start(); });
  }

  asio::any_io_executor executor_;
  std::optional<loop_executor> loop_;
  asio::basic_socket_acceptor<tcp, asio::any_io_executor> acceptor_;
};

class network_listener final : public listener {
 public:
  network_listener(kit::network& network, const server_options& o)
      : acceptor_(network.listen(o.address + ":" + std::to_string(o.port))) {}

  asio::awaitable<std::error_code> accept(const std::shared_ptr<hub>& h) override {
    auto accepted = co_await acceptor_->accept();
    if (accepted) {
      const auto ex = accepted.stream->get_executor();
      auto c = std::make_shared<connection<stream_io>>(h, stream_io(std::move(accepted.stream)));
      asio::dispatch(ex, [c] { c->start(); });
    }
    co_return accepted.error;
  }
  bool accept_ready(const std::shared_ptr<hub>&) override { return false; }
  void close() noexcept override { acceptor_->close(); }
  std::string local_address() const override { return acceptor_->local_address(); }

 private:
  std::unique_ptr<kit::acceptor> acceptor_;
};

}  // namespace

std::unique_ptr<listener> listen_tcp(const asio::any_io_executor& ex, const server_options& o) {
  return std::make_unique<tcp_listener>(ex, o);
}

std::unique_ptr<listener> listen_on(kit::network& network, const server_options& o) {
  return std::make_unique<network_listener>(network, o);
}

}  // namespace kit::http::detail
