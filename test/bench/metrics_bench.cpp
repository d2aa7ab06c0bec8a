// What counting costs: nanoseconds per operation on one thread, and on each of two that count into
// the same series at the same time. Beside them a plain atomic that both threads add to.

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include <kit/metrics/prometheus.hpp>
#include <kit/metrics/registry.hpp>

#include "bench.hpp"

namespace {

using clock_type = std::chrono::steady_clock;

// Values between 1 ms and 8 s in no order that a processor could predict.
const std::array<double, 4096>& latencies() {
  static const auto made = [] {
    std::array<double, 4096> values;
    kit::random_source random(1);
    for (auto& v : values)
      v = 0.001 * std::exp2(random.uniform(0, 13));
    return values;
  }();
  return made;
}

// Nanoseconds for one call of f(number) on each of the threads: the median of many rounds, as other
// programs disturb some.
template <class F>
double measure(unsigned threads, double seconds, const F& f) {
  constexpr std::uint64_t round = 100'000;
  std::barrier start(static_cast<std::ptrdiff_t>(threads));
  std::mutex mutex;
  std::vector<double> rounds;
  const auto work = [&] {
    std::vector<double> own;
    start.arrive_and_wait();
    const auto end = clock_type::now() + std::chrono::duration<double>(seconds);
    auto before = clock_type::now();
    while (before < end) {
      for (std::uint64_t i = 0; i < round; ++i)
        f(i);
      const auto now = clock_type::now();
      own.push_back(std::chrono::duration<double, std::nano>(now - before).count() / round);
      before = now;
    }
    const std::lock_guard lock(mutex);
    rounds.insert(rounds.end(), own.begin(), own.end());
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i)
    others.emplace_back(work);
  work();
  for (auto& t : others)
    t.join();
  const auto middle = rounds.begin() + static_cast<std::ptrdiff_t>(rounds.size() / 2);
  std::nth_element(rounds.begin(), middle, rounds.end());
  return *middle;
}

// Nanoseconds for one call of f() that takes long: the mean.
template <class F>
double measure_once(double seconds, const F& f) {
  const auto begin = clock_type::now();
  const auto end = begin + std::chrono::duration<double>(seconds);
  std::uint64_t calls = 0;
  auto now = begin;
  for (; now < end; now = clock_type::now(), ++calls)
    f();
  return std::chrono::duration<double, std::nano>(now - begin).count() / static_cast<double>(calls);
}

template <class F>
void line(const char* what, double seconds, const F& f) {
  const double one = measure(1, seconds, f);
  const double two = measure(2, seconds, f);
  std::printf("%-44s %6.2f ns %6.2f ns\n", what, one, two);
}

}  // namespace

int main(int count, char** arguments) {
  const double seconds = bench::seconds_option(count, arguments, 0.5);
  const kit::metrics::registry metrics;
  const auto requests = metrics.counter({.name = "requests_total"}, {"method", "error"});
  const auto counter = requests.with("sum", false);
  const auto running = metrics.up_down_counter({.name = "running"});
  const auto gauge = metrics.gauge({.name = "gauge"});
  const auto explicit_14 = metrics.histogram({.name = "explicit_seconds"});
  const auto exponential = metrics.histogram(
      {.name = "exponential_seconds", .buckets = kit::metrics::exponential_buckets{}});
  const kit::metrics::counter discarding;
  const auto& values = latencies();
  std::atomic<double> plain{0};

  std::printf("%-44s %9s %9s\n", "per call, on each thread:", "1 thread", "2 threads");
  line("counter::add", seconds, [&](std::uint64_t) { counter.add(); });
  line("up_down_counter::add", seconds, [&](std::uint64_t) { running.add(); });
  line("gauge::set", seconds, [&](std::uint64_t i) { gauge.set(static_cast<double>(i)); });
  line("histogram::observe, 14 buckets", seconds,
       [&](std::uint64_t i) { explicit_14.observe(values[i % values.size()]); });
  line("histogram::observe, exponential, scale 6", seconds,
       [&](std::uint64_t i) { exponential.observe(values[i % values.size()]); });
  line("counter::add, discarding", seconds, [&](std::uint64_t) { discarding.add(); });
  line("counter_family::with and add", seconds,
       [&](std::uint64_t) { requests.with("sum", false).add(); });
  line("std::atomic<double>::fetch_add, for comparison", seconds,
       [&](std::uint64_t) { plain.fetch_add(1, std::memory_order_relaxed); });

  const kit::metrics::registry large;
  const auto family = large.counter({.name = "large_total"}, {"number"});
  for (int i = 0; i < 1'000; ++i)
    family.with(i).add();
  const double collected = measure_once(seconds, [&] { large.collect(); });
  const auto snapshot = large.collect();
  const double written = measure_once(seconds, [&] { kit::metrics::prometheus_text(snapshot); });
  std::printf("1,000 counters: collect %.0f us, as text %.0f us\n", collected / 1e3, written / 1e3);
  return 0;
}
