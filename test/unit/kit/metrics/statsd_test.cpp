#include <kit/metrics/statsd.hpp>

#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <kit/testing/metrics.hpp>

#include "pushing.hpp"
#include "refusal.hpp"

using kit::metrics::explicit_buckets;
using kit::metrics::statsd_dialect;
using kit::metrics::statsd_text;
using kit::metrics::statsd_values;
using kit::testing::check_counter;
using kit::testing::check_gauge;
using kit::testing::check_histogram;
using kit::testing::last_line;
using kit::testing::quantile_of_lines;
using kit::testing::sum_lines;
using test::statsd;
using test::statsd_of;

TEST_CASE("statsd: prefix and name as one, six decimals [metrics/statsd:1,2]") {
  statsd s(statsd_of({.prefix = "abc."}));
  const auto c = s.metrics.counter({.name = "def"});
  c.add(100);
  c.add(23);
  CHECK(s.flush() == "abc.def:123.000000|c\n");
  CHECK(s.flush() == "");  // not touched
  c.add(0);
  CHECK(s.flush() == "");
  c.add(0.5);
  CHECK(s.flush() == "abc.def:0.500000|c\n");
}

TEST_CASE("statsd: a counter has the sum of all additions [metrics/statsd:1,2]") {
  statsd s(statsd_of({.prefix = "abc."}));
  CHECK(check_counter(s.metrics.counter({.name = "def"}),
                      [&] { return sum_lines(s.flush(), R"(abc\.def:(\d+\.\d{6})\|c)"); }) == "");
}

TEST_CASE("statsd: a gauge has its last value, once, when touched [metrics/statsd:1,3]") {
  statsd s(statsd_of({.prefix = "ghi."}));
  const auto g = s.metrics.gauge({.name = "jkl"});
  CHECK(s.flush() == "");  // never set
  CHECK(check_gauge(g, [&] {
          return std::vector{last_line(s.flush(), R"(ghi\.jkl:(\d+\.\d{6})\|g)")};
        }) == "");
  CHECK(s.flush() == "");
  g.set(7);
  g.set(7);
  CHECK(s.flush() == "ghi.jkl:7.000000|g\n");
  g.set(7);
  CHECK(s.flush() == "ghi.jkl:7.000000|g\n");
}

TEST_CASE("statsd: a gauge is not forgotten when it was sent [metrics/statsd:3]") {
  statsd s(statsd_of({}));
  const auto g = s.metrics.gauge({.name = "g"});
  g.set(5);
  g.add(1);
  CHECK(s.flush() == "g:6.000000|g\n");
  g.add(1);
  CHECK(s.flush() == "g:7.000000|g\n");
}

TEST_CASE("statsd: a gauge below zero is set, not decremented") {
  statsd s(statsd_of({}));
  const auto g = s.metrics.gauge({.name = "g"});
  g.set(-3);
  CHECK(s.flush() == "g:0.000000|g\ng:-3.000000|g\n");
  g.set(-0.000'000'1);
  CHECK(s.flush() == "g:0.000000|g\n");
  CHECK(s.exporter.stats().values_sent == 2);
}

TEST_CASE("statsd: what counts up and down is a gauge") {
  statsd s(statsd_of({}));
  const auto u = s.metrics.up_down_counter({.name = "u"});
  u.add(2);
  CHECK(s.flush() == "u:2.000000|g\n");
  u.subtract(5);
  CHECK(s.flush() == "u:0.000000|g\nu:-3.000000|g\n");
  CHECK(s.flush() == "");
}

TEST_CASE("statsd: what isn't finite has no line") {
  statsd s(statsd_of({}));
  const auto g = s.metrics.gauge({.name = "g"});
  for (const double v : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    g.set(v);
    CHECK(s.flush() == "");
  }
  g.set(1e18);
  CHECK(s.flush() == "g:1000000000000000000.000000|g\n");
}

TEST_CASE("statsd: a timing has a line for each observation [metrics/statsd:4]") {
  statsd s(statsd_of({.prefix = "statsd."}));
  const auto t = s.metrics.histogram({.name = "t", .unit = "milliseconds"});
  t.observe(3.25);
  t.observe(3);
  t.observe(3.25);
  CHECK(s.flush() == "statsd.t:3.250000|ms\nstatsd.t:3.000000|ms\nstatsd.t:3.250000|ms\n");
  CHECK(s.flush() == "");
  CHECK(check_histogram(t, [&, text = std::string()](double q) mutable {
          text += s.flush();
          return quantile_of_lines(text, R"(statsd\.t:(\d+\.\d{6})\|ms)", q);
        }) == "");
}

TEST_CASE("statsd: timings are milliseconds, whatever the histogram observes [metrics/statsd:4]") {
  statsd s(statsd_of({}));
  s.metrics.histogram({.name = "latency", .unit = "seconds"}).observe(0.0125);
  s.metrics.histogram({.name = "size", .unit = "bytes"}).observe(512);
  CHECK(s.flush() == "latency:12.500000|ms\nsize:512.000000|ms\n");
  s.metrics.histogram({.name = "took_seconds"}).observe(0.25);  // the name says it, too
  CHECK(s.flush() == "took_seconds:250.000000|ms\n");
}

TEST_CASE("statsd: with a rate, that part of the values is sent, and says so [metrics/statsd:5]") {
  statsd s(statsd_of({.prefix = "statsd."}, 0.25));
  const auto t = s.metrics.histogram({.name = "t", .unit = "milliseconds"});
  for (int i = 0; i < 10'000; ++i)
    t.observe(3);
  const auto text = s.flush();
  CHECK(text.starts_with("statsd.t:3.000000|ms|@0.250000\nstatsd.t:3.0"));
  const double sum = sum_lines(text, R"(statsd\.t:(\d+\.\d{6})\|ms\|@0\.250000)");
  CHECK(sum / 0.25 == doctest::Approx(30'000).epsilon(0.1));
}

TEST_CASE("statsd: no rate on what is whole: counters, gauges, all values [metrics/statsd:5]") {
  statsd s(statsd_of({}, 0.5));
  s.metrics.counter({.name = "c"}).add(2);
  s.metrics.gauge({.name = "g"}).set(2);
  CHECK(s.flush() == "c:2.000000|c\ng:2.000000|g\n");
  statsd whole(statsd_of({}, 7));
  whole.metrics.histogram({.name = "h"}).observe(1);
  CHECK(whole.flush() == "h:1.000000|ms\n");
}

TEST_CASE("statsd: a rate too small for six decimals is the smallest that they say; 0 is none") {
  const kit::metrics::samples few{
      .series = {{.name = "h", .labels = {}, .rate = 1e-9, .values = {1}}}};
  CHECK(statsd_text({}, few, {}) == "h:1.000000|ms|@0.000001\n");
  statsd none(statsd_of({}, 0));
  none.metrics.histogram({.name = "h"}).observe(1);
  CHECK(none.flush() == "");
  CHECK(none.exporter.stats().values_lost == 0);
}

TEST_CASE("statsd: counters, then gauges, then timings [metrics/statsd:6]") {
  statsd s(statsd_of({}));
  s.metrics.histogram({.name = "a"}).observe(1);
  s.metrics.gauge({.name = "b"}).set(1);
  s.metrics.counter({.name = "c"}).add(1);
  s.metrics.counter({.name = "d"}).add(1);
  CHECK(s.flush() == "c:1.000000|c\nd:1.000000|c\nb:1.000000|g\na:1.000000|ms\n");
}

TEST_CASE("statsd: labels are parts of the name, so that no gauge overwrites another") {
  statsd s(statsd_of({.tags = {{"zone", "eu.1"}}}));
  const auto g = s.metrics.gauge({.name = "g"}, {"room", "floor"});
  g.with("a b", 1).set(20);
  g.with("", 1).set(21);
  CHECK(s.flush() ==
        "g.zone.eu_1.floor.1:21.000000|g\n"
        "g.zone.eu_1.floor.1.room.a_b:20.000000|g\n");
}

TEST_CASE("statsd: no name and no label forges a line") {
  statsd s(statsd_of({}));
  s.metrics.counter({.name = "rule:requests"}).add(1);
  s.metrics.counter({.name = "c"}, {"l"}).with("x:1|c\nforged:1|c|@0.1|#a,b").add(1);
  CHECK(s.flush() == "c.l.x_1_c_forged_1_c__0_1__a_b:1.000000|c\nrule_requests:1.000000|c\n");
}

TEST_CASE("statsd: formats out of range are refused") {
  using test::refusal;
  const auto refused = [](kit::metrics::statsd_format f) {
    return refusal([&] { statsd_text({}, {}, f); });
  };
  CHECK(refused({.prefix = "a:1|c\nb"}) ==
        "invalid_argument: statsd_format::prefix: must be letters, digits, dots, '_' and '-'");
  CHECK(refused({.tags = {{"a", ""}}}) ==
        "invalid_argument: statsd_format::tags: has an empty name or value");
  CHECK(refused({.tags = {{"", "a"}}}) != "");
  const std::string values =
      "invalid_argument: statsd_format::values: the dialect doesn't have them";
  CHECK(refused({.values = statsd_values::histogram}) == values);
  CHECK(refused({.values = statsd_values::distribution}) == values);
  CHECK(refused({.dialect = statsd_dialect::influxstatsd, .values = statsd_values::distribution}) ==
        values);
  CHECK(refused({.dialect = statsd_dialect::influxstatsd, .values = statsd_values::histogram}) ==
        "");
  CHECK(refused({.dialect = statsd_dialect::dogstatsd, .values = statsd_values::distribution}) ==
        "");
  CHECK(refusal([] { statsd s(kit::metrics::statsd_options{.max_values = 0}); }) ==
        "invalid_argument: sampling::capacity: is 0");
}
