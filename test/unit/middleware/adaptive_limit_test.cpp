#include <middleware/adaptive_limit.hpp>

#include <algorithm>
#include <chrono>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/random.hpp>

using namespace std::chrono_literals;
using kit::duration;
using kit::middleware::adaptive_limit;
using kit::middleware::aimd_options;
using kit::middleware::gradient_options;

namespace {

// A callee that works on so many at a time, each for 10 ms, while the others queue there. As many
// come as the limit lets.
double settle(adaptive_limit& limit, double capacity, kit::random_source& random,
              int calls = 20'000) {
  double sum = 0;
  for (int i = 0; i < calls; ++i) {
    const auto n = static_cast<double>(limit.limit());
    const double busy = std::max(1.0, n / capacity);
    const auto took = std::chrono::duration_cast<duration>(
        std::chrono::duration<double, std::milli>(10 * busy * random.uniform(0.8, 1.2)));
    limit.add({.took = took, .in_flight = limit.limit()});
    if (i >= calls / 2) sum += n;
  }
  return sum / (calls - calls / 2);
}

}  // namespace

TEST_CASE("adaptive_limit: by the gradient, finds about what the callee takes") {
  kit::random_source random(9);
  for (const double capacity : {8.0, 30.0, 200.0}) {
    CAPTURE(capacity);
    adaptive_limit limit(gradient_options{});
    const auto found = settle(limit, capacity, random);
    CHECK(found >= capacity * 0.9);
    CHECK(found <= 2 * capacity + 5);
  }
}

TEST_CASE("adaptive_limit: additive increase and multiplicative decrease") {
  adaptive_limit limit(aimd_options{.range = {.min = 2, .max = 50, .initial = 10}});
  for (int i = 0; i < 10; ++i)
    limit.add({.took = 1ms, .in_flight = 10});
  CHECK(limit.limit() == 10);
  limit.add({.took = 1ms, .in_flight = 10});
  CHECK(limit.limit() == 11);
  limit.add({.took = 1ms, .in_flight = 11, .overloaded = true});
  CHECK(limit.limit() == 9);
  limit.add({.took = 6s, .in_flight = 11});
  CHECK(limit.limit() == 8);
  for (int i = 0; i < 100; ++i)
    limit.add({.took = 1ms, .in_flight = 1, .overloaded = true});
  CHECK(limit.limit() == 2);
  for (int i = 0; i < 10'000; ++i)
    limit.add({.took = 1ms, .in_flight = 50});
  CHECK(limit.limit() == 50);
}

TEST_CASE("adaptive_limit: where there is little to do it learns nothing") {
  for (const adaptive_limit::options& o :
       {adaptive_limit::options(gradient_options{}), adaptive_limit::options(aimd_options{})}) {
    adaptive_limit limit(o);
    for (int i = 0; i < 10'000; ++i)
      limit.add({.took = 1ms, .in_flight = 2});
    CHECK(limit.limit() == 20);
  }
}

TEST_CASE("adaptive_limit: by the gradient, shrinks when calls begin to take longer") {
  adaptive_limit limit(gradient_options{.range = {.max = 60}, .measure_every = 100'000});
  for (int i = 0; i < 10'000; ++i)
    limit.add({.took = 10ms, .in_flight = limit.limit()});
  const auto before = limit.limit();
  CHECK(limit.usual() == 10ms);
  CHECK(before == 60);
  for (int i = 0; i < 200; ++i)
    limit.add({.took = 100ms, .in_flight = limit.limit()});
  CHECK(limit.limit() < before / 10);
  for (int i = 0; i < 100; ++i)
    limit.add({.took = 100ms, .in_flight = 1, .overloaded = true});
  CHECK(limit.limit() == 4);
}

TEST_CASE("adaptive_limit: options out of range") {
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.range = {.min = 0}}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.range = {.min = 5, .max = 4}}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.range = {.initial = 2000}}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.tolerance = 0.5}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.queue = -1}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.smoothing = 0}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.measure_every = 99}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(aimd_options{.backoff = 1}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(aimd_options{.timeout = 0s}), kit::error);
}
