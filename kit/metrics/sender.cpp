#include <kit/metrics/sender.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include <asio/basic_datagram_socket.hpp>
#include <asio/error.hpp>
#include <asio/ip/udp.hpp>
#include <asio/local/datagram_protocol.hpp>
#include <asio/this_coro.hpp>

#include <kit/detail/look_up.hpp>
#include <kit/error.hpp>
#include <kit/metrics/detail/passing.hpp>

namespace kit::metrics {
namespace {

// A connected socket that is never waited for.
template <class Protocol>
class datagram_socket {
 public:
  using endpoint = typename Protocol::endpoint;

  bool is_open() const noexcept { return socket_.has_value(); }

  std::error_code open(const asio::any_io_executor& ex, const endpoint& to) {
    std::error_code ec;
    socket_.emplace(ex);
    socket_->open(to.protocol(), ec);
    if (!ec) socket_->connect(to, ec);
    if (!ec) socket_->non_blocking(true, ec);
    if (ec) close();
    return ec;
  }

  io_result send(asio::const_buffer data) {
    if (!socket_) return {asio::error::not_connected, 0};
    io_result r;
    r.size = socket_->send(asio::buffer(data), 0, r.error);
    if (r.error && !detail::passing(r.error)) close();
    return r;
  }

  void close() noexcept {
    if (!socket_) return;
    std::error_code ignored;
    socket_->close(ignored);
    socket_.reset();
  }

 private:
  std::optional<asio::basic_datagram_socket<Protocol, asio::any_io_executor>> socket_;
};

asio::awaitable<void> nothing() {
  co_return;
}

template <class Protocol>
class datagrams : public sender {
 public:
  explicit datagrams(std::size_t max_size) : max_size_(max_size) {
    if (max_size == 0) throw error(errc::invalid_argument, "max_size: must be at least 1");
  }

  std::size_t max_size() const noexcept override { return max_size_; }
  asio::awaitable<io_result> send(asio::const_buffer data) override {
    co_return socket_.send(data);
  }
  asio::awaitable<void> close() override {
    socket_.close();
    return nothing();
  }

 protected:
  datagram_socket<Protocol> socket_;

 private:
  const std::size_t max_size_;
};

class udp final : public datagrams<asio::ip::udp> {
 public:
  udp(host_port to, std::size_t max_size) : datagrams(max_size), to_(std::move(to)) {}

  std::string address() const override { return to_address(to_.host, to_.port); }

  asio::awaitable<std::error_code> open() override {
    if (socket_.is_open()) co_return std::error_code();
    const auto ex = co_await asio::this_coro::executor;
    const auto addresses = co_await kit::detail::look_up(ex, to_);
    auto ec = addresses.error ? addresses.error : asio::error::host_not_found;
    for (const auto& a : addresses.found) {
      ec = socket_.open(ex, {a, to_.port});
      if (!ec) break;
    }
    co_return ec;
  }

 private:
  const host_port to_;
};

class local final : public datagrams<asio::local::datagram_protocol> {
 public:
  local(std::string_view path, std::size_t max_size) : datagrams(max_size), to_(path) {}

  std::string address() const override { return to_.path(); }

  asio::awaitable<std::error_code> open() override {
    if (socket_.is_open()) co_return std::error_code();
    co_return socket_.open(co_await asio::this_coro::executor, to_);
  }

 private:
  const asio::local::datagram_protocol::endpoint to_;
};

}  // namespace

asio::awaitable<result<void>> send_text(sender& to, std::string text) {
  auto ec = co_await to.open();
  if (!ec) ec = (co_await to.send(asio::buffer(text))).error;
  if (ec) co_return fail(to_error(ec).code(), to.address() + ": " + ec.message());
  co_return result<void>();
}

std::unique_ptr<sender> udp_sender(std::string_view address, std::size_t max_size) {
  auto to = parse_address(address);
  if (!to) throw error(to.error().code(), "udp_sender: " + std::string(to.error().message()));
  if (to->host.empty()) throw error(errc::invalid_argument, "udp_sender: the host is missing");
  return std::make_unique<udp>(*std::move(to), max_size);
}

std::unique_ptr<sender> unix_sender(std::string_view path, std::size_t max_size) {
  if (path.empty()) throw error(errc::invalid_argument, "unix_sender: the path is empty");
  try {
    return std::make_unique<local>(path, max_size);
  } catch (const std::system_error&) {
    throw error(errc::invalid_argument, "unix_sender: the path is too long");
  }
}

}  // namespace kit::metrics
