#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <transports/http/server.hpp>

namespace test {

namespace http = kit::http;

inline http::server_options streamed(http::server_options o = {}) {
  o.stream_request_bodies = true;
  return o;
}

inline std::string sized_head(std::size_t size, std::string_view more = "") {
  return "POST /up HTTP/1.1\r\nHost: a\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(size) + "\r\n\r\n";
}
inline const std::string chunked_head =
    "POST /up HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A handler that reads its request's body when the test says so, and answers when it says so.
class pulled {
 public:
  static constexpr int all = 1 << 30;

  struct call {
    kit::http::request request;
    kit::context context;
    std::vector<std::string> pieces;
    std::optional<kit::error> failure;  // of a read
    bool at_end = false;
    bool reading = false;
    bool cancelled = false;  // while it waited for the test
    bool ended = false;

    /// Lets it read so many pieces more.
    void read(int count = 1) {
      const auto lock = changed_.lock();
      reads_ += count;
      changed_.notify_all();
    }
    /// Nothing: answers with the failure of its read.
    void answer(std::optional<kit::http::response> r) {
      const auto lock = changed_.lock();
      answer_ = std::move(r);
      answered_ = true;
      changed_.notify_all();
    }
    std::string content() const {
      std::string whole;
      for (const auto& p : pieces)
        whole += p;
      return whole;
    }

   private:
    friend class pulled;
    kit::monitor changed_;
    int reads_ = 0;
    bool answered_ = false;
    std::optional<kit::http::response> answer_;
  };

  /// `reads`: without being told.
  explicit pulled(int reads = 0) : reads_(reads) {}

  kit::http::handler handler() {
    return [calls = calls_, reads = reads_](kit::http::request r) {
      return run(calls, reads, std::move(r));
    };
  }
  std::size_t size() const { return calls_->size(); }
  call& operator[](std::size_t i) { return *calls_->at(i); }

 private:
  using list = std::shared_ptr<std::vector<std::shared_ptr<call>>>;

  static asio::awaitable<kit::result<kit::http::response>> run(list calls, int reads,
                                                               kit::http::request r) {
    auto c = std::make_shared<call>();
    c->request = std::move(r);
    c->context = co_await kit::this_context();
    c->reads_ = reads;
    calls->push_back(c);
    try {
      co_return co_await play(*c);
    } catch (const std::system_error&) {  // as any wait of a coroutine that was cancelled
      c->cancelled = c->ended = true;
      throw;
    }
  }

  static asio::awaitable<kit::result<kit::http::response>> play(call& c) {
    for (auto lock = c.changed_.lock();; lock = c.changed_.lock()) {
      if (c.reads_ > 0 && !c.at_end && !c.failure) {
        --c.reads_;
        lock.unlock();
        c.reading = true;
        co_await read(c);
        c.reading = false;
      } else if (c.answered_) {
        break;
      } else if (co_await c.changed_.wait(std::move(lock)) == kit::wake::cancelled) {
        c.cancelled = c.ended = true;
        co_return kit::fail(kit::errc::canceled);
      }
    }
    c.ended = true;
    if (!c.answer_) co_return kit::fail(c.failure.value());
    co_return *std::move(c.answer_);
  }

  static asio::awaitable<void> read(call& c) {
    try {
      if (auto piece = co_await c.request.body.read()) {
        c.pieces.push_back(*std::move(piece));
      } else {
        c.at_end = true;
      }
    } catch (...) {
      c.failure = kit::to_error(std::current_exception());
    }
  }

  list calls_ = std::make_shared<std::vector<std::shared_ptr<call>>>();
  int reads_;
};

}  // namespace test
