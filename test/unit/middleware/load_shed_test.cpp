#include <middleware/load_shed.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

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
using kit::middleware::lag_limits;
using kit::middleware::load_shed;

namespace {

constexpr auto sheddable = criticality::sheddable, standard = criticality::standard,
               critical = criticality::critical;

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
  CHECK(of(standard).good < 20 + 30);
  CHECK(of(standard).refused > 30);
  const auto refused =
      std::find_if(answers.begin(), answers.end(), [](const answer& a) { return a.error; });
  REQUIRE(refused != answers.end());
  const auto& refusal = refused->error;
  CHECK(*refusal == kit::error(errc::unavailable, "overloaded"));
  CHECK(refusal->refused());
  CHECK(refusal->retry_after() == 100ms);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: a loop that is held up sheds nobody who isn't too many") {
  for (int i = 0; i < 5; ++i) {
    start(standard, "standard");
    start(standard, "standard");
    start(critical, "critical");
    for (int n = 0; n < 3; ++n)
      io.poll_one();
    time.at += 1s;  // the processor is elsewhere
    run();
  }
  CHECK(of(standard).refused + of(critical).refused == 0);
  CHECK(done.size() == 15);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: ten times what it can do") {
  load{*this, {{sheddable, 500}, {standard, 1975}, {critical, 25}}}.run_for(10s, 200ms);
  CHECK(of(critical).refused == 0);
  CHECK(of(critical).longest <= 3 * each);  // one that runs, and itself; maybe another critical one
  CHECK(of(standard).longest <= lag_limits().target + 2 * each);
  CHECK(of(sheddable).good == 0);
  CHECK(of(critical).good + of(standard).good >= 2490);  // it has never nothing to do

  // When there is little to do again, all pass.
  load{*this, {{sheddable, 50}, {standard, 50}}}.run_for(1s);
  CHECK(of(sheddable).refused == 0);
  CHECK(of(standard).refused == 0);
}

TEST_CASE_FIXTURE(busy_loop,
                  "load_shed: more than it can do of what takes longer than the target") {
  each = 20ms;
  load{*this, {{standard, 60}}}.run_for(10s, 200ms);
  CHECK(of(standard).good >= 495);
  CHECK(of(standard).refused >= 95);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: critical calls alone are too many") {
  load{*this, {{critical, 2500}}}.run_for(2s);
  CHECK(of(critical).good >= 490);
  CHECK(of(critical).longest <= 100ms + 2 * each);
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
  CHECK(of(standard).longest <= 105ms + 3 * each);
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

TEST_CASE("load_shed: on several threads nobody waits for another one's strand") {
  asio::io_context io;
  const auto call = kit::chain(load_shed())(
      test::endpoint([](test::request r) -> asio::awaitable<test::response> {
        if (r.want == "busy") std::this_thread::sleep_for(300ms);
        co_return test::response{};
      }));
  std::atomic<int> good = 0;
  const auto count = [&](const std::exception_ptr&, const kit::result<test::response>& r) {
    if (r) ++good;
  };
  asio::co_spawn(asio::make_strand(io), call.try_call(test::request{"busy"}), count);
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 20; ++i) {
          asio::co_spawn(io, call.try_call(test::request{}), count);
          co_await kit::sleep_for(10ms);
        }
      },
      [](const std::exception_ptr&) {});
  {
    std::jthread other([&] { io.run(); });
    io.run();
  }
  CHECK(good == 21);
}

TEST_CASE_FIXTURE(busy_loop, "load_shed: limits are turned at run time") {
  limits.set({.target = 5ms, .interval = 10ms});
  for (int i = 0; i < 20; ++i)
    start();
  run();
  CHECK(of(standard).longest <= 15ms + 4 * each);
  CHECK(of(standard).refused >= 13);
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
