#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <kit/context.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <transports/http/server.hpp>

namespace test {

/// A handler whose requests wait until the test answers them.
class held {
 public:
  struct call {
    kit::http::request request;
    kit::context context;
    bool cancelled = false;  // it was told to stop, and did
    bool ended = false;

    void answer(kit::http::response r) {
      const auto lock = changed_.lock();
      answer_ = std::move(r);
      changed_.notify_all();
    }

   private:
    friend class held;
    kit::monitor changed_;
    std::optional<kit::http::response> answer_;
  };

  /// `stubborn`: its requests don't care for cancellation.
  explicit held(bool stubborn = false) : stubborn_(stubborn) {}

  kit::http::handler handler() {
    return [calls = calls_, stubborn = stubborn_](kit::http::request r) {
      return hold(calls, stubborn, std::move(r));
    };
  }

  std::size_t size() const { return calls_->size(); }
  call& operator[](std::size_t i) { return *calls_->at(i); }

 private:
  using list = std::shared_ptr<std::vector<std::shared_ptr<call>>>;

  static asio::awaitable<kit::result<kit::http::response>> hold(list calls, bool stubborn,
                                                                kit::http::request r) {
    auto c = std::make_shared<call>();
    c->request = std::move(r);
    c->context = co_await kit::this_context();
    calls->push_back(c);
    if (stubborn) {
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    }
    for (auto lock = c->changed_.lock(); !c->answer_; lock = c->changed_.lock()) {
      if (co_await c->changed_.wait(std::move(lock)) != kit::wake::cancelled) continue;
      c->cancelled = c->ended = true;
      co_return kit::fail(kit::errc::canceled);
    }
    c->ended = true;
    co_return *std::move(c->answer_);
  }

  list calls_ = std::make_shared<std::vector<std::shared_ptr<call>>>();
  bool stubborn_;
};

/// Answers at once, with the target.
inline asio::awaitable<kit::http::response> tell_target(kit::http::request r) {
  co_return kit::http::response::text(kit::http::status::ok, r.target);
}

}  // namespace test
