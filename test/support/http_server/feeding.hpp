#pragma once

#include <deque>
#include <memory>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <transports/http/event_stream.hpp>
#include <transports/http/handler.hpp>

namespace test {

namespace http = kit::http;

/// What a test's producer is told, and tells.
struct feed {
  kit::monitor changed;
  std::deque<http::event> events;
  bool ended = false;
  bool stubborn = false;

  int running = 0;
  int sent = 0;
  kit::context context;

  void put(http::event e) {
    const auto lock = changed.lock();
    events.push_back(std::move(e));
    changed.notify_all();
  }
  void end() {
    const auto lock = changed.lock();
    ended = true;
    changed.notify_all();
  }
};

inline asio::awaitable<void> play(std::shared_ptr<feed> f, http::event_sink& out) {
  struct scope {
    explicit scope(feed& of) : f(of) { ++f.running; }
    ~scope() { --f.running; }
    feed& f;
  } const inside(*f);
  f->context = co_await kit::this_context();
  if (f->stubborn) {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  }
  for (auto lock = f->changed.lock();; lock = f->changed.lock()) {
    if (!f->events.empty()) {
      auto next = std::move(f->events.front());
      f->events.pop_front();
      lock.unlock();
      co_await out.send(std::move(next));
      ++f->sent;
    } else if (f->ended) {
      co_return;
    } else if (co_await f->changed.wait(std::move(lock)) == kit::wake::cancelled) {
      throw kit::error(kit::errc::canceled);
    }
  }
}

/// Answers /events with what its feed is given, all else with the target.
struct feeding {
  std::shared_ptr<feed> f = std::make_shared<feed>();
  http::event_stream_options options = {};

  http::handler handler() const {
    return [self = *this](http::request r) { return answer(self, std::move(r)); };
  }
  static asio::awaitable<http::response> answer(feeding self, http::request r) {
    if (r.path() != "/events") co_return http::response::text(http::status::ok, r.target);
    co_return http::event_stream([f = self.f](http::event_sink& out) { return play(f, out); },
                                 self.options);
  }
};

}  // namespace test
