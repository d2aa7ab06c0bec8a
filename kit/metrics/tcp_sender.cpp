#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include <asio/error.hpp>
#include <asio/this_coro.hpp>

#include <kit/error.hpp>
#include <kit/metrics/sender.hpp>
#include <kit/task_set.hpp>

namespace kit::metrics {
namespace {

// What one `open` up to `close` has.
class link {
 public:
  link(const asio::any_io_executor& ex, kit::network& network, const std::string& address,
       const tcp_sender_options& o, random_source random)
      : connection_(ex, network, address, random, o.connection), watches_(ex) {}

  static asio::awaitable<std::error_code> open(std::shared_ptr<link> self) {
    const auto lease = co_await self->connection_.take();
    if (!lease) co_return make_error_code(errc::unavailable);
    if (lease.generation != self->watched_ &&
        self->watches_.try_spawn("watch", watch(self, lease))) {
      self->watched_ = lease.generation;
    }
    co_return std::error_code();
  }

  static asio::awaitable<io_result> send(std::shared_ptr<link> self, asio::const_buffer data) {
    co_return co_await self->connection_.write(data);
  }

  static asio::awaitable<void> closed(std::shared_ptr<link> self,
                                      asio::awaitable<void> connection) {
    co_await std::move(connection);
    (co_await self->watches_.join()).rethrow();
  }
  // Closes in the call.
  static asio::awaitable<void> close(std::shared_ptr<link> self) {
    auto connection = self->connection_.close();
    self->watches_.cancel();
    return closed(std::move(self), std::move(connection));
  }

 private:
  // The server says nothing; so reading tells when it goes, before the next write is lost.
  static asio::awaitable<void> watch(std::shared_ptr<link> self, connection::lease lease) {
    std::array<char, 256> ignored{};
    io_result r;
    while (r)
      r = co_await lease.stream->read_some(asio::buffer(ignored));
    self->connection_.put(lease, r.error);
  }

  connection connection_;
  task_set watches_;
  std::uint64_t watched_ = 0;
};

class tcp final : public sender {
 public:
  tcp(kit::network& network, std::string address, tcp_sender_options o)
      : network_(network), address_(std::move(address)), options_(std::move(o)) {
    if (options_.max_size == 0)
      throw error(errc::invalid_argument, "tcp_sender_options::max_size: must be at least 1");
  }
  ~tcp() override {
    try {
      static_cast<void>(tcp::close());
    } catch (...) {
    }
  }

  std::size_t max_size() const noexcept override { return options_.max_size; }
  std::string address() const override { return address_; }

  asio::awaitable<std::error_code> open() override {
    if (!link_) {
      link_ = std::make_shared<link>(co_await asio::this_coro::executor, network_, address_,
                                     options_, options_.random.split());
    }
    co_return co_await link::open(link_);
  }
  asio::awaitable<io_result> send(asio::const_buffer data) override {
    if (!link_) co_return io_result{asio::error::not_connected, 0};
    co_return co_await link::send(link_, data);
  }
  asio::awaitable<void> close() override {
    return link_ ? link::close(std::exchange(link_, nullptr)) : nothing();
  }

 private:
  static asio::awaitable<void> nothing() { co_return; }

  kit::network& network_;
  const std::string address_;
  tcp_sender_options options_;
  std::shared_ptr<link> link_;
};

}  // namespace

std::unique_ptr<sender> tcp_sender(kit::network& network, std::string address,
                                   tcp_sender_options options) {
  const auto to = parse_address(address);
  if (!to) throw error(to.error().code(), "tcp_sender: " + std::string(to.error().message()));
  if (to->host.empty()) throw error(errc::invalid_argument, "tcp_sender: the host is missing");
  return std::make_unique<tcp>(network, std::move(address), std::move(options));
}

}  // namespace kit::metrics
