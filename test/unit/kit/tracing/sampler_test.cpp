#include <kit/tracing/sampler.hpp>

#include <chrono>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/random.hpp>
#include <kit/testing/manual_clock.hpp>

using namespace kit::tracing;
using namespace std::chrono_literals;

namespace {

sampling ask(const sampler& s, const span_context* parent = nullptr, trace_id id = {1, 1},
             kit::time_point now = {}) {
  const kit::testing::manual_clock clock(now);
  return s({.parent = parent, .trace_id = id, .clock = &clock});
}

double share(const sampler& s) {
  kit::random_source random(7);
  int sampled = 0;
  constexpr int count = 20'000;
  for (int i = 0; i < count; ++i)
    sampled += ask(s, nullptr, {random(), random()}) == sampling::sample;
  return static_cast<double>(sampled) / count;
}

}  // namespace

TEST_CASE("sampler: always and never") {
  CHECK(ask(always_sample()) == sampling::sample);
  CHECK(ask(never_sample()) == sampling::drop);
}

TEST_CASE("sampler: a ratio takes that share, and a larger one what a smaller one takes") {
  CHECK(share(ratio_sampler(0)) == 0.0);
  CHECK(share(ratio_sampler(1)) == 1.0);
  CHECK(share(ratio_sampler(0.25)) == doctest::Approx(0.25).epsilon(0.05));
  kit::random_source random(1);
  for (int i = 0; i < 2000; ++i) {
    const trace_id id{random(), random()};
    if (ask(ratio_sampler(0.1), nullptr, id) == sampling::sample) {
      CHECK(ask(ratio_sampler(0.2), nullptr, id) == sampling::sample);
    }
  }
  // The 56 bits that the flag `random` speaks of decide.
  CHECK(ask(ratio_sampler(0.5), nullptr, {~0ULL, 0xff00000000000000}) == sampling::sample);
  CHECK(ask(ratio_sampler(0.5), nullptr, {0, 0x00ffffffffffffff}) == sampling::drop);
}

TEST_CASE("sampler: what is no ratio or rate is refused") {
  for (const double bad : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(ratio_sampler(bad), kit::error);
  }
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(rate_limited_sampler(bad), kit::error);
  }
}

TEST_CASE("sampler: a rate lets so many through a second, copies together") {
  const auto limited = rate_limited_sampler(3);
  const auto copy = limited;
  const kit::time_point start{100s};
  const auto at = [&](kit::duration after) {
    return ask(copy, nullptr, {1, 1}, start + after) == sampling::sample;
  };
  int burst = 0;
  for (int i = 0; i < 10; ++i)
    burst += ask(limited, nullptr, {1, 1}, start) == sampling::sample;
  CHECK(burst == 3);
  CHECK_FALSE(at(300ms));
  CHECK(at(340ms));
  CHECK_FALSE(at(341ms));
  CHECK_FALSE(at(0ms));  // time of another loop may be behind
  CHECK(at(10s));
  CHECK(at(10s));
  CHECK(at(10s));
  CHECK_FALSE(at(10s));
}

TEST_CASE("sampler: a slow rate lets the first one through") {
  const auto limited = rate_limited_sampler(0.1);
  const kit::time_point start{100s};
  CHECK(ask(limited, nullptr, {1, 1}, start) == sampling::sample);
  CHECK(ask(limited, nullptr, {1, 1}, start + 9s) == sampling::drop);
  CHECK(ask(limited, nullptr, {1, 1}, start + 11s) == sampling::sample);
}

TEST_CASE("sampler: the parent's decision counts where there is one") {
  const auto s = parent_based(never_sample());
  const auto t = parent_based(always_sample());
  const span_context yes{.trace_id = {1, 1}, .span_id = {1}, .flags = trace_flags::sampled};
  const span_context no{.trace_id = {1, 1}, .span_id = {1}};
  const span_context open{.trace_id = {1, 1}, .span_id = {1}, .flags = trace_flags::deferred};
  const span_context alone{.remote = true};  // a decision without ids
  CHECK(ask(s, &yes) == sampling::sample);
  CHECK(ask(t, &no) == sampling::drop);
  CHECK(ask(s, &open) == sampling::drop);
  CHECK(ask(t, &open) == sampling::sample);
  CHECK(ask(t, &alone) == sampling::drop);
  CHECK(ask(s) == sampling::drop);
  CHECK(ask(t) == sampling::sample);
}
