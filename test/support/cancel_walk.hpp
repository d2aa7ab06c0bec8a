#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

#include "calls.hpp"

/// Cancels calls wherever they can be: after each handler that the loop runs.
namespace test {

/// A loop that goes from one handler to the next, by a time of its own.
class stepper {
 public:
  explicit stepper(kit::time_point start) : clock_(start) { wheel().use_clock(&clock_); }
  stepper(const stepper&) = delete;
  stepper& operator=(const stepper&) = delete;

  /// Runs one handler; when none is ready, the next timers. False: there is nothing to wait for.
  bool step() {
    io_.restart();
    if (io_.poll_one() > 0) return true;
    const auto due = wheel().next_due();
    if (!due) return false;
    clock_.at = std::max(clock_.at, *due);
    wheel().fire_due();
    return true;
  }
  asio::io_context& context() { return io_; }
  kit::time_point now() const { return clock_.at; }

 private:
  struct clock final : kit::clock {
    explicit clock(kit::time_point start) : at(start) {}
    kit::time_point now() const noexcept override { return at; }
    kit::time_point at;
  };
  kit::timer_wheel& wheel() { return kit::timer_wheel::of(io_); }

  clock clock_;
  asio::io_context io_{1};
};

/// What the layers call: suspends three times, takes 100 ms, and answers as its turn is.
struct backend {
  std::size_t running = 0;
  /// Of this round.
  std::size_t calls = 0;
  /// Says how the n-th call ends, n from 0; empty: well.
  std::function<std::optional<kit::error>(std::size_t n)> fails = nullptr;
  /// How long it takes.
  std::function<kit::duration(std::size_t n)> takes = nullptr;

  asio::awaitable<kit::result<response>> serve() {
    struct guard {
      explicit guard(std::size_t& n) : count(n) { ++count; }
      guard(const guard&) = delete;
      ~guard() { --count; }
      std::size_t& count;
    } const counted(running);
    const auto n = calls++;
    co_await asio::post(asio::use_awaitable);
    co_await kit::sleep_for(takes ? takes(n) : std::chrono::milliseconds(100));
    co_await asio::post(asio::use_awaitable);
    if (auto e = fails ? fails(n) : std::nullopt) co_return kit::fail(*std::move(e));
    co_return response{};
  }
};

/// When the calls are made.
inline constexpr kit::time_point walk_start{std::chrono::hours(1000)};

/// What is walked through.
struct walked {
  /// The layers around `to`.
  endpoint call;
  std::shared_ptr<backend> to;
  /// Checks that nothing is held any more.
  std::function<void()> at_rest = [] {};
  std::function<void(kit::time_point)> at_rest_at = [](kit::time_point) {};
  /// Until the calls are made once more.
  kit::duration pause = std::chrono::hours(24);
  /// Whether each of those who aren't cancelled gets what it gets when nobody is.
  bool others_unmoved = true;
  /// Whether calls take as long the second time; not where pauses are drawn at random.
  bool same_times = true;
};

enum class how { not_at_all, by_context, by_deadline, by_signal, with_loop };

struct walked_call {
  bool done = false;
  std::optional<kit::errc> code;
  kit::time_point ended{};
  asio::cancellation_signal signal;
  // The deadline is one that layers reckon with; nobody cancels at it.
  std::unique_ptr<kit::cancel_source> source =
      std::make_unique<kit::cancel_source>(kit::context(), walk_start + std::chrono::hours(100));
};

/// Three calls of the same kind, at the same time. One is cancelled after `steps` handlers.
struct walk_result {
  bool came_to_it = false;  // it wasn't over before
  std::vector<kit::errc> codes;
  std::vector<kit::duration> took;
  kit::time_point end;
};

inline asio::awaitable<void> make_call(endpoint call, walked_call& into, const stepper& loop) {
  auto answer = co_await kit::with_context(into.source->context(), call.try_call(request{"same"}));
  into.code = answer ? kit::errc::ok : answer.error().code();
  into.ended = loop.now();
}

inline walk_result walk_once(const walked& w, kit::time_point start, how what, std::size_t victim,
                             std::size_t steps) {
  std::array<walked_call, 3> calls;  // outlive the loop
  walk_result r;
  w.to->calls = 0;
  stepper loop(start);
  for (auto& c : calls) {
    asio::co_spawn(loop.context(), make_call(w.call, c, loop),
                   asio::bind_cancellation_slot(c.signal.slot(), [&c](const std::exception_ptr& e) {
                     c.done = true;
                     if (e) c.code = kit::to_error(e).code();
                   }));
  }
  std::size_t taken = 0;
  while (taken < steps && loop.step())
    ++taken;
  auto& chosen = calls[victim];
  r.came_to_it = what != how::not_at_all && taken == steps && !chosen.done;
  if (what == how::by_context) chosen.source->cancel();
  if (what == how::by_deadline) chosen.source->cancel(kit::errc::deadline_exceeded);
  if (what == how::by_signal) chosen.signal.emit(asio::cancellation_type::terminal);
  if (what != how::with_loop) {
    std::size_t more = 0;
    while (loop.step())
      REQUIRE(++more < 100'000);
    for (auto& c : calls) {
      CHECK(c.done);
      r.codes.push_back(c.code.value_or(kit::errc::unknown));
      r.took.push_back(c.ended - start);
    }
  }
  r.end = loop.now();
  return r;
}

/// Makes three calls and cancels one of them, at each point and in each way; and then makes them
/// once more, after a day and undisturbed: all shall be as if nothing had ever been cancelled.
template <class Make>
void cancel_everywhere(Make make,
                       std::initializer_list<how> ways = {how::by_context, how::by_deadline,
                                                          how::by_signal, how::with_loop}) {
  constexpr auto start = walk_start;
  const walked untouched = make();
  const auto first = walk_once(untouched, start, how::not_at_all, 0, 0);
  untouched.at_rest();
  const auto second = walk_once(untouched, first.end + untouched.pause, how::not_at_all, 0, 0);

  for (const auto what : ways) {
    CAPTURE(static_cast<int>(what));
    for (std::size_t victim = 0; victim < 3; ++victim) {
      CAPTURE(victim);
      std::size_t steps = 0;
      for (bool came_to_it = true; came_to_it; ++steps) {
        CAPTURE(steps);
        const walked w = make();
        const auto r = walk_once(w, start, what, victim, steps);
        came_to_it = r.came_to_it;
        for (std::size_t i = 0; i < r.codes.size(); ++i) {
          CAPTURE(i);
          if (i != victim && w.others_unmoved) CHECK(r.codes[i] == first.codes[i]);
          if (i == victim && came_to_it) {
            CHECK((r.codes[i] == first.codes[i] || r.codes[i] == kit::errc::canceled ||
                   r.codes[i] == kit::errc::deadline_exceeded));
          }
        }
        CHECK(w.to->running == 0);
        w.at_rest();
        w.at_rest_at(r.end);
        const auto again =
            walk_once(w, std::max(r.end, first.end) + w.pause, how::not_at_all, 0, 0);
        CHECK(again.codes == second.codes);
        if (w.same_times) CHECK(again.took == second.took);
        w.at_rest();
      }
      CHECK(steps >= 2);
    }
  }
}

}  // namespace test
