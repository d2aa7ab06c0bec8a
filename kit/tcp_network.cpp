#include <kit/tcp_network.hpp>

#include <array>
#include <utility>
#include <vector>

#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/error.hpp>
#include <asio/ip/address_v4.hpp>
#include <asio/ip/address_v6.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <kit/detail/look_up.hpp>

namespace kit {
namespace {

using asio::ip::tcp;

// A completion handler that passes what `Make` makes of Asio's arguments on to a coroutine, as its
// result: an error code among them so is returned, not thrown.
template <class Handler, class Make>
struct converting_handler {
  using executor_type = asio::associated_executor_t<Handler>;
  using allocator_type = asio::associated_allocator_t<Handler>;
  using cancellation_slot_type = asio::associated_cancellation_slot_t<Handler>;

  executor_type get_executor() const noexcept { return asio::get_associated_executor(handler); }
  allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler); }
  cancellation_slot_type get_cancellation_slot() const noexcept {
    return asio::get_associated_cancellation_slot(handler);
  }

  template <class... Args>
  void operator()(Args&&... args) {
    std::move(handler)(make(std::forward<Args>(args)...));
  }

  Handler handler;
  Make make;
};

// Awaits `start(handler)`, where `make(handler's arguments)` gives the result.
template <class Result, class Start, class Make>
asio::awaitable<Result> await_as(Start start, Make make) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(Result)>(
      [](auto handler, Start begin, Make convert) {
        begin(converting_handler<decltype(handler), Make>{std::move(handler), std::move(convert)});
      },
      asio::use_awaitable, std::move(start), std::move(make));
}

constexpr auto make_io_result = [](const std::error_code& ec, std::size_t size = 0) {
  return io_result{ec, size};
};

class tcp_stream final : public stream {
 public:
  explicit tcp_stream(tcp_socket socket) : socket_(std::move(socket)) {
    std::error_code ignored;
    socket_.non_blocking(true, ignored);  // for try_write; a closed socket fails later as well
  }

  asio::any_io_executor get_executor() override { return socket_.get_executor(); }

  asio::awaitable<io_result> read_some(asio::mutable_buffer into) override {
    return await_as<io_result>(
        [this, into](auto handler) { socket_.async_read_some(into, std::move(handler)); },
        make_io_result);
  }

  asio::awaitable<io_result> write(std::span<const asio::const_buffer> data) override {
    return await_as<io_result>(
        [this, data](auto handler) { asio::async_write(socket_, data, std::move(handler)); },
        make_io_result);
  }

  io_result try_write(std::span<const asio::const_buffer> data) noexcept override {
    io_result r;
    r.size = socket_.write_some(data, r.error);
    if (r.error == asio::error::would_block || r.error == asio::error::try_again) r.error = {};
    return r;
  }

  std::error_code shutdown_send() noexcept override {
    std::error_code ec;
    return socket_.shutdown(tcp_socket::shutdown_send, ec);
  }
  void close() noexcept override {
    std::error_code ignored;
    socket_.close(ignored);
  }
  bool is_open() const noexcept override { return socket_.is_open(); }

  std::string local_address() const override {
    std::error_code ec;
    const auto e = socket_.local_endpoint(ec);
    return ec ? std::string() : to_address(e);
  }
  std::string remote_address() const override {
    std::error_code ec;
    const auto e = socket_.remote_endpoint(ec);
    return ec ? std::string() : to_address(e);
  }

 private:
  tcp_socket socket_;
};

class listener final : public acceptor {
 public:
  explicit listener(tcp_acceptor a) : acceptor_(std::move(a)) {}

  asio::awaitable<connect_result> accept() override {
    return await_as<connect_result>(
        [this](auto handler) { acceptor_.async_accept(std::move(handler)); },
        [](const std::error_code& ec, tcp_socket socket) {
          if (ec) return connect_result{ec, nullptr};
          return connect_result{ec, make_tcp_stream(std::move(socket))};
        });
  }
  void close() noexcept override {
    std::error_code ignored;
    acceptor_.close(ignored);
  }
  std::string local_address() const override {
    std::error_code ec;
    const auto e = acceptor_.local_endpoint(ec);
    return ec ? std::string() : to_address(e);
  }

 private:
  tcp_acceptor acceptor_;
};

// With nobody listening on a port from the range for outgoing connections, the system may choose
// that very port to connect from, and connects the socket to itself.
bool connected_to_itself(const tcp_socket& socket) {
  std::error_code no_local, no_remote;
  const auto local = socket.local_endpoint(no_local);
  return local == socket.remote_endpoint(no_remote) && !no_local && !no_remote;
}

tcp::endpoint local_endpoint(const asio::any_io_executor& ex, std::string_view host,
                             std::uint16_t port) {
  if (!host.empty()) {
    return {asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host), port};
  }
  std::error_code no_v6;
  tcp_acceptor(ex).open(tcp::v6(), no_v6);
  return {no_v6 ? tcp::v4() : tcp::v6(), port};
}

}  // namespace

tcp_acceptor listen_on_tcp(const asio::any_io_executor& ex, std::string_view host,
                           std::uint16_t port, const tcp_options& options) {
  try {
    const auto at = local_endpoint(ex, host, port);
    tcp_acceptor a(ex);
    a.open(at.protocol());
    a.set_option(tcp_acceptor::reuse_address(true));
    if (options.reuse_port) {
      using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
      a.set_option(reuse_port(true));
    }
    if (at.address().is_v6()) a.set_option(asio::ip::v6_only(false));
    a.set_option(tcp::no_delay(options.no_delay));  // its connections inherit it
    a.bind(at);
    a.listen(options.backlog);
    return a;
  } catch (const std::system_error& e) {
    throw std::system_error(
        e.code(), "listen on host '" + std::string(host) + "', port " + std::to_string(port));
  }
}

std::string to_address(const tcp::endpoint& at) {
  const auto& a = at.address();
  if (a.is_v6() && a.to_v6().is_v4_mapped()) {
    const auto plain = asio::ip::make_address_v4(asio::ip::v4_mapped, a.to_v6());
    return to_address(plain.to_string(), at.port());
  }
  return to_address(a.to_string(), at.port());
}

std::unique_ptr<stream> make_tcp_stream(tcp_socket socket) {
  return std::make_unique<tcp_stream>(std::move(socket));
}

tcp_network::tcp_network(asio::any_io_executor ex, tcp_options options)
    : executor_(std::move(ex)), options_(options) {}

asio::awaitable<connect_result> tcp_network::connect(std::string address) {
  const auto where = parse_address(address);
  if (!where || where->host.empty()) {
    co_return connect_result{make_error_code(errc::invalid_argument), nullptr};
  }
  const auto to = co_await detail::look_up(executor_, *where);
  std::error_code ec = to.error;
  for (const auto& address_found : to.found) {
    const tcp::endpoint endpoint(address_found, where->port);
    tcp_socket socket(executor_);
    const auto connected = co_await await_as<io_result>(
        [&](auto handler) { socket.async_connect(endpoint, std::move(handler)); }, make_io_result);
    ec = connected.error;
    if (!ec && connected_to_itself(socket)) ec = asio::error::connection_refused;
    if (!ec) {
      std::error_code ignored;
      if (options_.no_delay) socket.set_option(tcp::no_delay(true), ignored);
      co_return connect_result{ec, make_tcp_stream(std::move(socket))};
    }
    if (ec == asio::error::operation_aborted) break;
  }
  co_return connect_result{ec ? ec : asio::error::host_not_found, nullptr};
}

std::unique_ptr<acceptor> tcp_network::listen(std::string_view address) {
  const auto where = parse_address(address);
  if (!where)
    throw std::system_error(make_error_code(errc::invalid_argument), where.error().what());
  return std::make_unique<listener>(listen_on_tcp(executor_, where->host, where->port, options_));
}

}  // namespace kit
