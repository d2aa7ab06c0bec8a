#include <kit/metrics/registry.hpp>

#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/testing/metrics.hpp>

#include "refusal.hpp"

using kit::metrics::label;
using kit::metrics::metric_kind;
using kit::metrics::registry;
using kit::testing::histogram_in;
using kit::testing::value_in;
using test::refusal;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

kit::metrics::wall_time at(int second) {
  return kit::metrics::wall_time(std::chrono::seconds(second));
}

}  // namespace

TEST_CASE("registry: a metric without labels is there at once, with 0") {
  const registry r;
  const auto c = r.counter({.name = "c_total", .help = "Things.", .unit = "things"});
  CHECK(value_in(r.collect(), "c_total") == 0);
  c.add();
  c.add(2.5);
  CHECK(c.value() == 3.5);
  const auto s = r.collect();
  REQUIRE(s.families.size() == 1);
  const auto& f = s.families[0];
  CHECK(f.kind == metric_kind::counter);
  CHECK(f.help == "Things.");
  CHECK(f.unit == "things");
  CHECK(f.points.at(0).value == 3.5);
}

TEST_CASE("registry: sums of numbers that are exact stay exact [metrics/generic:1]") {
  const registry r;
  const auto c = r.counter({.name = "c"});
  CHECK(kit::testing::check_counter(c, [&] { return c.value(); }) == "");
  const auto g = r.gauge({.name = "g"});
  CHECK(kit::testing::check_gauge(g, [&] { return std::vector{g.value()}; }) == "");
}

TEST_CASE("registry: a counter only grows") {
  const registry r;
  const auto c = r.counter({.name = "c"});
  c.add(3);
  for (const double wrong : {-1.0, not_a_number, infinity, -infinity}) {
    c.add(wrong);
    CHECK(c.value() == 3);
  }
}

TEST_CASE("registry: an up-down counter also shrinks, and takes finite numbers only") {
  const registry r;
  const auto c = r.up_down_counter({.name = "c"});
  c.add(3);
  c.subtract(5);
  for (const double wrong : {not_a_number, infinity, -infinity})
    c.add(wrong);
  CHECK(c.value() == -2);
  CHECK(r.collect().families.at(0).kind == metric_kind::up_down_counter);
}

TEST_CASE(
    "registry: a gauge keeps what it was set to, however often it is read [metrics/statsd:D1]") {
  const registry r;
  const auto g = r.gauge({.name = "g"});
  g.set(5);
  g.add(2);
  g.subtract(1);
  CHECK(value_in(r.collect(), "g") == 6);
  CHECK(value_in(r.collect(), "g") == 6);
  g.add(1);
  CHECK(value_in(r.collect(), "g") == 7);
  g.set(infinity);
  CHECK(value_in(r.collect(), "g") == infinity);
}

TEST_CASE(
    "registry: a counter's window starts from zero, the counter goes on [metrics/generic:2]") {
  const registry r;
  const auto c = r.counter({.name = "c"});
  c.add(1);
  kit::metrics::counter_window window(c);
  kit::metrics::counter_window other(c);
  for (const double d : {123.0, 456.0, 789.0})
    c.add(d);
  CHECK(window.take() == 1368);
  CHECK(window.take() == 0);
  c.add(2);
  CHECK(window.take() == 2);
  CHECK(other.take() == 1370);  // one reader takes nothing away from another
  CHECK(c.value() == 1371);
}

TEST_CASE(
    "registry: the same description gives the same metric, another one is refused "
    "[metrics/expvar:3]") {
  const registry r;
  r.counter({.name = "c", .help = "h"}).add(1);
  r.counter({.name = "c", .help = "h"}).add(1);
  CHECK(value_in(r.collect(), "c") == 2);
  const auto other = "already_exists: metric 'c': is there with another description";
  CHECK(refusal([&] { r.counter({.name = "c", .help = "other"}); }) == other);
  CHECK(refusal([&] { r.counter({.name = "c", .help = "h"}, {"label"}); }) == other);
  CHECK(refusal([&] { r.gauge({.name = "c", .help = "h"}); }) == other);
  CHECK(refusal([&] { r.up_down_counter({.name = "c", .help = "h"}); }) == other);
  CHECK(refusal([&] { r.counter({.name = "c", .help = "h", .unit = "seconds"}); }) == other);
  const kit::metrics::histogram_description d{.name = "h",
                                              .buckets = kit::metrics::latency_buckets()};
  r.histogram(d);
  auto finer = d;
  finer.buckets = kit::metrics::exponential_buckets{};
  CHECK(refusal([&] { r.histogram(finer); }) ==
        "already_exists: metric 'h': is there with another description");
}

TEST_CASE("registry: names that Prometheus could not tell apart are refused") {
  const registry r;
  r.histogram({.name = "h"});
  r.counter({.name = "c"});
  CHECK(refusal([&] { r.gauge({.name = "h_sum"}); }) ==
        "already_exists: metric 'h_sum': 'h_sum' belongs to metric 'h'");
  CHECK(refusal([&] { r.counter({.name = "h_count"}, {"x"}); }) ==
        "already_exists: metric 'h_count': 'h_count' belongs to metric 'h'");
  CHECK(refusal([&] { r.counter({.name = "c_total"}); }) ==
        "already_exists: metric 'c_total': 'c' belongs to metric 'c'");
  CHECK(refusal([&] { r.gauge({.name = "c_total"}); }) ==
        "already_exists: metric 'c_total': 'c_total' belongs to metric 'c'");
  CHECK(r.collect().families.size() == 2);
}

TEST_CASE("registry: what is no name, or no unit, is refused") {
  const registry r;
  for (const char* name : {"", "1a", "a-b", "a.b", "a b", "\xc3\xa4"}) {
    CAPTURE(name);
    CHECK(refusal([&] { r.counter({.name = name}); }) ==
          "invalid_argument: metric '" + std::string(name) + "': that is no metric name");
  }
  CHECK(refusal([&] { r.counter({.name = "_:a1"}); }) == "");
  CHECK(refusal([&] { r.gauge({.name = "g", .help = "\xff"}); }) ==
        "invalid_argument: metric 'g': help: must be UTF-8");
  for (const auto& unit : {std::string("a\nb"), std::string("\x7f"), std::string(64, 'a')}) {
    CHECK(refusal([&] { r.gauge({.name = "g", .unit = unit}); }) ==
          "invalid_argument: metric 'g': unit: must be printable ASCII, at most 63 characters");
  }
  CHECK(r.collect().families.size() == 1);
}

TEST_CASE("registry: wrong settings are refused") {
  CHECK(refusal([] { registry({.max_series = 0}); }) ==
        "invalid_argument: registry_options::max_series: is 0");
  const registry r;
  using kit::metrics::explicit_buckets;
  using kit::metrics::exponential_buckets;
  const auto with = [&](kit::metrics::bucket_layout buckets) {
    return refusal([&] { r.histogram({.name = "h", .buckets = std::move(buckets)}); });
  };
  const std::string start = "invalid_argument: metric 'h': ";
  CHECK(with(explicit_buckets{}) == start + "explicit_buckets::bounds: must be from 1 to 1000");
  CHECK(with(explicit_buckets{{1, 1}}) == start + "explicit_buckets::bounds: must increase");
  CHECK(with(explicit_buckets{{1, not_a_number}}) ==
        start + "explicit_buckets::bounds: must be finite");
  CHECK(with(exponential_buckets{.scale = 9}) ==
        start + "exponential_buckets::scale: must be from 0 to 8");
  CHECK(with(exponential_buckets{.min_exponent = -1023}) ==
        start + "exponential_buckets::min_exponent: must be at least -1022");
  CHECK(with(exponential_buckets{.max_exponent = 1024}) ==
        start + "exponential_buckets::max_exponent: must be at most 1023");
  CHECK(with(exponential_buckets{.min_exponent = 3, .max_exponent = 3}) ==
        start + "exponential_buckets::max_exponent: must be above min_exponent");
  CHECK(refusal([&] { r.histogram({.name = "h", .quantiles = {0.5, 1.1}}); }) ==
        start + "quantiles: must be from 0 to 1");
  CHECK(refusal([&] { r.histogram({.name = "h", .quantiles = {0.9, 0.9}}); }) ==
        start + "quantiles: must increase");
  CHECK(r.collect().families.empty());
}

TEST_CASE("registry: default handles discard everything [metrics/discard:1]") {
  const kit::metrics::counter c;
  const kit::metrics::up_down_counter u;
  const kit::metrics::gauge g;
  const kit::metrics::histogram h;
  c.add(1);
  u.subtract(1);
  g.set(1);
  g.add(1);
  h.observe(1);
  h.observe(1, {{"a", "b"}});
  h.observe(1, kit::tracing::span_context{.trace_id = {1, 2}, .span_id = {3}});
  CHECK(c.value() == 0);
  CHECK(u.value() == 0);
  CHECK(g.value() == 0);
  CHECK(h.data().count == 0);
  const kit::metrics::counter_family<2> f;
  f.with("a", "b").add(1);
  CHECK(f.with("a", "b").value() == 0);
  CHECK_FALSE(f.remove("a", "b"));
}

TEST_CASE("registry: handles, families and registrations may outlive it") {
  std::optional<registry> r(std::in_place);
  const auto c = r->counter({.name = "c"});
  const auto f = r->histogram({.name = "h"}, {"a"});
  auto observed = r->observe_gauge({.name = "g"}, [] { return 1.0; });
  auto hook = r->on_collect([] {});
  auto reader = std::optional(r->read_samples({}));
  r.reset();
  c.add(1);
  CHECK(c.value() == 1);
  f.with("x").observe(1);
  CHECK(f.with("x").data().count == 1);
  CHECK(reader->take().series.size() == 1);
}

TEST_CASE("registry: copies share") {
  const registry r;
  const registry copy = r;
  copy.counter({.name = "c"}).add(2);
  CHECK(value_in(r.collect(), "c") == 2);
}

TEST_CASE("registry: observed values are asked for when metrics are collected") {
  const registry r;
  double connections = 3;
  {
    const auto gauge =
        r.observe_gauge({.name = "connections"}, {{"server", "b"}}, [&] { return connections; });
    const auto other =
        r.observe_gauge({.name = "connections"}, {{"server", "a"}}, [] { return 9.0; });
    const auto counter = r.observe_counter({.name = "accepted_total"}, [] { return 100.0; });
    connections = 4;
    const auto s = r.collect();
    CHECK(value_in(s, "connections", {"b"}) == 4);
    CHECK(value_in(s, "connections", {"a"}) == 9);
    CHECK(value_in(s, "accepted_total") == 100);
    CHECK(s.find("accepted_total")->kind == metric_kind::counter);
    CHECK(refusal([&] { r.gauge({.name = "connections"}, {"server"}).with("a"); }) ==
          "already_exists: metric 'connections': a function says the value of that series");
    CHECK(refusal([&] {
            auto again =
                r.observe_gauge({.name = "connections"}, {{"server", "a"}}, [] { return 0.0; });
          }) == "already_exists: metric 'connections': there is such a series");
    CHECK(refusal([&] { auto none = r.observe_gauge({.name = "none"}, nullptr); }) ==
          "invalid_argument: metric 'none': the function is empty");
  }
  CHECK(r.collect().families.empty());
}

TEST_CASE("registry: a function that throws leaves its value out, and nothing else") {
  const registry r;
  bool fail = true;
  const auto bad = r.observe_gauge({.name = "bad"}, [&]() -> double {
    if (fail) throw std::runtime_error("no");
    return 1;
  });
  const auto hook = r.on_collect([] { throw std::runtime_error("no"); });
  const auto good = r.observe_gauge({.name = "good"}, [] { return 2.0; });
  CHECK(r.collect().find("bad") == nullptr);
  CHECK(value_in(r.collect(), "good") == 2);
  fail = false;
  CHECK(value_in(r.collect(), "bad") == 1);
}

TEST_CASE("registry: on_collect comes before values are read, while its registration lives") {
  const registry r;
  const auto g = r.gauge({.name = "g"});
  int calls = 0;
  auto hook = r.on_collect([&] { g.set(++calls); });
  CHECK(value_in(r.collect(), "g") == 1);
  CHECK(value_in(r.collect(), "g") == 2);
  hook = {};
  CHECK(value_in(r.collect(), "g") == 2);
  CHECK(refusal([&] { auto none = r.on_collect(nullptr); }) ==
        "invalid_argument: registry::on_collect: the function is empty");
}

TEST_CASE("registry: a function may end its own registration") {
  const registry r;
  kit::metrics::registration self;
  int calls = 0;
  self = r.on_collect([&] {
    ++calls;
    self = {};
  });
  r.collect();
  r.collect();
  CHECK(calls == 1);
}

TEST_CASE("registry: a series knows when it was made") {
  auto now = at(100);
  const registry r({.now = [&] { return now; }});
  const auto f = r.counter({.name = "c"}, {"a"});
  f.with("x");
  now = at(200);
  f.with("y");
  now = at(300);
  const auto s = r.collect();
  CHECK(s.time == at(300));
  CHECK(s.families.at(0).points.at(0).start == at(100));
  CHECK(s.families.at(0).points.at(1).start == at(200));
}

TEST_CASE("registry: the mean of a histogram is that of its values [metrics/generic:10]") {
  const registry r;
  const auto h = r.histogram({.name = "h"});
  CHECK(h.data().mean() == 0);
  kit::random_source random(3);
  double sum = 0;
  for (int i = 0; i < 1'234; ++i) {
    const double v = random.uniform(0, 1000);
    sum += v;
    h.observe(v);
  }
  CHECK(std::abs(h.data().mean() - sum / 1'234) < 1e-9);
}
