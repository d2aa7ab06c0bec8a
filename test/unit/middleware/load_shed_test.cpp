#include <middleware/load_shed.hpp>

#include <chrono>
#include <exception>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <kit/chain.hpp>
#include <kit/criticality.hpp>
#include <kit/decision_log.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::criticality;
using kit::duration;
using kit::errc;
using kit::time_point;
using kit::middleware::lag_control;
using kit::middleware::lag_limits;
using kit::middleware::load_shed;

namespace {

constexpr auto sheddable = criticality::sheddable, standard = criticality::standard,
               critical = criticality::critical;

}  // namespace

TEST_CASE("lag_control: overloaded once lag has been above the target for an interval") {
  const lag_limits limits;
  lag_control c;
  time_point now(1h);
  const auto add = [&](duration lag, duration after) {
    now += after;
    c.add(now, limits, lag);
    return c.overloaded();
  };
  CHECK_FALSE(add(1s, 0ms));
  CHECK_FALSE(add(1s, 99ms));
  CHECK_FALSE(add(5ms, 0ms));  // a moment at the target is enough
  CHECK_FALSE(add(6ms, 1ms));
  CHECK_FALSE(add(6ms, 99ms));
  CHECK(add(6ms, 1ms));
  CHECK(c.lag() == 6ms);

  CHECK(c.sheds(limits, sheddable, 1ms));
  CHECK_FALSE(c.sheds(limits, standard, 5ms));
  CHECK(c.sheds(limits, standard, 6ms));
  CHECK_FALSE(c.sheds(limits, critical, 40ms));
  CHECK(c.sheds(limits, critical, 41ms));

  CHECK_FALSE(add(4ms, 1ms));
  CHECK_FALSE(c.sheds(limits, sheddable, 1s));
}

TEST_CASE("lag_control: limits out of range") {
  CHECK_THROWS_AS(validate(lag_limits{.target = 0s}), kit::error);
  CHECK_THROWS_AS(validate(lag_limits{.target = duration::max()}), kit::error);
  CHECK_THROWS_AS(validate(lag_limits{.interval = 0s}), kit::error);
}

namespace {

struct fixture {
  kit::testing::loop loop;
  test::endpoint call = kit::chain(load_shed())(test::endpoint(test::handle), "sum");
  kit::context log = kit::context().with(kit::decision_log());

  kit::testing::started<kit::result<test::response>> start(criticality of) {
    return loop.start(
        kit::with_context(kit::with_criticality(log, of), call.try_call(test::request{})));
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "load_shed: a loop that keeps up sheds nothing") {
  for (int i = 0; i < 200; ++i) {
    CHECK(start(sheddable).value());
    loop.advance(2ms);
  }
}

namespace {

// A loop that is busy: each round, what is ready waits so long.
struct busy_loop {
  // One that runs nothing when it moves.
  struct clock final : kit::clock {
    time_point at{1h};
    time_point now() const noexcept override { return at; }
  };
  clock time;
  asio::io_context io{1};
  busy_loop() { kit::timer_wheel::of(io).use_clock(&time); }

  // Tells that a call has come as far as the layers.
  bool entered = false;
  struct entering {
    bool* entered;
    void enter(kit::call&) { *entered = true; }
  };
  test::endpoint call = kit::chain(entering{&entered}, load_shed())(test::endpoint(test::handle));

  std::optional<kit::result<test::response>> answer;
  void ask(duration lag, criticality of = standard) {
    answer.reset();
    const auto ctx = kit::with_criticality({}, of);
    asio::co_spawn(
        kit::bind_context(io.get_executor(), ctx), call.try_call(test::request{}),
        [this](std::exception_ptr, kit::result<test::response> r) { answer = std::move(r); });
    io.restart();
    for (entered = false; !entered;)  // the call, which may post a probe
      io.poll_one();
    time.at += lag;
    while (io.poll_one() > 0) {
    }
  }
  bool shed() const { return answer && !*answer; }
};

}  // namespace

TEST_CASE("load_shed: one that has been too busy for a while sheds, the sheddable first") {
  busy_loop busy;
  for (int i = 0; i < 9; ++i) {
    busy.ask(12ms);
    CHECK_FALSE(busy.shed());
  }
  for (int i = 0; i < 3; ++i)
    busy.ask(12ms);
  CHECK(busy.shed());
  CHECK(busy.answer->error() == kit::error(errc::unavailable, "overloaded"));
  CHECK(busy.answer->error().refused());
  CHECK(busy.answer->error().retry_after() == 100ms);
  busy.ask(12ms, critical);
  CHECK_FALSE(busy.shed());
  busy.ask(50ms, critical);
  busy.ask(50ms, critical);
  CHECK(busy.shed());
  // It catches up.
  busy.ask(1ms);
  busy.ask(1ms);
  busy.ask(1ms, sheddable);
  busy.ask(1ms, sheddable);
  CHECK_FALSE(busy.shed());
}

TEST_CASE("load_shed: a loop that goes takes its probe along") {
  const auto call = kit::chain(load_shed())(test::endpoint(test::handle));
  for (int i = 0; i < 100; ++i) {
    asio::io_context io(1);
    asio::co_spawn(io, call.try_call(test::request{}),
                   [](std::exception_ptr, kit::result<test::response>) {});
    io.poll_one();
  }
}
