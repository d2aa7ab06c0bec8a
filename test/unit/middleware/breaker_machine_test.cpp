#include <middleware/breaker_machine.hpp>

#include <chrono>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/random.hpp>

using namespace std::chrono_literals;
using kit::time_point;
using kit::middleware::breaker_limits;
using kit::middleware::breaker_machine;
using kit::middleware::breaker_state;
using kit::middleware::call_counts;
using finding = breaker_machine::finding;
using verdict = breaker_machine::verdict;

namespace {

struct fixture {
  breaker_machine machine;
  breaker_limits limits{};
  time_point now{1h};

  verdict asked() { return machine.admit(now, limits).says; }
  void call(finding f) {
    const auto let = machine.admit(now, limits);
    REQUIRE(let.says == verdict::pass);
    machine.report(now, limits, let.generation, f);
  }
  void calls(int n, finding f) {
    for (int i = 0; i < n; ++i)
      call(f);
  }
  breaker_state state() { return machine.state(now, limits); }
};

constexpr auto success = finding::success, failure = finding::failure, nothing = finding::nothing;

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "breaker_machine: opens at six failures in a row, for a minute "
                  "[circuitbreaker/gobreaker:1] [circuitbreaker/gobreaker:3]") {
  calls(100, success);
  calls(5, failure);
  CHECK(state() == breaker_state::closed);
  call(failure);
  CHECK(state() == breaker_state::open);
  const auto refused = machine.admit(now, limits);
  CHECK(refused.says == verdict::refuse_open);
  CHECK(refused.retry_after == 60s);
  now += 59s;
  CHECK(machine.admit(now, limits).retry_after == 1s);
  CHECK(machine.counts_before().failures == 6);
  CHECK(machine.counts_before().successes == 100);
}

TEST_CASE_FIXTURE(fixture,
                  "breaker_machine: counts aren't cleared while it is closed "
                  "[circuitbreaker/gobreaker:3]") {
  for (int i = 0; i < 10; ++i) {
    call(success);
    call(failure);
    now += 1000h;
  }
  CHECK(machine.counts(now).total() == 20);
}

TEST_CASE_FIXTURE(fixture,
                  "breaker_machine: the names of its states "
                  "[circuitbreaker/gobreaker:2]") {
  CHECK(name(breaker_state::closed) == "closed");
  CHECK(name(breaker_state::open) == "open");
  CHECK(name(breaker_state::half_open) == "half-open");
}

TEST_CASE_FIXTURE(fixture,
                  "breaker_machine: half-open when it is asked after the time, and then "
                  "lets so many calls through [circuitbreaker/gobreaker:4]") {
  limits.trials = 2;
  calls(6, failure);
  now += 60s;
  CHECK(state() == breaker_state::half_open);
  CHECK(machine.recorded_state() == breaker_state::open);
  CHECK(asked() == verdict::pass);
  CHECK(machine.recorded_state() == breaker_state::half_open);
  CHECK(asked() == verdict::pass);
  CHECK(asked() == verdict::refuse_half_open);
}

TEST_CASE_FIXTURE(fixture,
                  "breaker_machine: half-open, as many successes as trials close it, and "
                  "a failure opens it [circuitbreaker/gobreaker:5]") {
  limits.trials = 3;
  calls(6, failure);
  now += 60s;
  SUBCASE("all go well") {
    calls(2, success);
    CHECK(state() == breaker_state::half_open);
    call(success);
    CHECK(state() == breaker_state::closed);
    CHECK(machine.counts(now) == call_counts{});
  }
  SUBCASE("one fails") {
    calls(2, success);
    call(failure);
    CHECK(state() == breaker_state::open);
    CHECK(machine.admit(now, limits).retry_after == 60s);
  }
  SUBCASE("no more than so many, while none has ended or some have") {
    const auto first = machine.admit(now, limits);
    CHECK(asked() == verdict::pass);
    machine.report(now, limits, first.generation, success);
    CHECK(asked() == verdict::pass);
    CHECK(asked() == verdict::refuse_half_open);
  }
  SUBCASE("one that says nothing leaves its place to another") {
    CHECK(asked() == verdict::pass);
    CHECK(asked() == verdict::pass);
    call(nothing);
    CHECK(asked() == verdict::pass);
    CHECK(asked() == verdict::refuse_half_open);
  }
  SUBCASE("when they don't end, others are tried after a while") {
    for (int i = 0; i < 3; ++i)
      CHECK(asked() == verdict::pass);
    now += 59s;
    CHECK(asked() == verdict::refuse_half_open);
    now += 1s;
    calls(3, success);
    CHECK(state() == breaker_state::closed);
  }
}

TEST_CASE_FIXTURE(fixture,
                  "breaker_machine: what was let through before the last change doesn't "
                  "count [circuitbreaker/gobreaker:6]") {
  const auto early = machine.admit(now, limits);
  calls(6, failure);
  machine.report(now, limits, early.generation, success);
  CHECK(state() == breaker_state::open);
  now += 60s;
  CHECK(asked() == verdict::pass);
  machine.report(now, limits, early.generation, failure);
  CHECK(state() == breaker_state::half_open);
}

TEST_CASE("breaker_machine: may be told when to open [circuitbreaker/gobreaker:7]") {
  std::vector<call_counts> asked;
  fixture f{breaker_machine({.trips = [&](const call_counts& c) {
    asked.push_back(c);
    return c.total() >= 4;
  }})};
  f.call(failure);
  f.calls(2, success);
  f.call(failure);
  CHECK(f.state() == breaker_state::open);
  REQUIRE(asked.size() == 2);  // after failures only
  CHECK(asked[0] == call_counts{.failures = 1, .consecutive_failures = 1});
  CHECK(asked[1] == call_counts{.successes = 2, .failures = 2, .consecutive_failures = 1});
}

TEST_CASE("breaker_machine: opens by the share of failures among the calls of the window") {
  SUBCASE("of the last calls") {
    fixture f{breaker_machine({.window = {.calls = 10}})};
    f.limits = {.consecutive_failures = 0, .failure_ratio = 0.5, .min_calls = 10};
    f.calls(9, failure);
    CHECK(f.state() == breaker_state::closed);
    f.calls(9, success);  // one failure is left
    f.calls(4, failure);
    CHECK(f.state() == breaker_state::closed);
    f.call(failure);
    CHECK(f.state() == breaker_state::open);
  }
  SUBCASE("of some time") {
    fixture f{breaker_machine({.window = {.length = 10s}})};
    f.limits = {.consecutive_failures = 0, .failure_ratio = 0.5, .min_calls = 4};
    f.calls(3, failure);
    f.now += 11s;
    f.calls(2, success);
    f.call(failure);
    CHECK(f.state() == breaker_state::closed);
    f.call(failure);
    CHECK(f.state() == breaker_state::open);
  }
}

TEST_CASE_FIXTURE(fixture, "breaker_machine: an operator forces it open or closed") {
  limits.force = breaker_limits::forcing::open;
  CHECK(asked() == verdict::refuse_open);
  CHECK(state() == breaker_state::open);
  limits.force = breaker_limits::forcing::closed;
  calls(100, failure);
  CHECK(state() == breaker_state::closed);
  limits.force = breaker_limits::forcing::none;
  call(failure);
  CHECK(state() == breaker_state::open);
  limits.force = breaker_limits::forcing::closed;
  call(failure);
  CHECK(state() == breaker_state::closed);
}

TEST_CASE("breaker_machine: limits out of range") {
  CHECK_THROWS_AS(require_valid(breaker_limits{.failure_ratio = 1.1}), kit::error);
  CHECK_THROWS_AS(require_valid(breaker_limits{.failure_ratio = -0.1}), kit::error);
  CHECK_THROWS_AS(require_valid(breaker_limits{.open_for = -1s}), kit::error);
  CHECK_THROWS_AS(require_valid(breaker_limits{.trials = 0}), kit::error);
}

// What must hold whatever happens: no call passes while it is open, no more than so many are tried
// at a time, and when calls go well again it closes.
TEST_CASE("breaker_machine: random calls, in any order of ending") {
  kit::random_source random(5);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    fixture f{
        breaker_machine({.window = {.length = 5s}, .late_success_closes = random.below(2) > 0})};
    f.limits = {.consecutive_failures = static_cast<unsigned>(1 + random.below(5)),
                .failure_ratio = random.below(2) ? 0.5 : 0,
                .min_calls = 5,
                .open_for = 10s,
                .trials = static_cast<unsigned>(1 + random.below(3))};
    std::vector<std::uint64_t> running;
    time_point last_change = f.now;
    auto generation = f.machine.generation();
    for (int i = 0; i < 300; ++i) {
      f.now += std::chrono::milliseconds(random.below(500));
      const auto before = f.machine.recorded_state();
      if (random.below(2)) {
        const auto let = f.machine.admit(f.now, f.limits);
        if (before == breaker_state::open && f.now - last_change < 10s) {
          CHECK(let.says == verdict::refuse_open);
          CHECK(let.retry_after == 10s - (f.now - last_change));
        }
        if (before == breaker_state::closed) CHECK(let.says == verdict::pass);
        if (let.says == verdict::pass) running.push_back(let.generation);
      } else if (!running.empty()) {
        const auto which = random.below(running.size());
        const auto ended = running[which];
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
        const finding how[] = {success, failure, failure, nothing};
        f.machine.report(f.now, f.limits, ended, how[random.below(4)]);
      }
      if (f.machine.generation() != generation) last_change = f.now;
      generation = f.machine.generation();
    }
    for (int i = 0; i < 10; ++i) {
      f.now += 10s;
      const auto let = f.machine.admit(f.now, f.limits);
      if (let.says == verdict::pass) f.machine.report(f.now, f.limits, let.generation, success);
    }
    CHECK(f.state() == breaker_state::closed);
  }
}
