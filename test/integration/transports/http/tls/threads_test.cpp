// Servers in threads of their own, with clients that don't pause.
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <transports/http/server.hpp>

#include "../../../../support/http_server/under_load.hpp"
#include "../../../../support/http_wire.hpp"
#include "../../../../support/tls/site.hpp"

namespace {

namespace http = kit::http;

// A TLS client for a thread of its own.
class client {
 public:
  explicit client(std::uint16_t port, const test::tls_client_options& o)
      : engine_(o), socket_(context_) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), port});
    socket_.set_option(asio::ip::tcp::no_delay(true));
  }

  /// A connection that breaks is seen by `answer`.
  void send(std::string_view bytes) {
    engine_.write(bytes);
    flush();
  }
  /// Nothing when the connection ends first.
  std::optional<test::http_answer> answer() {
    for (;;) {
      if (auto a = wire_.next()) return a;
      if (!receive(16'384)) return std::nullopt;
    }
  }
  /// Reads that much of what has come. False at the end.
  bool receive(std::size_t most) {
    if (ended_) return false;
    std::string bytes(most, '\0');
    std::error_code failed;
    bytes.resize(socket_.read_some(asio::buffer(bytes), failed));
    engine_.receive(bytes);
    flush();
    wire_.feed(engine_.read());
    ended_ = failed || engine_.ended() || !engine_.failure().empty();
    if (ended_) wire_.end();
    return true;
  }
  void reset() {
    socket_.set_option(asio::socket_base::linger(true, 0));
    socket_.close();
  }
  test::tls_engine& tls() { return engine_; }

 private:
  void flush() {
    std::error_code ignored;
    asio::write(socket_, asio::buffer(engine_.to_send()), ignored);
  }

  test::tls_engine engine_;
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  test::http_wire wire_;
  bool ended_ = false;
};

auto connector(std::uint16_t port) {
  return [port] { return std::make_unique<client>(port, test::tls_site::get().client()); };
}

// The server, with that site's certificates.
http::server_options secure(http::server_options o = {}) {
  o.tls = test::tls_site::get().context();
  o.limits.max_body_bytes = 16u << 20;
  return o;
}

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

bool serves(std::uint16_t port) {
  client c(port, test::tls_site::get().client());
  c.send(get("/now"));
  const auto a = c.answer();
  return a && a->body == "/now";
}

}  // namespace

TEST_CASE("https: a drain under load loses no request") {
  for (int threads : {1, 3}) {
    CAPTURE(threads);
    test::threaded_server s(threads, secure());
    test::load<client> clients({1, 1, 4, 16}, connector(s.port()));
    clients.await(300);
    s.server().stop();
    clients.join();
    s.join();
    CHECK(clients.lost == 0);
    CHECK(clients.wrong == 0);
  }
}

TEST_CASE("https: cancelled and destroyed under load, from another thread") {
  for (const bool destroy : {false, true}) {
    for (int threads : {1, 3}) {
      CAPTURE(destroy);
      CAPTURE(threads);
      test::threaded_server s(threads, secure());
      test::load<client> clients({1, 4, 16}, connector(s.port()));
      // One in the middle of its handshake.
      asio::io_context context;
      asio::ip::tcp::socket half(context);
      half.connect({asio::ip::make_address("127.0.0.1"), s.port()});
      const auto hello = test::tls_engine(test::tls_site::get().client()).to_send();
      asio::write(half, asio::buffer(hello));
      clients.await(50);
      destroy ? s.destroy() : s.server().cancel();
      clients.join();
      s.join();
    }
  }
}

TEST_CASE("https: large bodies both ways, and a reader that takes little at a time") {
  std::string body(6u << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000)
    body[i] = static_cast<char>('a' + i / 1000 % 26);
  for (int threads : {1, 3}) {
    CAPTURE(threads);
    test::threaded_server s(threads, secure());
    std::vector<std::thread> clients;
    std::atomic<int> right{0};
    for (std::size_t most : {4'000u, 16'384u, 1'000'000u}) {
      clients.emplace_back([&, most] {
        client c(s.port(), test::tls_site::get().client());
        c.send("POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
        while (c.receive(most)) {
        }
        const auto a = c.answer();
        right += a && a->body == body && c.tls().ended();
      });
    }
    for (auto& c : clients)
      c.join();
    CHECK(right == 3);
    s.server().stop();
    s.join();
  }
}

TEST_CASE("https: clients that break off under load, wherever they are") {
  for (int threads : {1, 3}) {
    CAPTURE(threads);
    test::threaded_server s(threads, secure({.max_tls_handshakes = 3}));
    std::vector<std::thread> clients;
    for (int n = 0; n < 3; ++n) {
      clients.emplace_back([&, n] {
        for (int i = 0; i < 60; ++i) {
          client c(s.port(), test::tls_site::get().client());
          c.send(get("/later") + get("/now"));
          const int how_far = (i + n) % 4;
          for (int step = 0; step < 3 && how_far == 1; ++step)
            c.receive(100);  // not all of the server's first words
          for (int answers = 1; answers < how_far; ++answers)
            c.answer();
          if (i % 3) c.reset();
        }
      });
    }
    for (auto& c : clients)
      c.join();
    CHECK(serves(s.port()));
    s.server().stop();
    s.join();
  }
}

TEST_CASE("https: files are read again under load") {
  test::scratch_folder folder;
  const auto& site = test::tls_site::get();
  const auto issue = [&] {
    return site.ca.issue({.common_name = "localhost", .alternative_names = "DNS:localhost"}, folder,
                         "site");
  };
  const auto files = issue();
  const auto context = std::make_shared<kit::tls::server_context>(
      kit::tls::server_options{.certificates = {{files.chain, files.key}}});
  test::threaded_server s(3, {.tls = context});
  std::atomic<bool> done{false};
  std::atomic<int> right{0}, wrong{0};
  std::vector<std::thread> clients;
  for (int n = 0; n < 3; ++n) {
    clients.emplace_back([&] {
      while (!done)
        ++(serves(s.port()) ? right : wrong);
    });
  }
  for (int i = 0; i < 20 || right < 30; ++i) {
    issue();
    CHECK(context->reload());
  }
  done = true;
  for (auto& c : clients)
    c.join();
  CHECK(wrong == 0);
  s.server().stop();
  s.join();
}
