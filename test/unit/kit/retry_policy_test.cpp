#include <kit/retry_policy.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <doctest/doctest.h>

#include <kit/attempts.hpp>
#include <kit/metadata.hpp>

using namespace std::chrono_literals;
using kit::errc;
using kit::error;
using kit::plan_retry;
using kit::random_source;
using kit::retry_limits;
using kit::retry_verdict;

TEST_CASE("plan_retry: pauses are drawn from a range that grows, with full jitter") {
  const retry_limits limits{.max_attempts = 100, .first_pause = 10ms, .max_pause = 100ms};
  random_source random(4);
  const int most_ms[] = {0, 10, 20, 40, 80, 100, 100};
  for (std::uint32_t number = 1; number <= 6; ++number) {
    kit::duration shortest = 1h, longest{};
    for (int i = 0; i < 1000; ++i) {
      const auto step =
          plan_retry(limits, {.number = number, .meaning = {.retryable = true}}, random.split());
      CHECK(step.verdict == retry_verdict::again);
      shortest = std::min(shortest, step.pause);
      longest = std::max(longest, step.pause);
    }
    const auto most = std::chrono::milliseconds(most_ms[number]);
    CHECK(longest <= most);
    CHECK(longest > most * 9 / 10);
    CHECK(shortest < most / 10);
  }
}

TEST_CASE("plan_retry: a pause of 0 stays that, and great numbers overflow nothing") {
  const retry_limits none{.max_attempts = UINT32_MAX, .first_pause = 0s};
  CHECK(plan_retry(none, {.number = 7, .meaning = {.retryable = true}}, random_source(1)).pause ==
        0s);
  const retry_limits huge{
      .max_attempts = UINT32_MAX, .first_pause = 1h, .max_pause = kit::duration::max()};
  CHECK(
      plan_retry(huge, {.number = UINT32_MAX - 1, .meaning = {.retryable = true}}, random_source(1))
          .pause >= 0s);
}

TEST_CASE("plan_retry: what ends it") {
  const retry_limits limits{.max_attempts = 3, .first_pause = 10ms};
  const error e(errc::unavailable);
  const auto plan = [&](kit::attempt_outcome seen) {
    if (!seen.error) seen.error = &e;
    return plan_retry(limits, seen, random_source(1)).verdict;
  };
  using v = retry_verdict;
  CHECK(plan({.number = 2, .meaning = {.retryable = true}}) == v::again);
  CHECK(plan({.number = 3, .meaning = {.retryable = true}}) == v::no_attempts);
  CHECK(plan({.number = 1}) == v::final);
  CHECK(plan({.number = 1, .timed_out = true}) == v::again);
  CHECK(plan({.number = 1, .meaning = {.retryable = true}, .caller_retries = true}) ==
        v::left_to_caller);
  CHECK(plan({.number = 1, .meaning = {.retryable = true}, .left = 0s}) == v::no_time);
  const auto forbidden = e.with_retry_forbidden();
  CHECK(plan({.number = 1, .meaning = {.retryable = true}, .error = &forbidden}) == v::forbidden);
}

TEST_CASE("plan_retry: comes again when the callee said, unless that is too late") {
  const retry_limits limits{.max_attempts = 3, .first_pause = 10ms};
  const auto asked = error(errc::unavailable).with_retry_after(350ms);
  const auto plan = [&](kit::duration left) {
    return plan_retry(limits,
                      {.number = 1, .meaning = {.retryable = true}, .error = &asked, .left = left},
                      random_source(1));
  };
  CHECK(plan(kit::duration::max()).pause == 350ms);
  CHECK(plan(351ms).verdict == retry_verdict::again);
  CHECK(plan(350ms).verdict == retry_verdict::no_time);
  const auto never = error(errc::unavailable).with_retry_after(std::chrono::milliseconds::max());
  CHECK(plan_retry(limits, {.number = 1, .meaning = {.retryable = true}, .error = &never},
                   random_source(1))
            .verdict == retry_verdict::no_time);
}

TEST_CASE("retry_limits: what is out of range; names of verdicts") {
  CHECK_THROWS_AS(require_valid(retry_limits{.first_pause = -1s}), error);
  CHECK_THROWS_AS(require_valid(retry_limits{.first_pause = 2s, .max_pause = 1s}), error);
  CHECK_THROWS_AS(require_valid(retry_limits{.attempt_timeout = 0s}), error);
  CHECK(name(retry_verdict::left_to_caller) == "left_to_caller");
}

TEST_CASE("attempts: which one it is travels in the metadata") {
  CHECK_FALSE(kit::attempt_number_of({}));
  const auto ctx = kit::with_attempt_number(kit::context().with(kit::metadata{{"tenant", "a"}}), 2);
  CHECK(kit::attempt_number_of(ctx) == 2);
  CHECK(ctx.metadata().get("tenant") == "a");
  CHECK(kit::attempt_number_of(kit::with_attempt_number(ctx, 3)) == 3);
  for (const char* bad : {"", "0", "-1", "x", "1x", "99999999999"}) {
    CHECK_FALSE(kit::attempt_number_of(kit::context().with(kit::metadata{{"retry-attempt", bad}})));
  }
}
