// What is made of instruments: stopwatches, several as one, one kind as another.
#include <chrono>
#include <ratio>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/metrics/convert.hpp>
#include <kit/metrics/multi.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/stopwatch.hpp>
#include <kit/testing/metrics.hpp>

using namespace std::chrono_literals;
using kit::metrics::as_counter;
using kit::metrics::as_gauge;
using kit::metrics::as_histogram;
using kit::metrics::multi;
using kit::metrics::registry;
using kit::metrics::stopwatch;

namespace {

// Remembers what is done to it.
struct recorder {
  std::vector<std::string>* log;
  std::string name;

  void add(double d) const { note("add", d); }
  void set(double v) const { note("set", v); }
  void note(const char* what, double v) const {
    log->push_back(name + " " + what + " " + std::to_string(static_cast<int>(v)));
  }
};

struct observed {
  std::vector<double>* values;
  void observe(double v) const { values->push_back(v); }
};

}  // namespace

TEST_CASE("stopwatch: seconds by default, or another unit [metrics/timer:1,2]") {
  std::vector<double> values;
  const observed into{&values};
  const kit::time_point start{1h};
  stopwatch(into, start).stop(start + 100ms);
  stopwatch<observed, std::milli>(into, start).stop(start + 100ms);
  stopwatch<observed, std::nano>(into, start).stop(start + 100ms);
  CHECK(values == std::vector<double>{0.1, 100, 1e8});
}

TEST_CASE("stopwatch: time that ran backwards is no time [metrics/timer:3]") {
  std::vector<double> values;
  const kit::time_point start{1h};
  stopwatch(observed{&values}, start).stop(start - 1s);
  CHECK(values == std::vector<double>{0});
}

TEST_CASE("stopwatch: into a histogram") {
  const registry r;
  const auto h = r.histogram({.name = "h"});
  const kit::time_point start{1h};
  const stopwatch watch(h, start);
  watch.stop(start + 2s);
  watch.stop(start + 3s);
  CHECK(h.data().sum == 5);
  CHECK(h.data().count == 2);
}

TEST_CASE("multi: each operation goes to every member, in order [metrics/multi:1]") {
  std::vector<std::string> log;
  const multi both(recorder{&log, "a"}, recorder{&log, "b"});
  both.set(9);
  both.set(8);
  both.set(7);
  both.add(3);
  CHECK(log == std::vector<std::string>{"a set 9", "b set 9", "a set 8", "b set 8", "a set 7",
                                        "b set 7", "a add 3", "b add 3"});
}

TEST_CASE("multi: members of any registries see the same values [metrics/multi:1]") {
  const registry one;
  const registry two;
  auto reader = two.read_samples({.rate = [](auto, auto) { return 1.0; }});
  const multi gauges(one.gauge({.name = "g"}), two.gauge({.name = "g"}));
  for (const double v : {9.0, 8.0, 7.0})
    gauges.set(v);
  gauges.add(3);
  CHECK(reader.take().series.at(0).values == std::vector<double>{9, 8, 7, 10});
  CHECK(kit::testing::value_in(one.collect(), "g") == 10);

  const multi counters(one.counter({.name = "c"}), two.counter({.name = "c"}),
                       as_counter(two.gauge({.name = "x"})));
  counters.add();
  CHECK(kit::testing::check_counter(
            counters, [&] { return kit::testing::value_in(two.collect(), "x") - 1; }) == "");
  CHECK(kit::testing::value_in(one.collect(), "c") == kit::testing::value_in(two.collect(), "x"));

  std::vector<double> values;
  const multi histograms(one.histogram({.name = "h"}), observed{&values});
  histograms.observe(4);
  CHECK(values == std::vector<double>{4});
  CHECK(kit::testing::histogram_in(one.collect(), "h").count == 1);
}

TEST_CASE("multi: label values scope every member [metrics/multi:2]") {
  const registry one;
  const registry two;
  const multi families(one.counter({.name = "c"}, {"a", "b"}),
                       two.counter({.name = "d"}, {"b", "a"}));
  families.with("1", "2").add(5);
  CHECK(kit::testing::value_in(one.collect(), "c", {"1", "2"}) == 5);
  CHECK(kit::testing::value_in(two.collect(), "d", {"2", "1"}) == 5);
}

TEST_CASE(
    "convert: a counter as a histogram or a gauge and back still counts [metrics/convert:1]") {
  const registry r;
  const auto f = r.counter({.name = "c"}, {"x"});
  for (const auto* x : {"as histogram", "as gauge"}) {
    const auto c = f.with(x);
    const auto value = [&] { return kit::testing::value_in(r.collect(), "c", {x}); };
    if (x == std::string("as gauge")) {
      CHECK(kit::testing::check_counter(as_counter(as_gauge(c)), value) == "");
    } else {
      CHECK(kit::testing::check_counter(as_counter(as_histogram(c)), value) == "");
    }
    CHECK(value() > 0);
  }
}

TEST_CASE("convert: a histogram as a gauge and back keeps its quantiles [metrics/convert:2]") {
  const registry r;
  const auto h = r.histogram({.name = "h", .buckets = kit::metrics::exponential_buckets{}});
  CHECK(kit::testing::check_histogram(as_histogram(as_gauge(h)),
                                      [&](double q) { return h.data().quantile(q); }) == "");
  CHECK(h.data().count == 12'345);
}

TEST_CASE("convert: what each operation becomes") {
  std::vector<std::string> log;
  const recorder gauge{&log, "g"};
  as_histogram(gauge).observe(1);
  as_counter(gauge).add(2);
  CHECK(log == std::vector<std::string>{"g set 1", "g add 2"});
  std::vector<double> values;
  const as_gauge histogram(observed{&values});
  histogram.set(1);
  histogram.add(2);
  CHECK(values == std::vector<double>{1, 2});
}
