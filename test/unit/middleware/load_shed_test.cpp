#include <middleware/load_shed.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

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
using verdict = kit::middleware::lag_control::verdict;

namespace {

constexpr auto sheddable = criticality::sheddable, standard = criticality::standard,
               critical = criticality::critical;
constexpr lag_limits usual{.target = 8ms, .interval = 100ms};

// One that is asked at times counted from its beginning.
struct asked_control {
  lag_control c;
  time_point now{1h};

  verdict enter(criticality of = standard, std::size_t waiting = 0) {
    return c.enter(now, usual, of, waiting);
  }
  // A round that ends after so long, with no others to be seen.
  std::size_t round(duration takes, std::size_t waiting, duration waited = 0ms) {
    c.begin_turn(now);
    now += takes;
    for (int looks = 0; !c.round_over(now, usual); ++looks)
      REQUIRE(looks < 10);
    return c.next_round(now, usual, waiting, waited);
  }
};

}  // namespace

TEST_CASE_FIXTURE(asked_control, "lag_control: who comes late in a round waits for the next one") {
  CHECK(enter() == verdict::run);
  CHECK(c.in_round());
  now += 1999us;
  CHECK(enter() == verdict::run);
  now += 1us;
  CHECK(enter() == verdict::wait);
  CHECK(enter(critical) == verdict::wait);
  CHECK(enter(sheddable) == verdict::wait);

  CHECK(round(0ms, 3) == 1);
  CHECK(c.in_round());
  CHECK(enter(critical) == verdict::wait);  // the turns are given
  CHECK(round(0ms, 0) == 0);
  CHECK_FALSE(c.in_round());
  CHECK(enter() == verdict::run);
  CHECK(enter(standard, 1) == verdict::wait);
}

TEST_CASE_FIXTURE(asked_control, "lag_control: as many have a turn as a round has time for") {
  CHECK(enter() == verdict::run);
  CHECK(round(1ms, 100) == 1);
  CHECK(round(1ms, 100) == 2);
  CHECK(round(1999us, 100) == 4);
  CHECK(round(2ms, 100) == 4);
  CHECK(round(8ms, 100) == 4);
  CHECK(round(9ms, 100) == 2);
  CHECK(round(9ms, 100) == 1);
  CHECK(round(1s, 100) == 1);
  CHECK(round(1ms, 1) == 1);  // of two
  CHECK(round(1ms, 100) == 2);
  for (int i = 0; i < 10; ++i)
    CHECK(round(0ms, 100) <= 100);  // of 128 at most, as not all are used then
  for (int i = 0; i < 10; ++i)
    (void)round(0ms, 10'000);
  CHECK(round(0ms, 1'000'000) == 1024);

  // What else the loop does takes no turns away as long as the round is short enough.
  c.round_over(now, usual);
  c.next_round(now, usual, 100, 0ms);
  now += 5ms;
  c.begin_turn(now);
  c.begin_turn(now + 2ms);
  CHECK(c.round_over(now + 3ms, usual) == false);
  CHECK(c.next_round(now + 3ms, usual, 2000, 0ms) == 1024);
}

TEST_CASE_FIXTURE(asked_control,
                  "lag_control: after a long round it's seen who has come meanwhile") {
  const auto looks = [this](duration round, duration each) {
    c = {};
    CHECK(enter() == verdict::run);
    now += round;
    for (int n = 0;; ++n) {
      if (c.round_over(now, usual)) return n;
      now += each;
    }
  };
  CHECK(looks(1999us, 1us) == 0);
  CHECK(looks(2ms, 1us) == 4);
  CHECK(looks(2ms, 100us) == 4);
  CHECK(looks(2ms, 200us) == 3);  // a quarter of the time that it took
  CHECK(looks(40ms, 3ms) == 4);
  CHECK(looks(40ms, 20ms) == 1);
}

TEST_CASE_FIXTURE(asked_control,
                  "lag_control: overloaded once lag has been above the target for an interval") {
  CHECK(enter() == verdict::run);
  const auto add = [this](duration waited, duration after) {
    round(after, 10, waited);
    CHECK(c.lag() == waited);
    return c.overloaded();
  };
  CHECK_FALSE(add(20ms, 10ms));
  CHECK_FALSE(add(20ms, 79ms));
  CHECK(c.patience(usual, sheddable) == 100ms);
  CHECK(c.patience(usual, standard) == 100ms);
  CHECK_FALSE(add(8ms, 10ms));  // a moment at the target is enough
  CHECK_FALSE(add(9ms, 10ms));
  CHECK_FALSE(add(9ms, 90ms));
  CHECK(add(9ms, 1ms));

  CHECK(c.patience(usual, standard) == 8ms);
  CHECK(c.patience(usual, critical) == 100ms);
  CHECK(enter(sheddable, 10) == verdict::shed);
  CHECK(enter(standard, 10) == verdict::wait);
  CHECK(enter(critical, 10) == verdict::wait);

  CHECK_FALSE(add(7ms, 10ms));
  CHECK(enter(sheddable, 10) == verdict::wait);
  CHECK(add(100ms, 1s));  // that long it has been so

  // Where all have their turn nobody is late.
  CHECK(round(1ms, 1, 50ms) == 1);
  CHECK(c.lag() == 0ms);
  CHECK_FALSE(c.overloaded());
}

TEST_CASE("lag_control: random rounds, against a model") {
  std::mt19937 random(7);
  const auto up_to = [&](int n) { return std::uniform_int_distribution(0, n)(random); };
  for (int run = 0; run < 200; ++run) {
    asked_control at;
    const int most_waited = up_to(30);
    // By what the model says it's overloaded: what it was told, and when.
    std::vector<std::pair<time_point, duration>> told;
    for (int i = 0; i < 300; ++i) {
      at.now += std::chrono::milliseconds(up_to(3));
      if (!at.c.in_round()) {
        CHECK(at.enter(critical) == verdict::run);
        continue;
      }
      const auto waiting = static_cast<std::size_t>(up_to(2));
      const duration waited =
          waiting > 0 ? duration(std::chrono::milliseconds(up_to(most_waited))) : 0ms;
      const auto turns = at.round(std::chrono::milliseconds(up_to(20)), waiting, waited);
      CHECK(turns <= waiting);
      CHECK((turns > 0) == (waiting > 0));
      CHECK(at.c.in_round() == (waiting > 0));
      told.emplace_back(at.now, turns < waiting ? waited : 0ms);

      auto first = told.rbegin();
      while (first != told.rend() && first->second > usual.target)
        ++first;
      const bool late =
          first != told.rbegin() &&
          at.now - (std::prev(first)->first - std::prev(first)->second) >= usual.interval;
      REQUIRE(at.c.overloaded() == late);
      CHECK(at.enter(sheddable, 1) == (late ? verdict::shed : verdict::wait));
    }
  }
}

TEST_CASE("lag_control: limits out of range") {
  CHECK_THROWS_AS(validate(lag_limits{.target = 0s}), kit::error);
  CHECK_THROWS_AS(validate(lag_limits{.target = duration::max()}), kit::error);
  CHECK_THROWS_AS(validate(lag_limits{.target = 5ms, .interval = 4ms}), kit::error);
  CHECK_THROWS_AS(validate(lag_limits{.interval = duration::max()}), kit::error);
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

// A loop that calls keep busy: each takes so long.
struct busy_loop {
  // One that runs nothing when it moves.
  struct clock final : kit::clock {
    time_point at{1h};
    time_point now() const noexcept override { return at; }
  };
  clock time;
  asio::io_context io{1};
  duration each = 4ms;
  kit::setting<lag_limits> limits = lag_limits{};
  test::endpoint call = kit::chain(load_shed({.limits = limits}))(
      test::endpoint([this](test::request r) { return work(std::move(r)); }), "sum");
  busy_loop() { kit::timer_wheel::of(io).use_clock(&time); }

  asio::awaitable<test::response> work(test::request r) {
    time.at += each;
    done.push_back(r.want);
    co_return test::response{};
  }

  struct answer {
    criticality of;
    duration took;
    std::optional<kit::error> error;
  };
  std::vector<std::string> done;
  std::vector<answer> answers;

  void start(criticality of = standard, std::string name = "", kit::context ctx = {}) {
    asio::co_spawn(
        io,
        kit::with_context(kit::with_criticality(ctx, of),
                          call.try_call(test::request{std::move(name)})),
        [this, of, since = time.at](const std::exception_ptr& e, kit::result<test::response> r) {
          answers.push_back({of, time.at - since, {}});
          if (e)
            answers.back().error = kit::to_error(e);
          else if (!r)
            answers.back().error = r.error();
        });
  }
  void run() {
    io.restart();
    io.poll();
  }

  struct sums {
    int good = 0;
    int refused = 0;
    duration longest{};  // of the good ones
  };
  sums of(criticality which) const {
    sums s;
    for (const auto& a : answers) {
      if (a.of != which) continue;
      ++(a.error ? s.refused : s.good);
      if (!a.error) s.longest = std::max(s.longest, a.took);
    }
    return s;
  }
};

// Calls that come evenly, of each class so many a second.
struct load {
  busy_loop& on;
  std::map<criticality, double> rates;

  // What is answered at first doesn't count.
  void run_for(duration how_long, duration warm_up = 0ms) {
    const auto counted = on.time.at + warm_up;
    const auto end = counted + how_long;
    bool counts = false;
    std::map<criticality, double> due;
    auto since = on.time.at;
    while (on.time.at < end) {
      const auto now = on.time.at;
      if (now >= counted && !std::exchange(counts, true)) on.answers.clear();
      for (const auto& [of, rate] : rates) {
        auto& n = due[of];
        for (n += rate * std::chrono::duration<double>(now - since).count(); n >= 1; n -= 1)
          on.start(of);
      }
      since = now;
      on.io.restart();
      if (on.io.poll_one() == 0) on.time.at += 100us;
    }
    on.run();
  }
};

}  // namespace

TEST_CASE_FIXTURE(busy_loop, "load_shed: while the loop is busy the critical calls come first") {
  const auto log = kit::context().with(kit::decision_log());
  start(standard, "first", log);
  start(sheddable, "sheddable", log);
  start(standard, "standard 1", log);
  start(standard, "standard 2", log);
  start(critical, "critical", log);
  run();
  CHECK(done ==
        std::vector<std::string>{"first", "critical", "standard 1", "standard 2", "sheddable"});
  const auto decisions = log.get<kit::decision_log>()->decisions();
  REQUIRE(decisions.size() == 4);
  CHECK(decisions[3].text() == "load_shed queued: the loop is busy, 3 calls wait for their turn");
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: a burst is borne for an interval") {
  for (int i = 0; i < 20; ++i)
    start();
  run();
  CHECK(of(standard).good == 20);
  CHECK(of(standard).longest == 80ms);

  for (int i = 0; i < 60; ++i)
    start();
  run();
  CHECK(of(standard).good < 50);
  CHECK(of(standard).refused > 30);
  const auto& refusal = answers.back().error;
  REQUIRE(refusal);
  CHECK(*refusal == kit::error(errc::unavailable, "overloaded"));
  CHECK(refusal->refused());
  CHECK(refusal->retry_after() == 100ms);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: ten times what it can do") {
  load{*this, {{sheddable, 500}, {standard, 1975}, {critical, 25}}}.run_for(10s, 200ms);
  CHECK(of(critical).refused == 0);
  CHECK(of(critical).longest <= 3 * each);  // one that runs, and itself; maybe another critical one
  CHECK(of(standard).longest <= usual.target + 2 * each);
  CHECK(of(sheddable).good == 0);
  CHECK(of(critical).good + of(standard).good >= 2490);  // it has never nothing to do

  // When there is little to do again, all pass.
  load{*this, {{sheddable, 50}, {standard, 50}}}.run_for(1s);
  CHECK(of(sheddable).refused == 0);
  CHECK(of(standard).refused == 0);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: critical calls alone are too many") {
  load{*this, {{critical, 2500}}}.run_for(2s);
  CHECK(of(critical).good >= 490);
  CHECK(of(critical).longest <= 100ms + each);
  CHECK(of(critical).refused > 4000);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: short calls, more than it can do") {
  each = 20us;
  load{*this, {{standard, 100'000}, {critical, 100}}}.run_for(2s);
  CHECK(of(critical).refused == 0);
  CHECK(of(critical).longest <= 2ms);
  CHECK(of(standard).good >= 99'000);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: what else the loop does takes no call's turn") {
  each = 10us;
  struct other {
    busy_loop& on;
    time_point until;
    void operator()() const {
      on.time.at += 3ms;
      if (on.time.at < until) asio::post(on.io, *this);
    }
  };
  asio::post(io, other{*this, time.at + 2s});
  load{*this, {{standard, 10'000}}}.run_for(2s);
  CHECK(of(standard).refused == 0);
  CHECK(of(standard).good > 19'000);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: what was enough for few calls isn't taken for granted") {
  each = 1ms;
  for (int i = 0; i < 50; ++i) {
    for (int n = 0; n < 3; ++n)
      start();
    run();
    time.at += 20ms;
  }
  CHECK(of(standard).good == 150);
  each = 4ms;
  for (int i = 0; i < 500; ++i)
    start();
  run();
  CHECK(of(standard).good < 150 + 30);
  CHECK(of(standard).longest <= 100ms + 2 * each);
}

TEST_CASE("load_shed: each of many loops has its own turns") {
  const load_shed shed;
  const auto call = kit::chain(shed)(test::endpoint(test::handle));
  const auto good = [&](asio::io_context& io) {
    bool ok = false;
    asio::co_spawn(io, call.try_call(test::request{}),
                   [&](std::exception_ptr, const kit::result<test::response>& r) { ok = bool(r); });
    io.restart();
    io.poll();
    return ok;
  };
  std::vector<std::unique_ptr<asio::io_context>> loops;
  std::vector<std::unique_ptr<busy_loop::clock>> clocks;
  for (int i = 0; i < 100; ++i) {
    loops.push_back(std::make_unique<asio::io_context>(1));
    clocks.push_back(std::make_unique<busy_loop::clock>());
    kit::timer_wheel::of(*loops.back()).use_clock(clocks.back().get());
    CHECK(good(*loops.back()));
  }
  // The others don't notice that one has begun a round.
  asio::co_spawn(*loops[70], call.try_call(test::request{}),
                 [](std::exception_ptr, const kit::result<test::response>&) {});
  loops[70]->restart();
  clocks[70]->at += 1s;
  loops[70]->poll_one();
  for (auto& io : loops) {
    if (io != loops[70]) CHECK(good(*io));
  }
  // Those that come after others have gone begin anew.
  for (int i = 0; i < 100; ++i) {
    asio::io_context io(1);
    CHECK(good(io));
  }
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: limits are turned at run time") {
  limits.set({.target = 5ms, .interval = 10ms});
  for (int i = 0; i < 20; ++i)
    start();
  run();
  CHECK(of(standard).longest <= 10ms + 2 * each);
  CHECK(of(standard).refused >= 16);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: a deadline that comes while it waits") {
  kit::cancel_source soon(kit::context(), time.at + 10ms);
  for (int i = 0; i < 5; ++i)
    start(standard, "without");
  start(standard, "with", soon.context());
  run();
  CHECK(done.size() == 5);
  CHECK(of(standard).refused == 1);
  REQUIRE(answers.back().error);
  CHECK(answers.back().error->code() == errc::deadline_exceeded);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: one that is cancelled while it waits has no turn") {
  kit::cancel_source source;
  start(standard, "first");
  start(standard, "cancelled", source.context());
  start(standard, "last");
  for (int i = 0; i < 3; ++i)
    io.poll_one();
  source.cancel();
  run();
  CHECK(done == std::vector<std::string>{"first", "last"});
  CHECK(answers.size() == 3);
}

TEST_CASE("load_shed: a loop that goes takes its probe along, and who waits") {
  const load_shed shed({.limits = lag_limits{.target = 1ns}});
  const auto call = kit::chain(shed)(test::endpoint(test::handle));
  for (std::size_t steps = 0; steps < 30; ++steps) {
    asio::io_context io(1);
    for (int i = 0; i < 3; ++i)
      asio::co_spawn(io, call.try_call(test::request{}),
                     [](std::exception_ptr, kit::result<test::response>) {});
    for (std::size_t i = 0; i < steps; ++i)
      io.poll_one();
  }
}
