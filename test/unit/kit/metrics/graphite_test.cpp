#include <kit/metrics/graphite.hpp>

#include <chrono>
#include <cmath>
#include <string>

#include <doctest/doctest.h>
#include <asio/error.hpp>

#include <kit/testing/metrics.hpp>

#include "pushing.hpp"
#include "refusal.hpp"

using namespace std::chrono_literals;
using kit::metrics::graphite_labels;
using kit::metrics::graphite_text;
using kit::testing::check_counter;
using kit::testing::check_gauge;
using kit::testing::check_histogram;
using kit::testing::last_line;
using kit::testing::sum_lines;

namespace {

struct graphite : test::pushing<kit::metrics::graphite_exporter> {
  explicit graphite(kit::metrics::graphite_format format = {})
      : pushing(kit::metrics::graphite_options{.format = std::move(format)}) {}
};

}  // namespace

TEST_CASE("graphite: counters by difference, gauges by value, every time [metrics/graphite:1]") {
  graphite g({.prefix = "abc."});
  const auto c = g.metrics.counter({.name = "def"});
  const auto v = g.metrics.gauge({.name = "v"});
  c.add(15);
  CHECK(g.flush() == "abc.def 15.000000 1700000000\nabc.v 0.000000 1700000000\n");
  v.set(-2);
  CHECK(g.flush() == "abc.def 0.000000 1700000000\nabc.v -2.000000 1700000000\n");
  CHECK(g.flush() == "abc.def 0.000000 1700000000\nabc.v -2.000000 1700000000\n");
}

TEST_CASE("graphite: what was counted and set arrives [metrics/graphite:1]") {
  graphite g({.prefix = "abc."});
  CHECK(check_counter(g.metrics.counter({.name = "def"}),
                      [&] { return sum_lines(g.flush(), R"(abc\.def (\d+\.\d{6}) \d+)"); }) == "");
  CHECK(check_gauge(g.metrics.gauge({.name = "jkl"}), [&] {
          return std::vector{last_line(g.flush(), R"(abc\.jkl (\d+\.\d{6}) \d+)")};
        }) == "");
}

TEST_CASE("graphite: a histogram has four quantiles, −1 before any [metrics/graphite:2]") {
  graphite g;
  const auto h = g.metrics.histogram({.name = "h", .buckets = kit::metrics::exponential_buckets{}});
  CHECK(g.flush() ==
        "h.p50 -1.000000 1700000000\nh.p90 -1.000000 1700000000\n"
        "h.p95 -1.000000 1700000000\nh.p99 -1.000000 1700000000\n");
  std::string text;
  const auto shown = [&](double q) {
    if (text.empty()) text = g.flush();
    return last_line(text, "h\\.p" + std::to_string(std::lround(q * 100)) + " (.*) 1700000000");
  };
  CHECK(check_histogram(h, shown) == "");
  const auto before = text;
  CHECK(g.flush() == before);  // since the beginning
}

TEST_CASE("graphite: other quantiles where the metric has them") {
  graphite g;
  g.metrics.histogram({.name = "h", .quantiles = {0.5, 0.999}}).observe(2);
  CHECK(g.flush() == "h.p50 2.000000 1700000000\nh.p99_9 2.000000 1700000000\n");
}

TEST_CASE("graphite: one time for all of a flush [metrics/graphite:3]") {
  graphite g;
  g.metrics.counter({.name = "a"}).add(1);
  g.metrics.gauge({.name = "b"}).set(1);
  g.now += 61s + 999ms;
  CHECK(g.flush() == "a 1.000000 1700000061\nb 1.000000 1700000061\n");
}

TEST_CASE("graphite: labels go into the path, for none to overwrite another [metrics/graphite:4]") {
  graphite g({.prefix = "p.", .tags = {{"zone", "eu"}}});
  const auto c = g.metrics.counter({.name = "c"}, {"method", "error"});
  c.with("a/b.c", false).add(1);
  c.with("", true).add(2);
  g.metrics.histogram({.name = "h", .quantiles = {0.5}}, {"l"}).with("x").observe(1);
  CHECK(g.flush() ==
        "p.c.zone.eu.error.false.method.a_b_c 1.000000 1700000000\n"
        "p.c.zone.eu.error.true 2.000000 1700000000\n"
        "p.h.zone.eu.l.x.p50 1.000000 1700000000\n");
}

TEST_CASE("graphite: or labels are tags [metrics/graphite:4]") {
  graphite g({.labels = graphite_labels::tags, .tags = {{"zone", "eu"}}});
  g.metrics.counter({.name = "c"}, {"l"}).with("a b;c=d~\n").add(1);
  g.metrics.histogram({.name = "h", .quantiles = {0.5}}, {"l"}).with("x").observe(1);
  CHECK(g.flush() ==
        "c;zone=eu;l=a_b_c=d__ 1.000000 1700000000\n"
        "h.p50;zone=eu;l=x 1.000000 1700000000\n");
}

TEST_CASE("graphite: a second metric of a name is the first, or refused [metrics/graphite:5]") {
  graphite g;
  g.metrics.counter({.name = "c"}).add(1);
  g.metrics.counter({.name = "c"}).add(1);
  CHECK(g.flush() == "c 2.000000 1700000000\n");
  CHECK(test::refusal([&] { g.metrics.gauge({.name = "c"}); }).starts_with("already_exists"));
}

TEST_CASE("graphite: what isn't finite has no line") {
  graphite g;
  g.metrics.gauge({.name = "nan"}).set(std::nan(""));
  g.metrics.gauge({.name = "x"}).set(1);
  CHECK(g.flush() == "x 1.000000 1700000000\n");
}

TEST_CASE("graphite: what was counted while the server was down comes as one number") {
  graphite g;
  const auto c = g.metrics.counter({.name = "c"});
  const auto v = g.metrics.gauge({.name = "v"});
  const auto h = g.metrics.histogram({.name = "h", .quantiles = {1}});
  g.to->fail_open();
  for (int i = 1; i <= 3; ++i) {
    c.add(1);
    v.set(i);
    h.observe(i);
    g.failing();
  }
  g.to->fail_open({});
  g.to->answer([](std::string_view) { return kit::io_result{asio::error::connection_reset, 0}; });
  g.failing();
  g.to->answer(nullptr);
  g.now += 40s;
  CHECK(g.flush() == "c 3.000000 1700000040\nh.p100 3.000000 1700000040\nv 3.000000 1700000040\n");
  CHECK(g.flush() == "c 0.000000 1700000040\nh.p100 3.000000 1700000040\nv 3.000000 1700000040\n");
  CHECK(g.exporter.stats().values_lost == 0);
  CHECK(g.exporter.stats().failures == 4);
}

TEST_CASE("graphite: formats out of range are refused") {
  CHECK(test::refusal([] { graphite_text({}, {}, {.prefix = "a b"}); }) ==
        "invalid_argument: graphite_format::prefix: must be letters, digits, dots, '_' and '-'");
  CHECK(test::refusal([] { graphite g({.tags = {{"a", ""}}}); }) ==
        "invalid_argument: graphite_format::tags: has an empty name or value");
}
