#include <kit/timer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>
#include "timers.hpp"

using namespace std::chrono_literals;
using namespace timers;
using kit::duration;
using kit::time_point;

TEST_CASE("timer: fires at its time, not before") {
  kit::testing::loop loop;
  log_type log;
  recorder r(loop.wheel(), log, 1);
  r.timer.arm_after(50ms);
  CHECK(r.timer.armed());
  CHECK(r.timer.due() == loop.now() + 50ms);
  loop.advance(49ms);
  CHECK(log.empty());
  loop.advance(1ms);
  CHECK(log == log_type{1});
  CHECK_FALSE(r.timer.armed());
  loop.advance(1h);
  CHECK(log == log_type{1});
}

TEST_CASE("timer: a time between two ticks is rounded up to the later one") {
  kit::testing::loop loop;
  log_type log;
  recorder r(loop.wheel(), log, 1);
  r.timer.arm_after(1ns);
  loop.advance(999'999ns);
  CHECK(log.empty());
  loop.advance(1ns);
  CHECK(log == log_type{1});
}

TEST_CASE("timer: a time already reached is due in the next round, never inside arm") {
  kit::testing::loop loop;
  log_type log;
  recorder now(loop.wheel(), log, 1), past(loop.wheel(), log, 2), longest_ago(loop.wheel(), log, 3);
  now.timer.arm(loop.now());
  past.timer.arm_after(-1h);
  longest_ago.timer.arm(time_point::min());
  CHECK(log.empty());
  loop.run();
  CHECK(log == log_type{1, 2, 3});
}

TEST_CASE("timer: timers of one tick fire in the order they were armed, also from far away") {
  kit::testing::loop loop;
  log_type log;
  std::deque<recorder> timers;
  const auto due = loop.now() + 10min;
  for (int i = 0; i < 5; ++i) {
    timers.emplace_back(loop.wheel(), log, i).timer.arm(due - i * 100us);
    loop.advance(2min - 1ms);
  }
  loop.advance(1min);
  CHECK(log == log_type{0, 1, 2, 3, 4});
}

TEST_CASE("timer: disarming tells whether the call was prevented") {
  kit::testing::loop loop;
  log_type log;
  recorder r(loop.wheel(), log, 1);
  CHECK_FALSE(r.timer.disarm());
  r.timer.arm_after(5ms);
  CHECK(r.timer.disarm());
  CHECK_FALSE(r.timer.disarm());
  loop.advance(1s);
  CHECK(log.empty());
  r.timer.arm_after(5ms);
  loop.advance(5ms);
  CHECK_FALSE(r.timer.disarm());
  CHECK(log == log_type{1});
}

TEST_CASE("timer: arming again replaces, to earlier and to later") {
  kit::testing::loop loop;
  log_type log;
  recorder r(loop.wheel(), log, 1);
  r.timer.arm_after(10s);
  r.timer.arm_after(1s);
  loop.advance(1s);
  CHECK(log == log_type{1});
  r.timer.arm_after(1s);
  r.timer.arm_after(10s);
  CHECK(loop.wheel().armed() == 1);
  loop.advance(9999ms);
  CHECK(log == log_type{1});
  loop.advance(1ms);
  CHECK(log == log_type{1, 1});
}

TEST_CASE("timer: can be armed for years, and for never") {
  kit::testing::loop loop;
  log_type log;
  recorder years(loop.wheel(), log, 1), never(loop.wheel(), log, 2);
  never.timer.arm_after(duration::max());
  CHECK(never.timer.due() == time_point::max());
  years.timer.arm_after(24h * 365 * 50);
  loop.advance(24h * 365 * 50 - 1ms);
  CHECK(log.empty());
  loop.advance(1ms);
  CHECK(log == log_type{1});
  CHECK(never.timer.armed());
}

TEST_CASE("timer: time jumps past many timers, which fire in order") {
  kit::testing::loop loop;
  log_type log;
  std::deque<recorder> timers;
  for (int i : {3, 1, 2, 0})
    timers.emplace_back(loop.wheel(), log, i).timer.arm_after(i * 7h + 1s);
  loop.clock().advance(100h);
  CHECK(log == log_type{0, 1, 2, 3});
}

TEST_CASE("timer: its function sees the time it was due at while time passes") {
  kit::testing::loop loop;
  std::vector<duration> seen;
  const auto start = loop.now();
  acting a(loop.wheel(), [&] { seen.push_back(loop.wheel().now() - start); });
  acting b(loop.wheel(), [&] {
    seen.push_back(loop.wheel().now() - start);
    if (seen.size() < 4) b.timer.arm_after(10ms);
  });
  a.timer.arm_after(25ms);
  b.timer.arm_after(10ms);
  loop.advance(1s);
  CHECK(seen == std::vector<duration>{10ms, 20ms, 25ms, 30ms});
}

TEST_CASE("timer: its function may arm it again, for now as well, and gets the next round") {
  kit::testing::loop loop;
  int runs = 0;
  acting a(loop.wheel(), [&] {
    if (++runs < 3) a.timer.arm(loop.now());
  });
  a.timer.arm_after(5ms);
  loop.advance(5ms);
  CHECK(runs == 3);
}

TEST_CASE("timer: a function prevents a timer that is due in the same tick") {
  kit::testing::loop loop;
  log_type log;
  recorder second(loop.wheel(), log, 2);
  bool prevented = false;
  acting first(loop.wheel(), [&] { prevented = second.timer.disarm(); });
  first.timer.arm_after(5ms);
  second.timer.arm_after(5ms);
  loop.advance(10ms);
  CHECK(prevented);
  CHECK(log.empty());
}

TEST_CASE("timer: a function may destroy its own timer and others that are due") {
  kit::testing::loop loop;
  log_type log;
  auto other = std::make_unique<recorder>(loop.wheel(), log, 1);
  std::unique_ptr<acting> self;
  self = std::make_unique<acting>(loop.wheel(), [&] {
    other.reset();
    const auto keep = std::move(self->function);
    self.reset();
  });
  self->timer.arm_after(5ms);
  other->timer.arm_after(5ms);
  loop.advance(10ms);
  CHECK(self == nullptr);
  CHECK(log.empty());
  CHECK(loop.wheel().armed() == 0);
}

TEST_CASE("timer: an exception leaves the loop; the timers behind it still fire") {
  kit::testing::loop loop;
  log_type log;
  acting first(loop.wheel(), [] { throw std::runtime_error("oops"); });
  recorder second(loop.wheel(), log, 2);
  first.timer.arm_after(5ms);
  second.timer.arm_after(5ms);
  CHECK_THROWS_AS(loop.advance(5ms), std::runtime_error);
  CHECK(log.empty());
  loop.run();
  CHECK(log == log_type{2});
}

TEST_CASE("timer: destroying it disarms") {
  kit::testing::loop loop;
  log_type log;
  {
    recorder r(loop.wheel(), log, 1);
    r.timer.arm_after(1ms);
    CHECK(loop.wheel().armed() == 1);
  }
  CHECK(loop.wheel().armed() == 0);
  loop.advance(1s);
  CHECK(log.empty());
}

TEST_CASE("timer: does what an ordered map does, over random arming, disarming and passing time") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    kit::testing::loop loop;
    log_type log;
    std::deque<recorder> timers;
    for (int i = 0; i < 50; ++i)
      timers.emplace_back(loop.wheel(), log, i);
    std::map<std::pair<time_point, std::uint64_t>, int> model;  // by tick, then by time of arming
    std::map<int, std::pair<time_point, std::uint64_t>> armed;
    std::uint64_t nr = 0;
    const auto forget = [&](int i) {
      if (const auto it = armed.find(i); it != armed.end()) {
        model.erase(it->second);
        armed.erase(it);
      }
    };
    for (int step = 0; step < 2000; ++step) {
      const int i = static_cast<int>(random() % timers.size());
      const auto span = duration(random() >> (20 + random() % 40));  // from ns to hours
      switch (random() % 4) {
        case 0:
        case 1: {
          forget(i);
          timers[static_cast<std::size_t>(i)].timer.arm_after(span);
          const auto due = std::chrono::ceil<std::chrono::milliseconds>(loop.now() + span);
          model[armed[i] = {due, ++nr}] = i;
          break;
        }
        case 2:
          CHECK(timers[static_cast<std::size_t>(i)].timer.disarm() == armed.contains(i));
          forget(i);
          break;
        case 3: {
          log.clear();
          loop.advance(span);
          log_type expected;
          while (!model.empty() && model.begin()->first.first <= loop.now()) {
            expected.push_back(model.begin()->second);
            forget(expected.back());
          }
          REQUIRE(log == expected);
        }
      }
      REQUIRE(loop.wheel().armed() == model.size());
    }
  }
}
