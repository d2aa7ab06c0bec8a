#include <kit/timer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>
#include <asio/any_io_executor.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_state.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>

#include <kit/testing/loop.hpp>

using namespace std::chrono_literals;
using kit::duration;
using kit::time_point;

namespace {

// Writes down its name when due.
struct recorder {
  recorder(kit::timer_wheel& wheel, std::vector<int>& log, int name)
      : log_(log), name_(name), timer(wheel, kit::on_due<&recorder::due>, *this) {}
  void due() { log_.push_back(name_); }

  std::vector<int>& log_;
  int name_;
  kit::timer timer;
};

// Runs a function when due.
struct acting {
  acting(kit::timer_wheel& wheel, std::function<void()> f)
      : function(std::move(f)), timer(wheel, kit::on_due<&acting::due>, *this) {}
  void due() { function(); }

  std::function<void()> function;
  kit::timer timer;
};

using log_type = std::vector<int>;

}  // namespace

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

TEST_CASE("timer_wheel: is the same for a loop's every executor, and another for another loop") {
  kit::testing::loop loop, other;
  const asio::any_io_executor strand = asio::make_strand(loop.get_executor());
  auto* wheel = &kit::timer_wheel::of(loop.context());
  CHECK(wheel == &kit::timer_wheel::of(loop.get_executor()));
  CHECK(wheel == &kit::timer_wheel::of(strand));
  CHECK(wheel == &kit::timer_wheel::of(asio::any_io_executor(asio::make_strand(strand))));
  CHECK(wheel != &kit::timer_wheel::of(other.get_executor()));
}

TEST_CASE("timer_wheel: next_due is never later than the first timer") {
  kit::testing::loop loop;
  log_type log;
  recorder r(loop.wheel(), log, 1);
  CHECK(loop.wheel().next_due() == std::nullopt);
  r.timer.arm_after(5000ms);
  CHECK(loop.wheel().next_due().value() <= loop.now() + 5000ms);
  CHECK(loop.wheel().next_due().value() > loop.now());
  r.timer.arm_after(0ms);
  CHECK(loop.wheel().next_due().value() <= loop.now());
  r.timer.disarm();
  CHECK(loop.wheel().next_due() == std::nullopt);
}

TEST_CASE("timer_wheel: exchanging the clock keeps the time points of armed timers") {
  asio::io_context context;
  auto& wheel = kit::timer_wheel::of(context);
  log_type log;
  recorder early(wheel, log, 1), late(wheel, log, 2);
  const auto start = time_point{1000h};
  late.timer.arm(start + 10ms);
  early.timer.arm(start + 5ms);
  kit::testing::manual_clock clock(start);
  clock.drive(context);
  CHECK(wheel.now() == start);
  clock.advance(4ms);
  CHECK(log.empty());
  clock.advance(1ms);
  CHECK(log == log_type{1});
  clock.advance(5ms);
  CHECK(log == log_type{1, 2});
}

TEST_CASE("timer_wheel: one clock drives several loops in step") {
  kit::testing::loop first;
  asio::io_context second;
  first.clock().drive(second);
  log_type log;
  recorder a(first.wheel(), log, 1), b(kit::timer_wheel::of(second), log, 2),
      c(first.wheel(), log, 3);
  c.timer.arm_after(3s);
  b.timer.arm_after(2s);
  a.timer.arm_after(1s);
  first.advance(1h);
  CHECK(log == log_type{1, 2, 3});
}

TEST_CASE("timer_wheel: by the real clock a timer fires, not early, and then run() returns") {
  asio::io_context context;
  auto& wheel = kit::timer_wheel::of(context);
  const auto start = std::chrono::steady_clock::now();
  time_point fired;
  acting a(wheel, [&] { fired = std::chrono::steady_clock::now(); });
  a.timer.arm_after(3ms);
  context.run();
  CHECK(context.stopped());
  CHECK(fired - start >= 3ms);
}

TEST_CASE("timer_wheel: run() returns once nothing is armed any more") {
  asio::io_context context;
  auto& wheel = kit::timer_wheel::of(context);
  log_type log;
  recorder a(wheel, log, 1), b(wheel, log, 2);
  a.timer.arm_after(1h);
  b.timer.arm_after(2h);
  asio::post(context, [&] { a.timer.disarm(); });
  asio::post(context, [&] {
    b.timer.disarm();
    b.timer.arm_after(3h);
    b.timer.disarm();
  });
  context.run_for(30s);  // returns at once, or this test takes long and fails below
  CHECK(context.stopped());
  CHECK(log.empty());
}

TEST_CASE("timer_wheel: a shorter timer armed later moves the alarm forward") {
  asio::io_context context;
  auto& wheel = kit::timer_wheel::of(context);
  log_type log;
  recorder far(wheel, log, 1), near(wheel, log, 2);
  far.timer.arm_after(1h);
  asio::post(context, [&] { near.timer.arm_after(2ms); });
  while (log.empty() && context.run_one_for(30s)) {
  }
  CHECK(log == log_type{2});
  CHECK(far.timer.armed());
}

TEST_CASE("timer_wheel: the end of the loop is told to armed timers, once") {
  struct owner {
    static void on_event(void* self, kit::timer_event event) {
      static_cast<owner*>(self)->events.push_back(event);
    }
    std::vector<kit::timer_event> events;
    std::unique_ptr<kit::timer> timer;
  };
  owner armed, idle;
  {
    asio::io_context context;
    auto& wheel = kit::timer_wheel::of(context);
    for (auto* o : {&armed, &idle}) {
      o->timer = std::make_unique<kit::timer>(wheel, &owner::on_event, o);
    }
    armed.timer->arm_after(1h);
    // The shutdown event comes from the context's destructor; the timers have to go before that
    // ends, so hand them to a handler that is destroyed with it.
    asio::post(context, [a = std::move(armed.timer), i = std::move(idle.timer)] {});
  }
  CHECK(armed.events == std::vector{kit::timer_event::shutdown});
  CHECK(idle.events.empty());
}

// --- sleeping -----------------------------------------------------------------------------------

namespace {

asio::awaitable<int> sleep_and_count(int times, duration span) {
  int n = 0;
  for (; n < times; ++n)
    co_await kit::sleep_for(span);
  co_return n;
}

asio::awaitable<void> sleep_uncancelled_below_total() {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await kit::sleep_for(1h);
}

// Sets a flag when its frame is destroyed.
asio::awaitable<void> sleep_with_witness(std::shared_ptr<int> witness) {
  co_await kit::sleep_for(1h);
  (void)witness;
}

bool aborted(const kit::testing::started<void>& s) {
  try {
    s.value();
    return false;
  } catch (const asio::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  }
}

}  // namespace

TEST_CASE("sleep: resumes at its time") {
  kit::testing::loop loop;
  auto three = loop.start(sleep_and_count(3, 100ms));
  loop.advance(299ms);
  CHECK(three.pending());
  loop.advance(1ms);
  CHECK(three.value() == 3);
}

TEST_CASE("sleep: works on a strand") {
  kit::testing::loop loop;
  auto three = loop.start_on(asio::make_strand(loop.get_executor()), sleep_and_count(3, 100ms));
  CHECK(three.pending());
  loop.advance(300ms);
  CHECK(three.value() == 3);
}

TEST_CASE("sleep: a span of zero yields to the loop") {
  kit::testing::loop loop;
  auto call = loop.start(sleep_and_count(1000, -1s));
  CHECK(call.value() == 1000);
}

TEST_CASE("sleep: until the end of time stays asleep, and ends with the loop") {
  auto witness = std::make_shared<int>();
  {
    kit::testing::loop loop;
    auto call = loop.start(kit::sleep_until(time_point::max()));
    auto other = loop.start(sleep_with_witness(witness));
    CHECK(witness.use_count() == 2);
    loop.advance(10min);
    CHECK(call.pending());
    CHECK(other.pending());
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("sleep: ends with a loop under the real clock, too") {
  auto witness = std::make_shared<int>();
  {
    asio::io_context context;
    asio::co_spawn(context, sleep_with_witness(witness), [](std::exception_ptr) {});
    context.poll();
    CHECK(witness.use_count() == 2);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("sleep: cancellation throws operation_aborted and disarms") {
  kit::testing::loop loop;
  auto call = loop.start(kit::sleep_for(1h));
  CHECK(loop.wheel().armed() == 1);
  call.cancel();
  loop.run();
  CHECK(aborted(call));
  CHECK(call.error() == kit::errc::canceled);
  CHECK(loop.wheel().armed() == 0);
}

TEST_CASE("sleep: is cancelled by the lesser kinds as well, when the coroutine lets them through") {
  for (auto type : {asio::cancellation_type::partial, asio::cancellation_type::total}) {
    kit::testing::loop loop;
    auto deaf = loop.start(kit::sleep_for(1h));
    auto call = loop.start(sleep_uncancelled_below_total());
    deaf.cancel(type);
    call.cancel(type);
    loop.run();
    CHECK(deaf.pending());
    CHECK(aborted(call));
  }
}

TEST_CASE("sleep: a cancellation that comes when it is already due changes nothing") {
  kit::testing::loop loop;
  auto call = loop.start(kit::sleep_for(5ms));
  acting at_the_same_time(loop.wheel(), [&] { call.cancel(); });
  at_the_same_time.timer.arm_after(5ms);
  loop.advance(5ms);
  CHECK(call.done());
  CHECK_FALSE(call.failed());
}
