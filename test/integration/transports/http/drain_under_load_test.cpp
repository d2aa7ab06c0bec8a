// Servers in threads of their own, with clients that don't pause.
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>

#include <kit/timer.hpp>
#include <transports/http/server.hpp>

#include "../../../support/http_server/blocking_client.hpp"
#include "../../../support/http_server/held.hpp"

namespace {

namespace http = kit::http;
using namespace std::chrono_literals;

// Ends at once, later, or as a stream.
class counted_source final : public http::body_source {
 public:
  asio::awaitable<std::optional<std::string>> read() override {
    if (++count_ > 5) co_return std::nullopt;
    if (count_ % 2) co_await kit::sleep_for(100us);
    co_return "piece";
  }

 private:
  int count_ = 0;
};

asio::awaitable<http::response> answer(http::request r) {
  if (r.path() == "/later") co_await kit::sleep_for(1ms);
  if (r.path() == "/stream") {
    co_return http::response{.body = http::body(std::make_shared<counted_source>())};
  }
  co_return http::response::text(http::status::ok, r.target);
}

// A server on a loop run by that many threads.
class served {
 public:
  explicit served(int threads)
      : loop_(threads), server_(std::in_place, loop_.get_executor(), answer) {
    asio::co_spawn(loop_, server_->run(), [this](std::exception_ptr e) {
      failure_ = e;
      ended_ = true;
    });
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this] { loop_.run(); });
  }
  ~served() { join(); }

  http::server& server() { return *server_; }
  bool ended() const { return ended_; }
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
  std::atomic<bool> ended_{false};
  std::vector<std::thread> threads_;
};

struct tally {
  std::atomic<int> answered{0}, lost{0}, wrong{0};
};

constexpr const char* targets[] = {"/now", "/later", "/stream"};

// Sends `depth` requests at a time, and takes the answers, until told that it was the last one.
void hammer(std::uint16_t port, int depth, tally& t) {
  test::blocking_client c(port);
  for (int round = 0;; ++round) {
    std::string requests;
    for (int i = 0; i < depth; ++i) {
      requests += std::string("GET ") + targets[(round + i) % 3] + " HTTP/1.1\r\nHost: a\r\n\r\n";
    }
    const bool sent = c.send(requests);
    for (int i = 0; i < depth; ++i) {
      const auto a = c.answer();
      if (!a) {
        ++t.lost;
        return;
      }
      const std::string_view target = targets[(round + i) % 3];
      const bool right = a->body == (target == "/stream" ? "piecepiecepiecepiecepiece" : target);
      ++(right && a->status == 200 ? t.answered : t.wrong);
      if (a->header("connection") == "close") return;
    }
    if (!sent) {
      ++t.lost;
      return;
    }
  }
}

void drain_under_load(int threads) {
  served s(threads);
  tally t;
  std::vector<std::thread> clients;
  for (int depth : {1, 1, 1, 4, 16})
    clients.emplace_back([&, depth] { hammer(s.server().port(), depth, t); });
  while (t.answered < 500)
    std::this_thread::yield();
  s.server().stop();
  for (auto& c : clients)
    c.join();
  s.join();
  CHECK(s.ended());
  CHECK(t.lost == 0);
  CHECK(t.wrong == 0);
}

}  // namespace

TEST_CASE("http server: a drain under load loses no request, on one thread") {
  for (int i = 0; i < 5; ++i)
    drain_under_load(1);
}

TEST_CASE("http server: a drain under load loses no request, on several threads") {
  for (int i = 0; i < 5; ++i)
    drain_under_load(3);
}

TEST_CASE("http server: clients that break off under load, on several threads") {
  served s(3);
  std::vector<std::thread> clients;
  for (int n = 0; n < 3; ++n) {
    clients.emplace_back([&, n] {
      for (int i = 0; i < 100; ++i) {
        test::blocking_client c(s.server().port());
        c.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /later HTTP/1.1\r\nHost: a\r\n\r\n");
        if (i % 3 != n) c.answer();
        i % 2 ? c.reset() : c.close();
      }
    });
  }
  for (auto& c : clients)
    c.join();
  test::blocking_client c(s.server().port());
  c.send("GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK(c.answer().value_or(test::http_answer{}).body == "/now");
  s.server().stop();
  s.join();
}

TEST_CASE("http server: cancelled and destroyed under load, from another thread") {
  for (const bool destroy : {false, true}) {
    for (int threads : {1, 3}) {
      CAPTURE(destroy);
      CAPTURE(threads);
      served s(threads);
      tally t;
      std::vector<std::thread> clients;
      for (int depth : {1, 4, 16})
        clients.emplace_back([&, depth] { hammer(s.server().port(), depth, t); });
      while (t.answered < 50)
        std::this_thread::yield();
      destroy ? s.destroy() : s.server().cancel();
      for (auto& c : clients)
        c.join();
      s.join();
      CHECK(s.ended());
    }
  }
}
