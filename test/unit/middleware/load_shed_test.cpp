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
  CHECK_FALSE(add(20ms, 0ms));
  CHECK_FALSE(add(20ms, 79ms));
  CHECK_FALSE(add(5ms, 0ms));  // a moment at the target is enough
  CHECK_FALSE(add(6ms, 1ms));
  CHECK_FALSE(add(6ms, 93ms));
  CHECK(add(6ms, 1ms));
  CHECK(c.lag() == 6ms);

  CHECK(c.sheds(limits, sheddable, 0ms));
  CHECK_FALSE(c.sheds(limits, standard, 5ms));
  CHECK(c.sheds(limits, standard, 6ms));
  CHECK_FALSE(c.sheds(limits, critical, 40ms));
  CHECK(c.sheds(limits, critical, 41ms));

  CHECK_FALSE(add(4ms, 1ms));
  CHECK_FALSE(c.sheds(limits, sheddable, 1s));
  CHECK(add(100ms, 1s));  // that long it has been so
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

  // So many calls at a time, each of which keeps the loop for so long. How many were shed.
  int round(int calls, duration each, criticality of = standard) {
    int shed = 0;
    const auto ctx = kit::with_criticality({}, of);
    for (int i = 0; i < calls; ++i) {
      asio::co_spawn(kit::bind_context(io.get_executor(), ctx), call.try_call(test::request{}),
                     [this, &shed](std::exception_ptr, kit::result<test::response> r) {
                       if (r) return;
                       ++shed;
                       refusal = r.error();
                     });
    }
    io.restart();
    for (entered = false; io.poll_one() > 0; entered = false) {
      if (entered) time.at += each;
    }
    return shed;
  }
  std::optional<kit::error> refusal;
};

}  // namespace

TEST_CASE("load_shed: one that has been too busy for a while sheds, the sheddable first") {
  busy_loop busy;
  CHECK(busy.round(3, 4ms) == 0);
  // After a tenth of a second of one round it's clear that this is too much.
  CHECK(busy.round(128, 4ms) > 90);
  REQUIRE(busy.refusal);
  CHECK(*busy.refusal == kit::error(errc::unavailable, "overloaded"));
  CHECK(busy.refusal->refused());
  CHECK(busy.refusal->retry_after() == 100ms);
  // From then on each round does what can be waited for, and that is what a round lasts.
  CHECK(busy.round(20, 4ms, critical) < 10);
  const int shed = busy.round(20, 4ms);
  CHECK(shed >= 17);
  CHECK(shed < 20);
  CHECK(busy.round(5, 4ms, sheddable) == 5);
  // When there is little to do again, all pass.
  CHECK(busy.round(1, 1ms) == 0);
  CHECK(busy.round(1, 1ms, sheddable) == 0);
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
