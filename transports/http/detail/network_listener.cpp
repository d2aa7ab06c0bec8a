#include <memory>
#include <new>
#include <string>
#include <system_error>
#include <utility>

#include <asio/dispatch.hpp>

#include <kit/network.hpp>
#include <transports/http/detail/connection.hpp>
#include <transports/http/detail/listener.hpp>
#include <transports/http/detail/stream_connection.hpp>

namespace kit::http::detail {
namespace {

class network_listener final : public listener {
 public:
  network_listener(kit::network& network, const server_options& o)
      : acceptor_(network.listen(to_address(o.address, o.port))) {}

  asio::awaitable<std::error_code> wait() override {
    auto accepted = co_await acceptor_->accept();
    next_ = std::move(accepted.stream);
    co_return accepted.error;
  }
  void stop_waiting() noexcept override { acceptor_->close(); }

  std::size_t accept_ready(const std::shared_ptr<hub>& h, std::size_t,
                           std::error_code& failed) override {
    failed = {};
    if (!next_) return 0;
    try {
      auto c = make_stream_connection(h, std::move(next_));
      h->add(c);
      const auto& ex = c->executor();
      asio::dispatch(ex, [c = std::move(c)] { c->start(); });
    } catch (const std::bad_alloc&) {  // one connection less
      failed = std::make_error_code(std::errc::not_enough_memory);
      return 0;
    }
    return 1;
  }
  void close() noexcept override { acceptor_->close(); }
  std::string local_address() const override { return acceptor_->local_address(); }
  // What the network's streams run on isn't known.
  bool one_thread() const noexcept override { return false; }

 private:
  std::unique_ptr<kit::acceptor> acceptor_;
  std::unique_ptr<stream> next_;
};

}  // namespace

std::unique_ptr<listener> listen_on(kit::network& network, const server_options& o) {
  return std::make_unique<network_listener>(network, o);
}

}  // namespace kit::http::detail
