#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <kit/timer.hpp>
#include <transports/http/server.hpp>

// Servers in threads of their own, with clients that don't pause.
namespace test {

/// Answers at once, later, or with a stream.
class load_answers {
 public:
  static asio::awaitable<kit::http::response> answer(kit::http::request r) {
    using namespace std::chrono_literals;
    if (r.path() == "/later") co_await kit::sleep_for(1ms);
    if (r.path() == "/echo") {
      co_return kit::http::response::text(kit::http::status::ok, std::string(r.body.bytes()));
    }
    if (r.path() == "/stream") {
      co_return kit::http::response{.body = kit::http::body(std::make_shared<counted_source>())};
    }
    co_return kit::http::response::text(kit::http::status::ok, r.target);
  }
  static constexpr std::string_view targets[] = {"/now", "/later", "/stream"};
  static std::string_view expected(std::string_view target) {
    return target == "/stream" ? "piecepiecepiecepiecepiece" : target;
  }

 private:
  class counted_source final : public kit::http::body_source {
   public:
    asio::awaitable<std::optional<std::string>> read() override {
      if (++count_ > 5) co_return std::nullopt;
      if (count_ % 2) co_await kit::sleep_for(std::chrono::microseconds(100));
      co_return "piece";
    }

   private:
    int count_ = 0;
  };
};

/// A server with those answers, on a loop run by that many threads.
class threaded_server {
 public:
  explicit threaded_server(int threads, const kit::http::server_options& options = {})
      : loop_(threads),
        server_(std::in_place, loop_.get_executor(), load_answers::answer, options) {
    asio::co_spawn(loop_, server_->run(), [this](std::exception_ptr e) {
      failure_ = e;
      ended_ = true;
    });
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this] { loop_.run(); });
  }
  ~threaded_server() { join(); }

  kit::http::server& server() { return *server_; }
  std::uint16_t port() { return server_->port(); }
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
  std::optional<kit::http::server> server_;
  std::exception_ptr failure_;
  std::atomic<bool> ended_{false};
  std::vector<std::thread> threads_;
};

/// Clients in threads of their own, which send requests until told that one was the last.
template <class Client>
class load {
 public:
  std::atomic<int> answered{0}, lost{0}, wrong{0};

  /// One client for each number of requests that it sends at a time.
  load(std::initializer_list<int> depths, std::function<std::unique_ptr<Client>()> connect) {
    for (const int depth : depths) {
      // Here: one that comes late would find nobody listening.
      threads_.emplace_back([this, depth, c = connect()] { hammer(*c, depth); });
    }
  }
  ~load() { join(); }

  /// Until so many answers have come, and each client has one.
  void await(int answers) const {
    while (answered < answers || begun_ < static_cast<int>(threads_.size()))
      std::this_thread::yield();
  }
  void join() {
    for (auto& t : threads_)
      t.join();
    threads_.clear();
  }

 private:
  void hammer(Client& c, int depth) {
    for (int round = 0;; ++round) {
      const auto target = [&](int i) { return load_answers::targets[(round + i) % 3]; };
      std::string requests;
      for (int i = 0; i < depth; ++i)
        requests += "GET " + std::string(target(i)) + " HTTP/1.1\r\nHost: a\r\n\r\n";
      c.send(requests);
      for (int i = 0; i < depth; ++i) {
        const auto a = c.answer();
        if (round == 0 && i == 0) ++begun_;
        if (!a) {
          ++lost;
          return;
        }
        const bool right = a->status == 200 && a->body == load_answers::expected(target(i));
        ++(right ? answered : wrong);
        if (a->header("connection") == "close") return;
      }
    }
  }

  std::atomic<int> begun_{0};
  std::vector<std::thread> threads_;
};

}  // namespace test
