#include <kit/metrics/process.hpp>

#include <chrono>
#include <ctime>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <kit/metrics/loop_lag.hpp>
#include <kit/task_set.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/metrics.hpp>
#include <kit/timer.hpp>

#include "refusal.hpp"

using namespace std::chrono_literals;
using kit::metrics::registry;
using kit::testing::value_in;

namespace {

// Time that jumps, past what was due.
struct jumping_clock final : kit::clock {
  kit::time_point time{1h};
  kit::time_point now() const noexcept override { return time; }
};

}  // namespace

TEST_CASE("process_metrics: what the system says of this process") {
  const registry r;
  const auto process = kit::metrics::process_metrics(r);
  const auto before = r.collect();
  CHECK(value_in(before, "process_cpu_seconds_total") >= 0);
  CHECK(value_in(before, "process_resident_memory_bytes") > 1e6);
  CHECK(value_in(before, "process_virtual_memory_bytes") >=
        value_in(before, "process_resident_memory_bytes"));
  CHECK(value_in(before, "process_threads") >= 1);
  CHECK(value_in(before, "process_max_fds") >= value_in(before, "process_open_fds"));
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  CHECK(value_in(before, "process_start_time_seconds") <= now.count() + 2);
  CHECK(value_in(before, "process_start_time_seconds") > now.count() - 86'400);

  const int descriptor = ::open("/dev/null", O_RDONLY);
  CHECK(value_in(r.collect(), "process_open_fds") == value_in(before, "process_open_fds") + 1);
  ::close(descriptor);
}

TEST_CASE("process_metrics: the time of the processor grows") {
  const registry r;
  const auto process = kit::metrics::process_metrics(r);
  const double before = value_in(r.collect(), "process_cpu_seconds_total");
  const auto start = std::clock();
  while (std::clock() - start < CLOCKS_PER_SEC / 20) {
  }
  CHECK(value_in(r.collect(), "process_cpu_seconds_total") > before);
}

TEST_CASE("process_metrics: a metric of another kind stands in the way") {
  const registry r;
  r.counter({.name = "process_threads"});
  CHECK(test::refusal([&] { auto p = kit::metrics::process_metrics(r); }) ==
        "already_exists: metric 'process_threads': is there with another description");
}

TEST_CASE("observe_gauge: the tasks of a set") {
  kit::testing::loop loop;
  const registry r;
  kit::task_set set(loop.get_executor());
  const auto tasks =
      r.observe_gauge({.name = "tasks"}, [&] { return static_cast<double>(set.size()); });
  loop.start(set.spawn("sleeper", kit::sleep_for(10s)));
  CHECK(value_in(r.collect(), "tasks") == 1);
  loop.advance(10s);
  CHECK(value_in(r.collect(), "tasks") == 0);
}

TEST_CASE("measure_loop_lag: measures again and again, until it is cancelled") {
  const registry r;
  const auto lag = r.histogram({.name = "loop_lag_seconds"});
  kit::testing::loop loop;
  auto measuring = loop.start(kit::metrics::measure_loop_lag(lag, 1s));
  loop.advance(999ms);
  CHECK(lag.data().count == 0);
  loop.advance(2'001ms);
  CHECK(lag.data().count == 3);
  CHECK(lag.data().max == 0.0);
  CHECK(measuring.pending());
  measuring.cancel();
  loop.run();
  CHECK(measuring.error() == kit::errc::canceled);
}

TEST_CASE("measure_loop_lag: a loop that is held up is late") {
  const registry r;
  const auto lag = r.histogram({.name = "loop_lag_seconds"});
  jumping_clock clock;
  kit::testing::loop loop;
  loop.wheel().use_clock(&clock);
  auto measuring = loop.start(kit::metrics::measure_loop_lag(lag, 1s));
  clock.time += 1'250ms;
  loop.wheel().fire_due();
  loop.run();
  CHECK(lag.data().count == 1);
  CHECK(lag.data().sum == 0.25);
  CHECK(measuring.pending());
}

TEST_CASE("measure_loop_lag: an interval of nothing is refused") {
  kit::testing::loop loop;
  const auto refused = loop.start(kit::metrics::measure_loop_lag({}, 0s));
  CHECK(refused.error() == kit::errc::invalid_argument);
}
