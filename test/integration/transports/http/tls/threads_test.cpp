// Servers in threads of their own, with clients that don't pause.
#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

#include <kit/timer.hpp>
#include <transports/http/server.hpp>

#include "../../../../support/http_wire.hpp"
#include "../../../../support/tls/site.hpp"

namespace {

namespace http = kit::http;
using namespace std::chrono_literals;

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

asio::awaitable<http::response> answer(http::request r) {
  if (r.path() == "/later") co_await kit::sleep_for(1ms);
  if (r.path() == "/echo") {
    co_return http::response::text(http::status::ok, std::string(r.body.bytes()));
  }
  co_return http::response::text(http::status::ok, r.target);
}

// A server on a loop run by that many threads.
class served {
 public:
  explicit served(int threads, http::server_options o = {}) : loop_(threads) {
    if (!o.tls) o.tls = test::tls_site::get().context();
    o.limits.max_body_bytes = 16u << 20;
    server_.emplace(loop_.get_executor(), answer, o);
    asio::co_spawn(loop_, server_->run(), [this](std::exception_ptr e) { failure_ = e; });
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this] { loop_.run(); });
  }
  ~served() { join(); }

  http::server& server() { return *server_; }
  void destroy() { server_.reset(); }
  void join() {
    for (auto& t : threads_)
      t.join();
    threads_.clear();
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  asio::io_context loop_;
  std::optional<http::server> server_;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

struct tally {
  std::atomic<int> answered{0}, lost{0}, wrong{0};
};

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

// Sends `depth` requests at a time, and takes the answers, until told that it was the last one.
void hammer(std::uint16_t port, int depth, tally& t) {
  client c(port, test::tls_site::get().client());
  for (;;) {
    std::string requests;
    for (int i = 0; i < depth; ++i)
      requests += get(i % 2 ? "/later" : "/now");
    c.send(requests);
    for (int i = 0; i < depth; ++i) {
      const auto a = c.answer();
      if (!a) {
        ++t.lost;
        return;
      }
      ++(a->status == 200 && a->body == (i % 2 ? "/later" : "/now") ? t.answered : t.wrong);
      if (a->header("connection") == "close") return;
    }
  }
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
    served s(threads);
    tally t;
    std::vector<std::thread> clients;
    for (int depth : {1, 1, 4, 16})
      clients.emplace_back([&, depth] { hammer(s.server().port(), depth, t); });
    while (t.answered < 300)
      std::this_thread::yield();
    s.server().stop();
    for (auto& c : clients)
      c.join();
    s.join();
    CHECK(t.lost == 0);
    CHECK(t.wrong == 0);
  }
}

TEST_CASE("https: cancelled and destroyed under load, from another thread") {
  for (const bool destroy : {false, true}) {
    for (int threads : {1, 3}) {
      CAPTURE(destroy);
      CAPTURE(threads);
      served s(threads);
      tally t;
      std::vector<std::thread> clients;
      for (int depth : {1, 4, 16})
        clients.emplace_back([&, depth] { hammer(s.server().port(), depth, t); });
      // One in the middle of its handshake.
      asio::io_context context;
      asio::ip::tcp::socket half(context);
      half.connect({asio::ip::make_address("127.0.0.1"), s.server().port()});
      const auto hello = test::tls_engine(test::tls_site::get().client()).to_send();
      asio::write(half, asio::buffer(hello));
      while (t.answered < 50)
        std::this_thread::yield();
      destroy ? s.destroy() : s.server().cancel();
      for (auto& c : clients)
        c.join();
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
    served s(threads);
    std::vector<std::thread> clients;
    std::atomic<int> right{0};
    for (std::size_t most : {4'000u, 16'384u, 1'000'000u}) {
      clients.emplace_back([&, most] {
        client c(s.server().port(), test::tls_site::get().client());
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
    served s(threads, {.max_tls_handshakes = 3});
    std::vector<std::thread> clients;
    for (int n = 0; n < 3; ++n) {
      clients.emplace_back([&, n] {
        for (int i = 0; i < 60; ++i) {
          client c(s.server().port(), test::tls_site::get().client());
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
    CHECK(serves(s.server().port()));
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
  served s(3, {.tls = context});
  std::atomic<bool> done{false};
  std::atomic<int> right{0}, wrong{0};
  std::vector<std::thread> clients;
  for (int n = 0; n < 3; ++n) {
    clients.emplace_back([&] {
      while (!done)
        ++(serves(s.server().port()) ? right : wrong);
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
