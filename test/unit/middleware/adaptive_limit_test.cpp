#include <middleware/adaptive_limit.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <numbers>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/random.hpp>

using namespace std::chrono_literals;
using kit::duration;
using kit::random_source;
using kit::middleware::adaptive_limit;
using kit::middleware::aimd_options;
using kit::middleware::gradient_options;

namespace {

duration seconds(double s) {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>(s));
}

// How long calls take, in seconds.
struct work {
  std::string name;
  double mean;
  std::function<double(random_source&)> next;
};

double exponential(random_source& r) {
  return -std::log(1 - r.uniform());
}
double normal(random_source& r) {
  return std::sqrt(2 * exponential(r)) * std::cos(2 * std::numbers::pi * r.uniform());
}
work constant(double mean) {
  return {"constant", mean, [mean](auto&) { return mean; }};
}
work random_times(double mean) {
  return {"exponential", mean, [mean](auto& r) { return mean * exponential(r); }};
}
work lognormal(double mean, double sigma) {
  return {"lognormal", mean, [mean, sigma](auto& r) {
            return mean * std::exp(sigma * normal(r) - sigma * sigma / 2);
          }};
}
work two_kinds() {
  return {"two kinds", 0.0105, [](auto& r) { return r.chance(0.5) ? 0.001 : 0.020; }};
}
work seldom_long(double mean) {
  return {"seldom long", mean, [mean](auto& r) { return (r.chance(0.01) ? 50 : 1) * mean / 1.49; }};
}
std::vector<work> all_kinds() {
  return {constant(0.02),       random_times(0.02), lognormal(0.02, 0.5),
          lognormal(0.02, 1.0), two_kinds(),        seldom_long(0.02)};
}

struct seen {
  int asked = 0, refused = 0, done = 0;
  double took = 0;   // seconds, on average
  double good = 0;   // calls a second
  double limit = 0;  // on average
  double lowest = std::numeric_limits<double>::max(), highest = 0;

  double refused_share() const { return double(refused) / asked; }
};

// Calls that come at random, whatever happens to those before, to a callee that works on so many at
// a time and queues the others. Those whom the limit doesn't let in are refused.
class simulation {
 public:
  static constexpr std::size_t unlimited = 0;

  explicit simulation(std::uint64_t seed, std::size_t workers = unlimited) : random_(seed) {
    set_workers(workers);
  }

  adaptive_limit& limit() { return limit_; }
  void set_workers(std::size_t workers) {
    free_ = {};
    for (std::size_t i = 0; i < workers; ++i)
      free_.push(now_);
  }

  seen run(double length, double per_second, const work& w) {
    seen s;
    const double end = now_ + length;
    double next = now_ + exponential(random_) / per_second;
    for (;;) {
      const bool ends = !under_way_.empty() && under_way_.top().first <= next;
      now_ = ends ? under_way_.top().first : next;
      if (now_ > end) break;
      if (ends) {
        leave(s);
      } else {
        next = now_ + exponential(random_) / per_second;
        ++s.asked;
        enter(s, w);
      }
    }
    now_ = end;
    s.took /= std::max(s.done, 1);
    s.limit /= std::max(s.done, 1);
    s.good = s.done / length;
    return s;
  }

 private:
  void enter(seen& s, const work& w) {
    if (under_way_.size() >= limit_.limit()) {
      ++s.refused;
      return;
    }
    double begins = now_;
    const double takes = w.next(random_);
    if (!free_.empty()) {
      begins = std::max(now_, free_.top());
      free_.pop();
      free_.push(begins + takes);
    }
    under_way_.emplace(begins + takes, now_);
  }

  void leave(seen& s) {
    const double took = now_ - under_way_.top().second;
    limit_.add({.took = seconds(took), .in_flight = under_way_.size()});
    under_way_.pop();
    ++s.done;
    s.took += took;
    const auto now = static_cast<double>(limit_.limit());
    s.limit += now;
    s.lowest = std::min(s.lowest, now);
    s.highest = std::max(s.highest, now);
  }

  using call = std::pair<double, double>;  // when it ends, and when it began
  template <class T>
  using earliest = std::priority_queue<T, std::vector<T>, std::greater<>>;

  random_source random_;
  adaptive_limit limit_{gradient_options{}};
  double now_ = 0;
  earliest<call> under_way_;
  earliest<double> free_;  // when each worker is
};

}  // namespace

TEST_CASE(
    "adaptive_limit: by the gradient, refuses none where the callee takes all, however much "
    "the calls differ") {
  for (const auto& w : all_kinds()) {
    for (const double per_second : {500.0, 5000.0}) {
      CAPTURE(w.name);
      CAPTURE(per_second);
      simulation sim(1);
      (void)sim.run(10, per_second, w);
      const auto s = sim.run(5, per_second, w);
      CHECK(s.refused_share() < 0.01);
      CHECK(s.lowest > 1.3 * per_second * w.mean);
    }
  }
}

TEST_CASE(
    "adaptive_limit: by the gradient, asked for more than the callee can do, lets it do as "
    "much, in about the usual time") {
  for (const auto& w : {constant(0.02), random_times(0.02), lognormal(0.02, 1), two_kinds()}) {
    for (const double workers : {2.0, 10.0, 100.0}) {
      for (const double times : {2.0, 10.0}) {
        CAPTURE(w.name);
        CAPTURE(workers);
        CAPTURE(times);
        simulation sim(2, static_cast<std::size_t>(workers));
        const double capacity = workers / w.mean;
        (void)sim.run(15'000 / capacity, times * capacity, w);
        const auto s = sim.run(15'000 / capacity, times * capacity, w);
        CHECK(s.good > 0.9 * capacity);
        CHECK(s.took < 2.7 * w.mean);
      }
    }
  }
}

TEST_CASE("adaptive_limit: by the gradient, a single worker has two others wait") {
  simulation sim(3, 1);
  (void)sim.run(60, 500, constant(0.02));
  const auto s = sim.run(60, 500, constant(0.02));
  CHECK(s.good > 45);
  CHECK(s.took < 0.06);
}

TEST_CASE("adaptive_limit: by the gradient, learns that calls take longer now, or less") {
  for (const double factor : {0.1, 0.3, 1.7, 3.0, 10.0}) {
    CAPTURE(factor);
    const auto before = random_times(0.02), after = random_times(0.02 * factor);
    simulation many(4);
    (void)many.run(10, 500, before);
    (void)many.run(10 * std::max(1.0, factor), 500, after);
    CHECK(many.run(10, 500, after).refused_share() < 0.01);

    simulation few(5, 10);
    (void)few.run(10, 1000, before);
    (void)few.run(30 * factor, 1000 / factor, after);
    const auto s = few.run(20 * factor, 1000 / factor, after);
    CHECK(s.good > 0.9 * 500 / factor);
    CHECK(s.took < 2.5 * after.mean);
  }
}

TEST_CASE("adaptive_limit: by the gradient, a callee that becomes smaller, and great again") {
  const auto w = random_times(0.02);
  simulation sim(6);
  (void)sim.run(4, 5000, w);
  CHECK(sim.limit().limit() > 150);
  sim.set_workers(10);
  (void)sim.run(10, 5000, w);
  const auto s = sim.run(10, 5000, w);
  CHECK(s.good > 450);
  CHECK(s.took < 2.5 * w.mean);
  sim.set_workers(simulation::unlimited);
  (void)sim.run(4, 5000, w);
  CHECK(sim.run(2, 5000, w).refused_share() < 0.01);
}

TEST_CASE("adaptive_limit: by the gradient, after calls that were all overloaded it grows again") {
  const auto w = random_times(0.02);
  simulation sim(7);
  (void)sim.run(10, 500, w);
  for (int i = 0; i < 200; ++i)
    sim.limit().add({.took = 1s, .in_flight = sim.limit().limit(), .overloaded = true});
  CHECK(sim.limit().limit() == 1);
  (void)sim.run(5, 500, w);
  CHECK(sim.run(5, 500, w).refused_share() < 0.01);
}

TEST_CASE(
    "adaptive_limit: by the gradient, one that isn't used stays as it is, and learns what is "
    "usual") {
  const auto w = random_times(0.02);
  simulation sim(8);
  const auto s = sim.run(200, 50, w);
  CHECK(s.lowest == 20);
  CHECK(s.highest == 20);
  CHECK(sim.limit().usual() > 15ms);
  CHECK(sim.limit().usual() < 25ms);
  (void)sim.run(100, 10, random_times(0.1));
  CHECK(sim.limit().limit() == 20);
  CHECK(sim.limit().usual() > 75ms);
  CHECK(sim.limit().usual() < 125ms);
}

TEST_CASE("adaptive_limit: by the gradient, one that is used grows to about twice what is used") {
  adaptive_limit limit(gradient_options{});
  for (int i = 0; i < 100'000; ++i)
    limit.add({.took = 10ms, .in_flight = std::min<std::size_t>(limit.limit(), 30)});
  CHECK(limit.limit() > 60);
  CHECK(limit.limit() < 75);
}

TEST_CASE("adaptive_limit: by the gradient, each overloaded call takes half a place away") {
  adaptive_limit limit(gradient_options{});
  for (int i = 0; i < 10; ++i)
    limit.add({.took = 1ms, .in_flight = 20, .overloaded = true});
  CHECK(limit.limit() == 15);
  for (int i = 0; i < 100; ++i)
    limit.add({.took = 1ms, .in_flight = 20, .overloaded = true});
  CHECK(limit.limit() == 1);
}

TEST_CASE("adaptive_limit: by the gradient, stays in its range") {
  adaptive_limit limit(gradient_options{.range = {.min = 10, .max = 60}});
  for (int i = 0; i < 20'000; ++i) {
    limit.add({.took = 10ms, .in_flight = limit.limit()});
    CHECK_FALSE(limit.limit() < 10);  // also while it measures
  }
  CHECK(limit.limit() == 60);
  CHECK(limit.usual() == 10ms);
  for (int i = 0; i < 400; ++i)
    limit.add({.took = 100ms, .in_flight = limit.limit()});
  CHECK(limit.limit() < 30);
  for (int i = 0; i < 100; ++i)
    limit.add({.took = 100ms, .in_flight = 1, .overloaded = true});
  CHECK(limit.limit() == 10);
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

namespace {

const adaptive_limit::options both_ways[] = {gradient_options{}, aimd_options{}};

}  // namespace

TEST_CASE("adaptive_limit: where there is little to do it learns nothing") {
  for (const auto& o : both_ways) {
    adaptive_limit limit(o);
    for (int i = 0; i < 10'000; ++i)
      limit.add({.took = 1ms, .in_flight = 2});
    CHECK(limit.limit() == 20);
  }
}

TEST_CASE(
    "adaptive_limit: impatient callers tell nothing; those who had as long as calls take say "
    "that it's too much") {
  for (const auto& o : both_ways) {
    adaptive_limit limit(o);
    for (int i = 0; i < 10; ++i)
      limit.add({.took = 20ms, .in_flight = 1});
    for (int i = 0; i < 20; ++i)
      limit.add({.took = 1ms, .in_flight = 20, .out_of_time = true});
    CHECK(limit.limit() == 20);
    for (int i = 0; i < 10; ++i)
      limit.add({.took = 25ms, .in_flight = 20, .out_of_time = true});
    CHECK(limit.limit() <= 15);
  }
}

TEST_CASE("adaptive_limit: many impatient callers among others tell nothing") {
  for (const auto& o : both_ways) {
    adaptive_limit limit(o);
    for (int i = 0; i < 10'000; ++i)
      limit.add({.took = i % 20 == 0 ? 20ms : 1ms, .in_flight = 2, .out_of_time = i % 20 != 0});
    CHECK(limit.limit() == 20);
  }
}

TEST_CASE(
    "adaptive_limit: where no call ends in its time any more, or none ever did, that is too "
    "much in the end") {
  for (const auto& o : both_ways) {
    for (const bool some_did : {true, false}) {
      adaptive_limit limit(o);
      if (some_did) limit.add({.took = 1s, .in_flight = 1});
      for (int i = 0; i < 1000; ++i)
        limit.add({.took = 100ms, .in_flight = 20, .out_of_time = true});
      CHECK(limit.limit() == 1);
    }
  }
}

TEST_CASE("adaptive_limit: options out of range") {
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.range = {.min = 0}}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.range = {.min = 5, .max = 4}}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.range = {.initial = 2000}}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.tolerance = 0.5}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.window = 9}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(gradient_options{.measure_every = 99}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(aimd_options{.backoff = 1}), kit::error);
  CHECK_THROWS_AS(adaptive_limit(aimd_options{.timeout = 0s}), kit::error);
}
