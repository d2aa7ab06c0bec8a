#include <middleware/outcome_window.hpp>

#include <chrono>
#include <deque>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/random.hpp>

using namespace std::chrono_literals;
using kit::time_point;
using kit::middleware::call_counts;
using kit::middleware::outcome_window;
using kit::middleware::window_options;

TEST_CASE("outcome_window: without a length, all count until it is cleared") {
  outcome_window w;
  w.add(time_point(1s), true);
  w.add(time_point(2s), false);
  w.add(time_point(1000h), false);
  CHECK(w.counts(time_point(2000h)) ==
        call_counts{.successes = 2, .failures = 1, .consecutive_successes = 2});
  w.clear();
  CHECK(w.counts(time_point(2000h)) == call_counts{});
  CHECK(call_counts{}.failure_ratio() == 0);
}

TEST_CASE("outcome_window: what is out of range") {
  CHECK_THROWS_AS(outcome_window({.length = -1s}), kit::error);
  CHECK_THROWS_AS(outcome_window({.length = 1s, .steps = 0}), kit::error);
  CHECK_THROWS_AS(outcome_window({.length = 1s, .steps = 10'001}), kit::error);
  CHECK_THROWS_AS(outcome_window({.length = 9ns, .steps = 10}), kit::error);
  CHECK_THROWS_AS(outcome_window({.calls = 1'000'001}), kit::error);
}

TEST_CASE("outcome_window: random calls against a list of them") {
  kit::random_source random(11);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    window_options o;
    const bool by_calls = random.below(2);
    if (by_calls) {
      o.calls = 1 + random.below(20);
    } else {
      o.steps = 1 + random.below(12);
      o.length = static_cast<int>(o.steps) * 10ms;
    }
    outcome_window w(o);
    struct ended {
      time_point at;
      bool failed;
    };
    std::deque<ended> all;
    time_point now(std::chrono::milliseconds(random.below(1000)));
    for (int i = 0; i < 200; ++i) {
      now +=
          std::chrono::milliseconds(random.below(20) == 0 ? random.below(1000) : random.below(15));
      const bool failed = random.below(3) == 0;
      w.add(now, failed);
      all.push_back({now, failed});
      if (by_calls) {
        while (all.size() > o.calls)
          all.pop_front();
      } else {
        // A step holds 10 ms: those of the last so many steps count.
        const auto step = [](time_point t) { return t.time_since_epoch() / 10ms; };
        while (step(all.front().at) <= step(now) - static_cast<long>(o.steps))
          all.pop_front();
      }
      call_counts expected;
      for (const auto& e : all)
        ++(e.failed ? expected.failures : expected.successes);
      CHECK(w.counts(now).failures == expected.failures);
      CHECK(w.counts(now).successes == expected.successes);
    }
  }
}
