// InfluxDB's line protocol.
#include <kit/metrics/influx.hpp>

#include <chrono>
#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/metrics/detail/window.hpp>
#include <kit/testing/metrics.hpp>

#include "refusal.hpp"

using namespace kit::metrics;
using kit::testing::last_line;
using kit::testing::sum_lines;
using test::refusal;

namespace {

constexpr wall_time then{std::chrono::seconds(1'700'000'000)};

registry at(wall_time t) {
  return registry({.now = [t] { return t; }});
}
std::string lines(const registry& r, const influx_format& format = {}) {
  return influx_lines(detail::window(r).next(), format);
}

}  // namespace

TEST_CASE(
    "influx_lines: one line for each series, with its fields and a time [metrics/influx:2-4]") {
  const auto r = at(then);
  r.counter({.name = "influx_counter"}, {"error", "a"}).with(true, "b").add(1);
  r.gauge({.name = "influx_gauge"}, {"a"}).with("b").set(50);
  r.up_down_counter({.name = "influx_under_way"}).add(-2.5);
  const auto h = r.histogram({.name = "influx_histogram"}, {"foo", "error"});
  h.with("alpha", true).observe(1);
  h.with("beta", true).observe(2);
  CHECK(lines(r) ==
        "influx_counter,a=b,error=true count=1 1700000000000000000\n"
        "influx_gauge,a=b value=50 1700000000000000000\n"
        "influx_histogram,error=true,foo=alpha p50=1,p90=1,p95=1,p99=1 1700000000000000000\n"
        "influx_histogram,error=true,foo=beta p50=2,p90=2,p95=2,p99=2 1700000000000000000\n"
        "influx_under_way value=-2.5 1700000000000000000\n");
}

TEST_CASE("influx_lines: series that nothing happened to have none [metrics/influx:4]") {
  const auto r = at(then);
  const auto c = r.counter({.name = "c"});
  const auto g = r.gauge({.name = "g"});
  const auto h = r.histogram({.name = "h"});
  c.add(3);
  g.set(4);
  h.observe(5);
  const auto before = r.collect();
  CHECK(influx_lines(delta(before, r.collect()), {}) == "");
  c.add(60);
  g.set(4);
  CHECK(influx_lines(delta(before, r.collect()), {}) ==
        "c count=60 1700000000000000000\ng value=4 1700000000000000000\n");
}

TEST_CASE("influx_lines: the object's tags are overridden by the metric's [metrics/influx:1]") {
  const auto r = at(then);
  r.counter({.name = "c"}, {"m"}).with("own").add(1);
  r.counter({.name = "d"}, {"z"}).with("").add(1);
  CHECK(lines(r, {.tags = {{"z", "9"}, {"m", "object"}, {"b", "1"}}}) ==
        "c,b=1,m=own,z=9 count=1 1700000000000000000\n"
        "d,b=1,m=object count=1 1700000000000000000\n");
}

TEST_CASE("influx_lines: no value can be taken for syntax") {
  const auto r = at(then);
  r.counter({.name = "c"}, {"a"}).with("x y,z=1\\").add(1);
  CHECK(lines(r) == "c,a=x\\ y\\,z\\=1/ count=1 1700000000000000000\n");
  const auto escaped = [](std::string value) {
    const auto other = at(then);
    other.counter({.name = "c"}, {"a"}).with(value).add(1);
    const auto all = lines(other);
    return all.substr(4, all.find(" count") - 4);
  };
  CHECK(escaped("C:\\dir\\file") == "C:\\dir\\file");
  CHECK(escaped("a\\,b") == "a/\\,b");
  CHECK(escaped("a\\\nb") == "a/\\ b");
  CHECK(escaped("a\\\\") == "a\\/");
  CHECK(escaped("\"quoted\" \xc3\xa4") == "\"quoted\"\\ \xc3\xa4");
  CHECK(lines(r, {.tags = {{"k =", "v"}}}).starts_with("c,a=x\\ y\\,z\\=1/,k\\ \\==v "));
}

TEST_CASE("influx_lines: what isn't finite cannot be said") {
  const auto r = at(then);
  r.gauge({.name = "a"}).set(std::numeric_limits<double>::quiet_NaN());
  r.gauge({.name = "b"}).set(std::numeric_limits<double>::infinity());
  r.gauge({.name = "c"}).set(1e300);
  CHECK(lines(r) == "c value=1e+300 1700000000000000000\n");
}

TEST_CASE("influx_lines: timestamps in each precision [metrics/influx:5]") {
  const auto r = at(then + std::chrono::nanoseconds(123'456'789));
  r.counter({.name = "c"}).add(1);
  const auto with = [&](influx_precision p) { return lines(r, {.precision = p}); };
  CHECK(with(influx_precision::nanoseconds) == "c count=1 1700000000123456789\n");
  CHECK(with(influx_precision::microseconds) == "c count=1 1700000000123456\n");
  CHECK(with(influx_precision::milliseconds) == "c count=1 1700000000123\n");
  CHECK(with(influx_precision::seconds) == "c count=1 1700000000\n");
}

TEST_CASE("influx_lines: a histogram's own quantiles") {
  const auto r = at(then);
  r.histogram({.name = "h", .buckets = explicit_buckets{{2}}, .quantiles = {0.57, 0.999, 1}})
      .observe(1);
  CHECK(lines(r) == "h p57=1,p99.9=1,p100=1 1700000000000000000\n");
  CHECK(refusal([&] { lines(r, {.tags = {{"", "v"}}}); }) ==
        "invalid_argument: influx_format::tags: has an empty name or value");
}

TEST_CASE("influx_lines: teststat's checks [metrics/influx:2,3] [metrics/teststat:1-3]") {
  const auto r = at(then);
  const auto c = r.counter({.name = "c"}, {"a"});
  const auto g = r.gauge({.name = "g"}, {"a"});
  const auto h = r.histogram({.name = "h", .buckets = exponential_buckets{}}, {"a"});
  c.with("other").add(7);
  CHECK(kit::testing::check_counter(c.with("b"), [&] {
          return sum_lines(lines(r), "c,a=b count=([0-9.]+) [0-9]{19}");
        }) == "");
  CHECK(kit::testing::check_gauge(g.with("b"), [&] {
          return std::vector<double>{last_line(lines(r), "g,a=b value=([0-9.]+) [0-9]{19}")};
        }) == "");
  CHECK(kit::testing::check_histogram(h.with("b"), [&](double q) {
          const auto name = "p" + std::to_string(static_cast<int>(q * 100 + 0.5));
          return last_line(lines(r), "h,a=b .*" + name + "=([0-9.]+).*");
        }) == "");
}
