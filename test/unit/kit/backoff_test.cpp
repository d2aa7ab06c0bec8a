#include <kit/backoff.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

using namespace std::chrono_literals;
using kit::backoff;
using kit::backoff_options;
using kit::duration;
using kit::random_source;

namespace {

// The smallest and the largest of many draws of what `draw(seed)` gives.
template <class Draw>
std::pair<duration, duration> range(Draw draw) {
  duration low = duration::max(), high = duration::min();
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const duration d = draw(seed);
    low = std::min(low, d);
    high = std::max(high, d);
  }
  return {low, high};
}

duration nth(backoff_options options, std::uint64_t seed, int n) {
  backoff b(options, random_source(seed));
  for (int i = 1; i < n; ++i)
    b.next();
  return b.next();
}

}  // namespace

TEST_CASE("backoff: a wait is twice the one before, times 0.5 to 1.5 [util/conn:7]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    backoff b({}, random_source(seed));
    duration before = 1s;
    for (int i = 0; i < 3; ++i) {
      const auto wait = b.next();
      CHECK(wait >= before);
      CHECK(wait <= std::min<duration>(before * 3, 60s));
      before = wait;
    }
  }
  const auto [low, high] = range([](auto seed) { return nth({}, seed, 1); });
  CHECK(low < 1010ms);
  CHECK(high > 2990ms);
}

TEST_CASE("backoff: the first wait is 1 to 3 seconds, the next 1 to 9 [util/conn:6]") {
  const auto [low, high] = range([](auto seed) { return nth({}, seed, 2); });
  CHECK(low >= 1s);
  CHECK(low < 1500ms);
  CHECK(high > 7s);
  CHECK(high <= 9s);
}

TEST_CASE("backoff: no wait is longer than the maximum, and the longest still differ") {
  backoff b({}, random_source(1));
  for (int i = 0; i < 20; ++i)
    b.next();
  std::vector<duration> waits;
  for (int i = 0; i < 1000; ++i)
    waits.push_back(b.next());
  const auto [low, high] = std::ranges::minmax(waits);
  CHECK(low >= 20s);
  CHECK(low < 21s);
  CHECK(high > 59s);
  CHECK(high <= 60s);
  CHECK(std::ranges::count(waits, 60s) < 2);
}

TEST_CASE("backoff: after a reset the waits start afresh") {
  backoff b({}, random_source(1));
  for (int i = 0; i < 20; ++i)
    b.next();
  b.reset();
  CHECK(b.next() <= 3s);
}

TEST_CASE("backoff: without jitter the waits are the powers of the multiplier, up to the maximum") {
  backoff b({.initial = 10ms, .max = 100ms, .multiplier = 3, .jitter = 0}, random_source(1));
  CHECK(b.next() == 30ms);
  CHECK(b.next() == 90ms);
  CHECK(b.next() == 100ms);
  CHECK(b.next() == 100ms);
}

TEST_CASE("backoff: a multiplier of 1 keeps the wait where it is") {
  const backoff_options constant{.initial = 5s, .max = 60s, .multiplier = 1};
  const auto [low, high] = range([&](auto seed) { return nth(constant, seed, 50); });
  CHECK(low >= 2500ms);
  CHECK(high <= 60s);
}

TEST_CASE("backoff: an initial wait that is the maximum is not exceeded") {
  const auto [low, high] =
      range([](auto seed) { return nth({.initial = 6s, .max = 6s, .jitter = 1}, seed, 3); });
  CHECK(low >= 0s);
  CHECK(low < 1s);
  CHECK(high > 5s);
  CHECK(high <= 6s);
}

TEST_CASE("backoff: never overflows") {
  backoff b({.initial = 24h * 365, .max = duration::max(), .multiplier = 1e6}, random_source(1));
  for (int i = 0; i < 10; ++i)
    CHECK(b.next() > 0s);
}

TEST_CASE("backoff: the same seed gives the same waits") {
  backoff a({}, random_source(7)), b({}, random_source(7));
  for (int i = 0; i < 10; ++i)
    CHECK(a.next() == b.next());
}

TEST_CASE("backoff: options out of range are refused by name") {
  const auto refused = [](const backoff_options& o) {
    try {
      backoff(o, random_source(1));
    } catch (const kit::error& e) {
      CHECK(e == kit::errc::invalid_argument);
      return std::string(e.message());
    }
    return std::string("accepted");
  };
  CHECK(refused({.initial = 0s}).starts_with("backoff_options::initial"));
  CHECK(refused({.initial = 2s, .max = 1s}).starts_with("backoff_options::max"));
  CHECK(refused({.multiplier = 0.9}).starts_with("backoff_options::multiplier"));
  CHECK(refused({.jitter = -0.1}).starts_with("backoff_options::jitter"));
  CHECK(refused({.jitter = 1.1}).starts_with("backoff_options::jitter"));
  CHECK(refused({.jitter = std::numeric_limits<double>::quiet_NaN()})
            .starts_with("backoff_options::jitter"));
  CHECK(refused({}) == "accepted");
}
