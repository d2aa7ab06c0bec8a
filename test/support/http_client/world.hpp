#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>
#include <asio/any_io_executor.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/socket_base.hpp>
#include <asio/strand.hpp>

#include <kit/attempts.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <transports/http/client.hpp>

// What the tests of the HTTP client run in: the client on a loop with a manual clock, and servers
// that are played by hand, over loopback TCP.
namespace test {

namespace http = kit::http;
using namespace std::chrono_literals;

/// Where the client is called: on a loop run by one thread, or as where several run it.
enum class on { loop, strand };
inline constexpr on places[] = {on::loop, on::strand};

class client_world {
 public:
  using call_result = kit::result<http::response>;
  using started = kit::testing::started<call_result>;

  explicit client_world(on where) {
    executor = loop.get_executor();
    if (where == on::strand) executor = asio::make_strand(executor);
  }

  kit::testing::loop loop;
  asio::any_io_executor executor;

  started call(const http::handler& client, http::request req) {
    return loop.start_on(executor, client.try_call(std::move(req)));
  }
  template <class T>
  kit::testing::started<T> start(asio::awaitable<T> work) {
    return loop.start_on(executor, std::move(work));
  }

  /// Runs the loop until that is so; false when nothing has happened for some time.
  bool settle(const std::function<bool()>& done, std::chrono::milliseconds patience = 2s) {
    using clock = std::chrono::steady_clock;
    for (auto quiet_since = clock::now(); clock::now() - quiet_since < patience;) {
      loop.run();
      if (done()) return true;
      if (loop.context().run_one_for(250us) > 0) quiet_since = clock::now();
    }
    return false;
  }
  /// Runs the loop until nothing seems to happen any more.
  void run() {
    settle([] { return false; }, 2ms);
  }
  template <class T>
  bool ended(const kit::testing::started<T>& s) {
    return settle([&] { return s.done(); });
  }

 private:
  friend class played_server;
  asio::io_context outside_;
};

/// A server's end of a connection.
class server_peer {
 public:
  server_peer(client_world& w, asio::ip::tcp::socket s) : world_(w), socket_(std::move(s)) {
    socket_.non_blocking(true);
  }

  /// A request's head and content have come, as far as its Content-Length tells; gives it all.
  std::string request() {
    const bool came = world_.settle([&] {
      take();
      const auto end = received_.find("\r\n\r\n");
      if (end == received_.npos) return false;
      const auto at = received_.find("Content-Length: ");
      if (at >= end) return true;
      return received_.size() >= end + 4 + std::stoul(received_.substr(at + 16));
    });
    CHECK(came);
    return std::exchange(received_, {});
  }
  /// Waits until that has come, too.
  bool receives(std::string_view text) {
    return world_.settle([&] {
      take();
      return received_.find(text) != received_.npos;
    });
  }
  /// What has come by now.
  const std::string& received() {
    take();
    return received_;
  }
  /// Whether the client has closed or reset the connection, or does so.
  bool sees_end() {
    return world_.settle([&] {
      take();
      return ended_;
    });
  }
  server_peer& send(std::string_view bytes) {
    while (!bytes.empty()) {
      std::error_code failed;
      bytes.remove_prefix(socket_.write_some(asio::buffer(bytes), failed));
      if (failed && failed != asio::error::would_block) break;
      world_.loop.run();
    }
    return *this;
  }
  /// Sends what the connection takes without anybody reading; how much that was.
  std::size_t fill() {
    const std::string chunk(65'536, 'x');
    std::size_t sent = 0;
    for (int idle = 0; idle < 20;) {
      std::error_code failed;
      const auto size = socket_.write_some(asio::buffer(chunk), failed);
      idle = size == 0 ? idle + 1 : 0;
      sent += size;
      world_.run();
    }
    return sent;
  }
  server_peer& ok(std::string_view body, std::string_view fields = "") {
    return send("HTTP/1.1 200 OK\r\n" + std::string(fields) +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
  }
  void close() { socket_.close(); }
  void reset() {
    socket_.set_option(asio::socket_base::linger(true, 0));
    socket_.close();
  }

 private:
  void take() {
    char bytes[65'536];
    for (std::error_code failed; !failed && !ended_;) {
      received_.append(bytes, socket_.read_some(asio::buffer(bytes), failed));
      ended_ = failed && failed != asio::error::would_block;
    }
  }

  client_world& world_;
  asio::ip::tcp::socket socket_;
  std::string received_;
  bool ended_ = false;
};

/// How far a call came that failed.
inline const http::call_failure& failure_of(const kit::error& e) {
  const auto* f = e.get<http::call_failure>();
  REQUIRE(f);
  return *f;
}
inline void check_failure(const kit::error& e, kit::errc code, http::call_failure::stage at) {
  CAPTURE(e.message());
  CHECK(e == code);
  CHECK(http::name(failure_of(e).at) == http::name(at));
  CHECK((e.get<kit::never_sent>() != nullptr) == !failure_of(e).sent);
}

/// A server that is played by hand.
class played_server {
 public:
  explicit played_server(client_world& w, int backlog = 64)
      : world_(w), acceptor_(w.outside_, {asio::ip::make_address("127.0.0.1"), 0}) {
    acceptor_.listen(backlog);
    acceptor_.non_blocking(true);
  }

  std::string url(std::string_view target = "/") const {
    return "http://127.0.0.1:" + std::to_string(port()) + std::string(target);
  }
  /// The same by https, which it doesn't speak by itself.
  std::string secure_url() const { return "https" + url().substr(4); }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  /// The next connection, which must come.
  std::unique_ptr<server_peer> accept() {
    auto peer = accept_within(2s);
    REQUIRE(peer);
    return peer;
  }
  /// Null when none comes.
  std::unique_ptr<server_peer> accept_within(std::chrono::milliseconds patience) {
    asio::ip::tcp::socket s(world_.outside_);
    const bool came = world_.settle(
        [&] {
          std::error_code failed;
          acceptor_.accept(s, failed);
          return !failed;
        },
        patience);
    return came ? std::make_unique<server_peer>(world_, std::move(s)) : nullptr;
  }
  bool is_left_alone() { return accept_within(20ms) == nullptr; }
  void close() { acceptor_.close(); }

 private:
  client_world& world_;
  asio::ip::tcp::acceptor acceptor_;
};

}  // namespace test
