#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/metrics/registry.hpp>
#include <kit/metrics/snapshot.hpp>
#include <kit/testing/metrics.hpp>

using namespace std::chrono_literals;
using kit::metrics::delta;
using kit::metrics::explicit_counts;
using kit::metrics::exponential_counts;
using kit::metrics::registry;
using kit::metrics::snapshot;
using kit::testing::histogram_in;
using kit::testing::value_in;

namespace {

// A registry with a time that the test sets.
struct world {
  kit::metrics::wall_time now{1'000s};
  registry metrics{{.now = [this] { return now; }}};

  snapshot later() {
    now += 10s;
    return metrics.collect();
  }
};

const kit::metrics::point& only_point(const snapshot& s, std::string_view name) {
  const auto* f = s.find(name);
  REQUIRE(f);
  REQUIRE(f->points.size() == 1);
  return f->points[0];
}

}  // namespace

TEST_CASE("delta: counters have what was added since; nothing counts twice [metrics/labels:7]") {
  world w;
  const auto c = w.metrics.counter({.name = "c"});
  c.add(5);
  const auto first = w.later();
  c.add(3);
  const auto second = w.later();
  c.add(1);  // during the flush: goes to the next
  const auto d = delta(first, second);
  CHECK(value_in(d, "c") == 3);
  CHECK(only_point(d, "c").start == first.time);
  CHECK(only_point(d, "c").updates == 1);
  CHECK(d.time == second.time);
  const auto third = w.later();
  CHECK(value_in(delta(second, third), "c") == 1);
  CHECK(only_point(delta(third, w.later()), "c").updates == 0);
}

TEST_CASE("delta: after a failure the next one has it all") {
  world w;
  const auto c = w.metrics.counter({.name = "c"});
  const auto sent = w.later();
  c.add(3);
  CHECK(value_in(delta(sent, w.later()), "c") == 3);  // and it could not be sent
  c.add(4);
  CHECK(value_in(delta(sent, w.later()), "c") == 7);
}

TEST_CASE("delta: gauges keep their value, and say whether they were set") {
  world w;
  const auto g = w.metrics.gauge({.name = "g"});
  const auto u = w.metrics.up_down_counter({.name = "u"});
  g.set(5);
  u.add(2);
  const auto first = w.later();
  auto d = delta(first, w.later());
  CHECK(value_in(d, "g") == 5);
  CHECK(only_point(d, "g").updates == 0);
  CHECK(value_in(d, "u") == 2);
  CHECK(only_point(d, "u").updates == 0);

  const auto second = w.later();
  g.set(5);  // to what it is
  u.subtract(1);
  d = delta(second, w.later());
  CHECK(value_in(d, "g") == 5);
  CHECK(only_point(d, "g").updates == 1);
  CHECK(value_in(d, "u") == 1);
  CHECK(only_point(d, "u").updates == 1);
}

TEST_CASE("delta: a gauge that is new counts as set when it was; NaN stays what it is") {
  world w;
  const auto f = w.metrics.gauge({.name = "g"}, {"x"});
  f.with("never");
  f.with("to zero").set(0);
  f.with("nan").set(std::numeric_limits<double>::quiet_NaN());
  const auto first = w.later();
  const auto updates = [](const snapshot& d) {
    std::vector<std::uint64_t> of_each;
    for (const auto& p : d.find("g")->points)
      of_each.push_back(p.updates);
    return of_each;
  };
  CHECK(updates(delta({}, first)) == std::vector<std::uint64_t>{1, 0, 1});
  CHECK(updates(delta(first, w.later())) == std::vector<std::uint64_t>{0, 0, 0});
}

TEST_CASE("delta: an observed gauge is set each time") {
  world w;
  const auto observed = w.metrics.observe_gauge({.name = "g"}, [] { return 1.0; });
  const auto first = w.later();
  CHECK(only_point(delta(first, w.later()), "g").updates == 1);
}

TEST_CASE("delta: a gauge that was never set is not touched, one that was, is") {
  world w;
  const auto g = w.metrics.gauge({.name = "g"});
  w.metrics.up_down_counter({.name = "u"});
  CHECK(only_point(delta({}, w.later()), "g").updates == 0);
  CHECK(only_point(delta({}, w.later()), "u").updates == 0);
  g.set(0);
  CHECK(only_point(delta({}, w.later()), "g").updates == 1);
}

TEST_CASE("delta: nothing before gives all since the beginning") {
  world w;
  w.metrics.counter({.name = "c"}).add(5);
  const auto made = w.now;
  const auto d = delta({}, w.later());
  CHECK(value_in(d, "c") == 5);
  CHECK(only_point(d, "c").start == made);
}

TEST_CASE("delta: series come and go") {
  world w;
  const auto f = w.metrics.counter({.name = "c"}, {"x"});
  for (const auto* x : {"a", "c", "e"})
    f.with(x).add(10);
  const auto first = w.later();
  f.remove("c");
  f.remove("e");
  w.now += 1s;
  f.with("b").add(1);
  f.with("e").add(20);  // another one, though it has more
  w.metrics.counter({.name = "new"}).add(7);
  const auto d = delta(first, w.later());
  CHECK(d.find("c")->points.size() == 3);
  CHECK(value_in(d, "c", {"a"}) == 0);
  CHECK(value_in(d, "c", {"b"}) == 1);
  CHECK(value_in(d, "c", {"e"}) == 20);
  CHECK(value_in(d, "new") == 7);
  CHECK(only_point(d, "new").start == first.time + 1s);
}

TEST_CASE("delta: a series that was made again within the clock's tick starts from zero") {
  world w;
  const auto f = w.metrics.counter({.name = "c"}, {"x"});
  f.with("a").add(10);
  const auto first = w.metrics.collect();
  f.remove("a");
  f.with("a").add(4);
  CHECK(value_in(delta(first, w.metrics.collect()), "c", {"a"}) == 4);
}

TEST_CASE("delta: histograms have what was observed since") {
  world w;
  const auto h =
      w.metrics.histogram({.name = "h", .buckets = kit::metrics::explicit_buckets{{1, 2, 4}}});
  h.observe(0.5);
  h.observe(100, {{"id", "old"}});
  const auto first = w.later();
  w.now += 1s;
  h.observe(3, {{"id", "new"}});
  h.observe(3.5);
  const auto d = histogram_in(delta(first, w.later()), "h");
  CHECK(d.count == 2);
  CHECK(d.sum == 6.5);
  CHECK_FALSE(d.min);
  CHECK_FALSE(d.max);
  CHECK(std::get<explicit_counts>(d.buckets).counts == std::vector<std::uint64_t>{0, 0, 2, 0});
  REQUIRE(d.exemplars.size() == 1);
  CHECK(d.exemplars[0].labels[0].value == "new");
  CHECK(d.quantile(0.5) == 3);
}

TEST_CASE("delta: exponential histograms, whatever range they had") {
  world w;
  const auto h = w.metrics.histogram({.name = "h",
                                      .buckets = kit::metrics::exponential_buckets{
                                          .scale = 0, .min_exponent = -4, .max_exponent = 8}});
  h.observe(3);
  h.observe(100);
  h.observe(0);
  const auto first = w.later();
  h.observe(3);
  h.observe(0.3);
  h.observe(1000);
  const auto second = w.later();
  const auto d = histogram_in(delta(first, second), "h");
  const auto& e = std::get<exponential_counts>(d.buckets);
  CHECK(d.count == 3);
  CHECK(e.offset == -2);
  CHECK(e.counts == std::vector<std::uint64_t>{1, 0, 0, 1});
  CHECK(e.overflow == 1);
  CHECK(e.zero_count == 0);
  const auto none = histogram_in(delta(second, w.later()), "h");
  CHECK(none.count == 0);
  CHECK(std::get<exponential_counts>(none.buckets).counts.empty());
}
