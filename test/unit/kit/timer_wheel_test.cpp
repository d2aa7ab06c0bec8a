#include <memory>
#include <vector>

#include <doctest/doctest.h>
#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <kit/testing/loop.hpp>
#include <kit/timer.hpp>
#include "timers.hpp"

using namespace std::chrono_literals;
using namespace timers;
using kit::time_point;

TEST_CASE("timer_wheel: is the same for a loop's every executor, and another for another loop") {
  kit::testing::loop loop, other;
  const asio::any_io_executor strand = asio::make_strand(loop.get_executor());
  auto* wheel = &kit::timer_wheel::of(loop.context());
  CHECK(wheel == &kit::timer_wheel::of(loop.get_executor()));
  CHECK(wheel == &kit::timer_wheel::of(strand));
  CHECK(wheel == &kit::timer_wheel::of(asio::any_io_executor(asio::make_strand(strand))));
  CHECK(wheel != &kit::timer_wheel::of(other.get_executor()));
}

TEST_CASE("timer_wheel: next_due is never later than the first timer") {
  kit::testing::loop loop;
  log_type log;
  recorder r(loop.wheel(), log, 1);
  CHECK(loop.wheel().next_due() == std::nullopt);
  r.timer.arm_after(5000ms);
  CHECK(loop.wheel().next_due().value() <= loop.now() + 5000ms);
  CHECK(loop.wheel().next_due().value() > loop.now());
  r.timer.arm_after(0ms);
  CHECK(loop.wheel().next_due().value() <= loop.now());
  r.timer.disarm();
  CHECK(loop.wheel().next_due() == std::nullopt);
}

TEST_CASE("timer_wheel: exchanging the clock keeps the time points of armed timers") {
  asio::io_context context;
  auto& wheel = kit::timer_wheel::of(context);
  log_type log;
  recorder early(wheel, log, 1), late(wheel, log, 2);
  const auto start = time_point{1000h};
  late.timer.arm(start + 10ms);
  early.timer.arm(start + 5ms);
  kit::testing::manual_clock clock(start);
  clock.drive(context);
  CHECK(wheel.now() == start);
  clock.advance(4ms);
  CHECK(log.empty());
  clock.advance(1ms);
  CHECK(log == log_type{1});
  clock.advance(5ms);
  CHECK(log == log_type{1, 2});
}

TEST_CASE("timer_wheel: one clock drives several loops in step") {
  kit::testing::loop first;
  asio::io_context second;
  first.clock().drive(second);
  log_type log;
  recorder a(first.wheel(), log, 1), b(kit::timer_wheel::of(second), log, 2),
      c(first.wheel(), log, 3);
  c.timer.arm_after(3s);
  b.timer.arm_after(2s);
  a.timer.arm_after(1s);
  first.advance(1h);
  CHECK(log == log_type{1, 2, 3});
}

TEST_CASE("timer_wheel: by the real clock a timer fires, not early, and then run() returns") {
  asio::io_context context;
  auto& wheel = kit::timer_wheel::of(context);
  const auto start = std::chrono::steady_clock::now();
  time_point fired;
  acting a(wheel, [&] { fired = std::chrono::steady_clock::now(); });
  a.timer.arm_after(3ms);
  context.run();
  CHECK(context.stopped());
  CHECK(fired - start >= 3ms);
}

TEST_CASE("timer_wheel: run() returns once nothing is armed any more") {
  asio::io_context context;
  auto& wheel = kit::timer_wheel::of(context);
  log_type log;
  recorder a(wheel, log, 1), b(wheel, log, 2);
  a.timer.arm_after(1h);
  b.timer.arm_after(2h);
  asio::post(context, [&] { a.timer.disarm(); });
  asio::post(context, [&] {
    b.timer.disarm();
    b.timer.arm_after(3h);
    b.timer.disarm();
  });
  context.run_for(30s);  // returns at once, or this test takes long and fails below
  CHECK(context.stopped());
  CHECK(log.empty());
}

TEST_CASE("timer_wheel: a shorter timer armed later moves the alarm forward") {
  asio::io_context context;
  auto& wheel = kit::timer_wheel::of(context);
  log_type log;
  recorder far(wheel, log, 1), near(wheel, log, 2);
  far.timer.arm_after(1h);
  asio::post(context, [&] { near.timer.arm_after(2ms); });
  while (log.empty() && context.run_one_for(30s)) {
  }
  CHECK(log == log_type{2});
  CHECK(far.timer.armed());
}

TEST_CASE("timer_wheel: the end of the loop is told to armed timers, once") {
  struct owner {
    static void on_event(void* self, kit::timer_event event) {
      static_cast<owner*>(self)->events.push_back(event);
    }
    std::vector<kit::timer_event> events;
    std::unique_ptr<kit::timer> timer;
  };
  owner armed, idle;
  {
    asio::io_context context;
    auto& wheel = kit::timer_wheel::of(context);
    for (auto* o : {&armed, &idle}) {
      o->timer = std::make_unique<kit::timer>(wheel, &owner::on_event, o);
    }
    armed.timer->arm_after(1h);
    // The shutdown event comes from the context's destructor; the timers have to go before that
    // ends, so hand them to a handler that is destroyed with it.
    asio::post(context, [a = std::move(armed.timer), i = std::move(idle.timer)] {});
  }
  CHECK(armed.events == std::vector{kit::timer_event::shutdown});
  CHECK(idle.events.empty());
}
