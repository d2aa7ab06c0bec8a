#include <middleware/circuit_breaker.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::errc;
using kit::middleware::breaker_change;
using kit::middleware::breaker_limits;
using kit::middleware::breaker_state;
using kit::middleware::circuit_breaker;
using kit::middleware::circuit_breaker_options;
using kit::middleware::handy_breaker;

namespace {

struct fixture {
  explicit fixture(circuit_breaker_options options = {})
      : breaker(std::move(options)),
        call(kit::chain(breaker)(
            test::endpoint([this](test::request r) -> asio::awaitable<test::response> {
              ++handled;
              if (r.want == "throw") throw std::runtime_error("broken");
              return test::handle(std::move(r));
            }),
            "sum")) {}

  auto ask(const std::string& want = {}) { return loop.start(call.try_call(test::request{want})); }
  void ask(int times, const std::string& want) {
    for (int i = 0; i < times; ++i)
      (void)ask(want);
  }
  // How many failures get through after so many successes, and what the calls behind them get.
  int failures_after(int successes) {
    ask(successes, "");
    for (int failures = 0; failures < 1000; ++failures) {
      const auto e = ask("error").error();
      if (e.refused()) {
        handled = 0;
        for (int i = 0; i < 10; ++i)
          CHECK(ask("error").error() == e);
        CHECK(handled == 0);
        refusal = e.message();
        return failures;
      }
      CHECK(e == kit::error(errc::internal, "broken"));
    }
    return -1;
  }
  breaker_state state() const { return breaker.current(loop.now()); }

  kit::testing::loop loop;
  int handled = 0;
  std::string refusal;
  circuit_breaker breaker;
  test::endpoint call;
};

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "circuit_breaker: after a hundred successes six failures pass, and no "
                  "more [circuitbreaker/gobreaker:1]") {
  CHECK(failures_after(100) == 6);
  CHECK(refusal == "circuit breaker is open");
  const auto e = ask().error();
  CHECK(e == errc::unavailable);
  CHECK(e.retry_after() == 60s);
}

TEST_CASE_FIXTURE(fixture,
                  "circuit_breaker: while calls are tried, others are too many "
                  "[circuitbreaker/gobreaker:4]") {
  ask(6, "error");
  loop.advance(60s);
  auto trial = ask("slow");
  CHECK(trial.pending());
  CHECK(ask().error() == kit::error(errc::unavailable, "too many requests"));
  loop.advance(200ms);
  CHECK(trial.value());
  CHECK(ask().value());
}

TEST_CASE_FIXTURE(fixture,
                  "circuit_breaker: an exception is a failure, and passed on "
                  "[circuitbreaker/gobreaker:8]") {
  for (int i = 0; i < 6; ++i)
    CHECK(std::string(ask("throw").error().what()) == "broken");
  CHECK(state() == breaker_state::open);
}

TEST_CASE_FIXTURE(fixture,
                  "circuit_breaker: answers and errors come as they are "
                  "[circuitbreaker/gobreaker:9]") {
  CHECK(ask("business").value()->err == "no funds");
  CHECK(ask("not found").error() == kit::error(errc::not_found, "nobody"));
}

TEST_CASE_FIXTURE(fixture, "circuit_breaker: only what the classifier calls a failure counts") {
  ask(100, "not found");
  ask(100, "business");
  CHECK(state() == breaker_state::closed);
  fixture strict({.classify = kit::classify([](const kit::outcome& o) {
                    return kit::classification{.failure = !o.ok() || o.failed()};
                  })});
  strict.ask(6, "business");
  CHECK(strict.state() == breaker_state::open);
}

TEST_CASE("circuit_breaker: what layers further in refuse doesn't count, unless it shall") {
  kit::testing::loop loop;
  const auto ask = [&](const circuit_breaker& breaker) {
    const auto call = kit::chain(breaker, test::refusing())(test::endpoint(test::handle));
    for (int i = 0; i < 20; ++i)
      (void)loop.start(call.try_call(test::request{}));
    return breaker.current(loop.now());
  };
  CHECK(ask(circuit_breaker()) == breaker_state::closed);
  CHECK(ask(circuit_breaker({.count_refusals = true})) == breaker_state::open);
}

TEST_CASE_FIXTURE(fixture,
                  "circuit_breaker: calls that are cancelled say nothing, and keep no "
                  "place") {
  for (int i = 0; i < 10; ++i) {
    auto c = ask("wait");
    c.cancel();
    loop.run();
    CHECK(c.error() == errc::canceled);
  }
  CHECK(state() == breaker_state::closed);
  ask(6, "error");
  loop.advance(60s);
  auto trial = ask("wait");
  CHECK(ask().error() == errc::unavailable);
  trial.cancel();
  loop.run();
  CHECK(ask().value());
  CHECK(state() == breaker_state::closed);
}

TEST_CASE(
    "circuit_breaker: tells of each change, when it may be asked "
    "[circuitbreaker/gobreaker:7]") {
  std::vector<std::string> changes;
  const circuit_breaker* asked = nullptr;
  fixture f({.on_change = [&](const breaker_change& c) {
    changes.push_back(std::string(c.endpoint) + " " + std::string(name(c.from)) + " " +
                      std::string(name(c.to)) + " " + std::to_string(c.counts.failures));
    (void)asked->current({});  // it holds no lock
  }});
  asked = &f.breaker;
  f.ask(6, "error");
  f.loop.advance(60s);
  f.ask(1, "error");
  f.loop.advance(60s);
  f.ask(1, "");
  CHECK(changes == std::vector<std::string>{"sum closed open 6", "sum open half-open 0",
                                            "sum half-open open 1", "sum open half-open 0",
                                            "sum half-open closed 0"});
}

TEST_CASE_FIXTURE(fixture, "circuit_breaker: says on which numbers it decided") {
  const auto ctx = kit::context().with(kit::decision_log());
  const auto ask_in = [&](const std::string& want) {
    (void)loop.start(kit::with_context(ctx, call.try_call(test::request{want})));
  };
  ask_in("");
  for (int i = 0; i < 7; ++i)
    ask_in("error");
  loop.advance(60s);
  ask_in("");
  std::vector<std::string> said;
  for (const auto& d : ctx.get<kit::decision_log>()->decisions())
    said.push_back(d.text());
  CHECK(said == std::vector<std::string>{
                    "circuit_breaker opened: 6 of 6 calls failed, 6 in a row; for 60000 ms",
                    "circuit_breaker refused: open for another 60000 ms",
                    "circuit_breaker half_opened: tries 1 calls",
                    "circuit_breaker closed: 1 calls went well"});
}

TEST_CASE("circuit_breaker: its limits are turned at run time") {
  const kit::setting<breaker_limits> limits(breaker_limits{});
  fixture f({.limits = limits});
  limits.set({.consecutive_failures = 2});
  f.ask(2, "error");
  CHECK(f.state() == breaker_state::open);
  limits.set({.force = breaker_limits::forcing::closed});
  CHECK(f.ask().value());
  limits.set({.force = breaker_limits::forcing::open});
  CHECK(f.ask().error() == errc::unavailable);
}

TEST_CASE("circuit_breaker: forcing it open is a change, too") {
  const kit::setting<breaker_limits> limits(breaker_limits{});
  std::vector<breaker_state> changes;
  fixture f(
      {.limits = limits, .on_change = [&](const breaker_change& c) { changes.push_back(c.to); }});
  limits.set({.force = breaker_limits::forcing::open});
  f.ask(2, "");
  CHECK(changes == std::vector{breaker_state::open});
  limits.set({.force = breaker_limits::forcing::closed});
  CHECK(f.ask().value());
  CHECK(changes == std::vector{breaker_state::open, breaker_state::closed});
}

TEST_CASE("circuit_breaker: a ratio that is turned on counts from then on") {
  const kit::setting<breaker_limits> limits(breaker_limits{});
  fixture f({.limits = limits, .window = {.calls = 100}});
  f.ask(50, "");
  limits.set({.consecutive_failures = 0, .failure_ratio = 0.5, .min_calls = 4});
  f.ask(2, "");
  f.ask(2, "error");
  CHECK(f.state() == breaker_state::open);
}

TEST_CASE("circuit_breaker: one for each endpoint") {
  kit::testing::loop loop;
  const auto layers = kit::chain(kit::per_endpoint([] { return circuit_breaker(); }));
  const auto one = layers(test::endpoint(test::handle), "one");
  const auto two = layers(test::endpoint(test::handle), "two");
  for (int i = 0; i < 7; ++i)
    (void)loop.start(one.try_call(test::request{"error"}));
  CHECK(loop.start(one.try_call(test::request{})).error() == errc::unavailable);
  CHECK(loop.start(two.try_call(test::request{})).value());
}

TEST_CASE("circuit_breaker: options out of range") {
  CHECK_THROWS_AS(circuit_breaker({.window = {.length = -1s}}), kit::error);
}

TEST_CASE("circuit_breaker: from several threads") {
  circuit_breaker breaker({.limits = breaker_limits{.consecutive_failures = 3, .open_for = 1ms}});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      kit::testing::loop loop;
      const auto call = kit::chain(breaker)(test::endpoint(test::handle));
      for (int i = 0; i < 5000; ++i) {
        (void)loop.start(call.try_call(test::request{(i / 50 + t) % 3 == 0 ? "error" : ""}));
        if (i % 16 == 0) loop.advance(1ms);
      }
      for (int i = 0; i < 5; ++i) {
        loop.advance(1h);
        (void)loop.start(call.try_call(test::request{}));
      }
    });
  }
  for (auto& t : threads)
    t.join();
  CHECK(breaker.current(kit::time_point::max()) != breaker_state::open);
}

// --- handy

TEST_CASE(
    "circuit_breaker: as handy, opens when more than the share of more than ten failed "
    "[circuitbreaker/handy:1] [circuitbreaker/handy:5]") {
  fixture f(handy_breaker(0.05));
  const int failures = f.failures_after(100);
  CHECK(failures == 6);  // 5 of 105 are fewer than 5 %, 6 of 106 are more
  CHECK(f.refusal == "circuit open");
}

TEST_CASE(
    "circuit_breaker: as handy, ten calls are too few [circuitbreaker/handy:1] "
    "[circuitbreaker/handy:2]") {
  fixture f(handy_breaker(0));
  f.ask(10, "error");
  CHECK(f.state() == breaker_state::closed);
  f.ask(1, "error");
  CHECK(f.state() == breaker_state::open);
  fixture never(handy_breaker(2));  // clamped to 1: no share is more than that
  never.ask(100, "error");
  CHECK(never.state() == breaker_state::closed);
}

TEST_CASE("circuit_breaker: as handy, calls count for five seconds [circuitbreaker/handy:2]") {
  fixture f(handy_breaker(0.5));
  f.ask(10, "error");
  f.loop.advance(6s);
  f.ask(10, "error");
  CHECK(f.state() == breaker_state::closed);
  f.ask(1, "error");
  CHECK(f.state() == breaker_state::open);
}

TEST_CASE(
    "circuit_breaker: as handy, one call is tried each second, and a success closes it "
    "[circuitbreaker/handy:3]") {
  fixture f(handy_breaker(0.5));
  auto early = f.ask("slow");
  f.ask(11, "error");
  CHECK(f.ask().error() == errc::unavailable);
  SUBCASE("that of the call tried, after which all begins anew") {
    early.cancel();
    f.loop.advance(1s);
    CHECK(f.ask("wait").pending());
    CHECK(f.ask().error() == errc::unavailable);
    f.loop.advance(1s);
    CHECK(f.ask().value());
    CHECK(f.state() == breaker_state::closed);
    f.ask(9, "error");
    CHECK(f.state() == breaker_state::closed);
  }
  SUBCASE("that of one which began before") {
    f.loop.advance(200ms);
    CHECK(early.value());
    CHECK(f.state() == breaker_state::closed);
  }
  SUBCASE("and a failure opens it again") {
    early.cancel();
    f.loop.advance(1s);
    CHECK(f.ask("error").error() == errc::internal);
    CHECK(f.ask().error() == errc::unavailable);
  }
}

TEST_CASE(
    "circuit_breaker: as handy, how long calls take doesn't matter "
    "[circuitbreaker/handy:4]") {
  fixture f(handy_breaker(0.05));
  for (int i = 0; i < 20; ++i)
    (void)f.ask("slow");
  f.loop.advance(200ms);
  CHECK(f.state() == breaker_state::closed);
}

TEST_CASE("circuit_breaker: a classifier that throws counts as none") {
  kit::testing::loop loop;
  const auto classify = [](const kit::outcome&) -> kit::classification {
    throw std::runtime_error("no idea");
  };
  const kit::middleware::circuit_breaker breaker(
      {.limits = kit::middleware::breaker_limits{.consecutive_failures = 1}, .classify = classify});
  const auto call = kit::chain(breaker)(test::endpoint(test::handle), "sum");
  CHECK(loop.start(call.try_call(test::request{})).value());
  CHECK(loop.start(call.try_call(test::request{"error"})).error() == kit::errc::internal);
  CHECK(breaker.current(loop.now()) == kit::middleware::breaker_state::open);
}

TEST_CASE("circuit_breaker: the ratio of all calls ever is none") {
  CHECK_THROWS_AS((kit::middleware::circuit_breaker(
                      {.limits = kit::middleware::breaker_limits{.failure_ratio = 0.5}})),
                  kit::error);
}
