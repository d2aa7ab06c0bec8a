#include <middleware/lag_control.hpp>

#include <chrono>
#include <cstddef>
#include <iterator>
#include <random>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/criticality.hpp>
#include <kit/error.hpp>

using namespace std::chrono_literals;
using kit::criticality;
using kit::duration;
using kit::time_point;
using kit::middleware::lag_control;
using kit::middleware::lag_limits;
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
  CHECK(enter(critical) == verdict::wait);  // those who have a turn come before
  c.begin_turn(now);
  CHECK(enter() == verdict::run);
  now += 2ms;
  CHECK(enter() == verdict::wait);
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
  CHECK_FALSE(add(20ms, 99ms));
  CHECK(c.patience(usual, sheddable) == kit::duration::max());
  CHECK(c.patience(usual, critical) == kit::duration::max());
  CHECK_FALSE(add(8ms, 10ms));  // a moment at the target is enough
  CHECK_FALSE(add(9ms, 10ms));
  CHECK_FALSE(add(9ms, 99ms));
  CHECK(add(9ms, 1ms));

  CHECK(c.patience(usual, standard) == 8ms);
  CHECK(c.patience(usual, critical) == 100ms);
  CHECK(enter(sheddable, 10) == verdict::shed);
  CHECK(enter(standard, 10) == verdict::wait);
  CHECK(enter(critical, 10) == verdict::wait);

  CHECK(add(7ms, 10ms));
  CHECK_FALSE(add(0ms, 10ms));
  CHECK(enter(sheddable, 10) == verdict::wait);
  CHECK_FALSE(add(1s, 1s));  // held up once
  CHECK(add(1s, 100ms));

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
  CHECK_THROWS_AS(require_valid(lag_limits{.target = 0s}), kit::error);
  CHECK_THROWS_AS(require_valid(lag_limits{.target = duration::max()}), kit::error);
  CHECK_THROWS_AS(require_valid(lag_limits{.target = 5ms, .interval = 4ms}), kit::error);
  CHECK_THROWS_AS(require_valid(lag_limits{.interval = duration::max()}), kit::error);
}
