// Many threads at once: run these with -Db_sanitize=thread.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/metrics/detail/thread_slot.hpp>
#include <kit/metrics/prometheus.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/testing/metrics.hpp>

#include "on_threads.hpp"

using kit::metrics::registry;
using kit::metrics::detail::thread_slot;
using kit::metrics::detail::thread_slots;
using test::on_threads;

namespace {

// Counts from the destructor of a thread_local, after the thread's number may have gone.
struct late {
  const kit::metrics::counter* counts = nullptr;
  ~late() {
    if (counts) counts->add(1);
  }
};

}  // namespace

TEST_CASE("threads: no addition is lost, with more threads than have numbers") {
  const registry r;
  const auto c = r.counter({.name = "c"});
  const auto g = r.gauge({.name = "g"});
  const auto h = r.histogram({.name = "h", .buckets = kit::metrics::explicit_buckets{{1, 2}}});
  const auto e = r.histogram({.name = "e", .buckets = kit::metrics::exponential_buckets{}});
  constexpr std::size_t threads = thread_slots + 40;
  constexpr int rounds = 200;
  std::atomic<std::size_t> ready{0};
  on_threads(threads, [&](std::size_t i) {
    c.add(0);  // takes its number
    ++ready;
    while (ready < threads)  // so that they are there at the same time
      std::this_thread::yield();
    for (int n = 0; n < rounds; ++n) {
      c.add(1);
      g.add(1);
      h.observe(static_cast<double>(i % 3) + 0.5);
      e.observe(static_cast<double>(i + 1));
    }
  });
  constexpr double total = threads * rounds;
  CHECK(c.value() == total);
  CHECK(g.value() == total);
  CHECK(h.data().count == threads * rounds);
  CHECK(h.data().min == 0.5);
  CHECK(h.data().max == 2.5);
  CHECK(e.data().count == threads * rounds);
  CHECK(e.data().sum == rounds * threads * (threads + 1) / 2);
}

TEST_CASE("threads: a new thread takes over the cells of one that has ended") {
  const registry r;
  const auto c = r.counter({.name = "c"});
  std::vector<unsigned> numbers;
  for (int i = 0; i < 200; ++i) {
    std::thread([&] {
      c.add(1);
      numbers.push_back(thread_slot);
    }).join();
  }
  CHECK(c.value() == 200);
  for (const auto n : numbers) {
    CHECK(n > 0);
    CHECK(n == numbers[0]);
  }
}

TEST_CASE("threads: what counts when its thread ends is counted") {
  const registry r;
  const auto c = r.counter({.name = "c"});
  for (const bool counted_before : {false, true}) {
    std::thread([&] {
      thread_local late at_end;
      at_end.counts = &c;
      if (counted_before) c.add(1);
    }).join();
  }
  CHECK(c.value() == 3);
}

TEST_CASE(
    "threads: counting, making handles, removing and collecting at once [metrics/generic:7]") {
  const registry r({.max_series = 50});
  const auto c = r.counter({.name = "c"}, {"n"});
  const auto h =
      r.histogram({.name = "h", .buckets = kit::metrics::exponential_buckets{.scale = 2}}, {"n"});
  const auto g = r.gauge({.name = "g"});
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    double last = 0;
    while (!stop) {
      const auto samples = r.read_samples({.rate = [](auto, auto) { return 0.5; }}).take();
      const auto s = r.collect();
      const auto* f = s.find("c");
      double sum = 0;
      for (std::size_t i = 0; f && i < f->points.size(); ++i)
        sum += f->points[i].value;
      CHECK(sum >= last);  // a counter never goes back
      last = sum;
      CHECK(kit::metrics::prometheus_text(s).size() > 0);
    }
  });
  std::atomic<std::uint64_t> observed{0};
  // Generations of threads, so that numbers change hands.
  for (int generation = 0; generation < 5; ++generation) {
    on_threads(8, [&](std::size_t i) {
      for (std::size_t n = 0; n < 300; ++n) {
        c.with(n % 60).add(1);
        const auto one = h.with(n % 3);
        one.observe(static_cast<double>(n));
        if (n % 10 == 0) one.observe(static_cast<double>(n), {{"id", "1"}});
        one.data().quantile(0.5);
        g.set(static_cast<double>(n));
        observed += n % 10 == 0 ? 2 : 1;
        if (i == 0 && n % 50 == 0) {
          const auto own = r.observe_gauge({.name = "own"}, [n] { return static_cast<double>(n); });
          r.counter({.name = "made"}, {"n"}).with(n);
          r.counter({.name = "made"}, {"n"}).remove(n);
        }
      }
    });
  }
  stop = true;
  reader.join();
  double sum = 0;
  std::uint64_t count = 0;
  const auto s = r.collect();
  for (const auto& p : s.find("c")->points)
    sum += p.value;
  for (const auto& p : s.find("h")->points)
    count += p.histogram.count;
  CHECK(sum == 5 * 8 * 300);
  CHECK(count == observed);
}

TEST_CASE("threads: a registration's end waits for its function") {
  const registry r;
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop)
      r.collect();
  });
  for (int i = 0; i < 200; ++i) {
    auto value = std::make_unique<double>(1);
    {
      const auto gauge = r.observe_gauge({.name = "g"}, [&value] { return *value; });
      const auto hook = r.on_collect([&value] { *value += 1; });
      std::this_thread::yield();
    }
    value.reset();
  }
  stop = true;
  reader.join();
}

TEST_CASE("threads: windows of a counter lose and double nothing [metrics/generic:2]") {
  const registry r;
  const auto c = r.counter({.name = "c"});
  kit::metrics::counter_window window(c);
  double taken = 0;
  std::atomic<bool> done{false};
  std::thread adder([&] {
    for (int i = 0; i < 100'000; ++i)
      c.add(1);
    done = true;
  });
  while (!done)
    taken += window.take();
  adder.join();
  taken += window.take();
  CHECK(taken == 100'000);
}
