#include <kit/metrics/prometheus.hpp>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>
#include <kit/testing/metrics.hpp>

#include "refusal.hpp"

using namespace std::chrono_literals;
using kit::metrics::openmetrics_text;
using kit::metrics::prometheus_text;
using kit::metrics::registry;

namespace {

// A registry at a fixed time.
registry fixed() {
  return registry({.now = [] { return kit::metrics::wall_time(1'700'000'000'125ms); }});
}

kit::http::response get(const registry& r, std::string_view accept,
                        kit::http::method method = kit::http::method::get) {
  kit::http::request req;
  req.method = method;
  if (!accept.empty()) req.headers.set("Accept", accept);
  kit::testing::loop loop;
  return loop.start(kit::metrics::prometheus_handler(r)(std::move(req))).value();
}

}  // namespace

TEST_CASE("prometheus: an empty registry is an empty page") {
  CHECK(prometheus_text(fixed().collect()).empty());
  CHECK(openmetrics_text(fixed().collect()) == "# EOF\n");
}

TEST_CASE("prometheus: a counter with sorted labels [metrics/prometheus:1,6]") {
  const auto r = fixed();
  const auto f = r.counter({.name = "ns_ss_foo", .help = "Foos."}, {"beta", "alpha"});
  f.with("beta-value", "alpha-value").add(15);
  CHECK(prometheus_text(r.collect()) ==
        "# HELP ns_ss_foo_total Foos.\n"
        "# TYPE ns_ss_foo_total counter\n"
        "ns_ss_foo_total{alpha=\"alpha-value\",beta=\"beta-value\"} 15\n");
  CHECK(openmetrics_text(r.collect()) ==
        "# HELP ns_ss_foo Foos.\n"
        "# TYPE ns_ss_foo counter\n"
        "ns_ss_foo_total{alpha=\"alpha-value\",beta=\"beta-value\"} 15\n"
        "ns_ss_foo_created{alpha=\"alpha-value\",beta=\"beta-value\"} 1700000000.125\n"
        "# EOF\n");
}

TEST_CASE("prometheus: _total is not doubled; units show where the name ends in them") {
  const auto r = fixed();
  r.counter({.name = "cpu_seconds_total", .unit = "seconds"}).add(0.1);
  r.gauge({.name = "heap_bytes", .unit = "bytes"}).set(1e9);
  r.gauge({.name = "load", .unit = "ratio"}).set(-0.5);
  r.gauge({.name = "xbytes", .unit = "bytes"}).set(1);
  CHECK(prometheus_text(r.collect()) ==
        "# TYPE cpu_seconds_total counter\n"
        "cpu_seconds_total 0.1\n"
        "# TYPE heap_bytes gauge\n"
        "heap_bytes 1e+09\n"
        "# TYPE load gauge\n"
        "load -0.5\n"
        "# TYPE xbytes gauge\n"
        "xbytes 1\n");
  CHECK(openmetrics_text(r.collect()) ==
        "# TYPE cpu_seconds counter\n"
        "# UNIT cpu_seconds seconds\n"
        "cpu_seconds_total 0.1\n"
        "cpu_seconds_created 1700000000.125\n"
        "# TYPE heap_bytes gauge\n"
        "# UNIT heap_bytes bytes\n"
        "heap_bytes 1e+09\n"
        "# TYPE load gauge\n"
        "load -0.5\n"
        "# TYPE xbytes gauge\n"
        "xbytes 1\n"
        "# EOF\n");
}

TEST_CASE("prometheus: up-down counters are gauges; numbers that are none have names") {
  const auto r = fixed();
  r.up_down_counter({.name = "a"}).subtract(3);
  const auto f = r.gauge({.name = "b"}, {"x"});
  f.with(1).set(std::numeric_limits<double>::infinity());
  f.with(2).set(-std::numeric_limits<double>::infinity());
  f.with(3).set(std::numeric_limits<double>::quiet_NaN());
  CHECK(prometheus_text(r.collect()) ==
        "# TYPE a gauge\na -3\n"
        "# TYPE b gauge\nb{x=\"1\"} +Inf\nb{x=\"2\"} -Inf\nb{x=\"3\"} NaN\n");
}

TEST_CASE("prometheus: what would break a line is escaped") {
  const auto r = fixed();
  r.gauge({.name = "g", .help = "a \"b\"\\\nc"}, {"x"}).with("a \"b\"\\\nc").set(1);
  CHECK(prometheus_text(r.collect()) ==
        "# HELP g a \"b\"\\\\\\nc\n# TYPE g gauge\ng{x=\"a \\\"b\\\"\\\\\\nc\"} 1\n");
  CHECK(openmetrics_text(r.collect()) ==
        "# HELP g a \\\"b\\\"\\\\\\nc\n# TYPE g gauge\ng{x=\"a \\\"b\\\"\\\\\\nc\"} 1\n# EOF\n");
}

TEST_CASE(
    "prometheus: a histogram's buckets are cumulative and end with the count "
    "[metrics/prometheus:4]") {
  const auto r = fixed();
  const auto h =
      r.histogram({.name = "h", .buckets = kit::metrics::explicit_buckets{{0.5, 425, 1e6}}}, {"x"});
  const auto one = h.with(1);
  one.observe(0.25);
  one.observe(0.5);
  one.observe(300);
  one.observe(1e7);
  CHECK(prometheus_text(r.collect()) ==
        "# TYPE h histogram\n"
        "h_bucket{x=\"1\",le=\"0.5\"} 2\n"
        "h_bucket{x=\"1\",le=\"425\"} 3\n"
        "h_bucket{x=\"1\",le=\"1e+06\"} 3\n"
        "h_bucket{x=\"1\",le=\"+Inf\"} 4\n"
        "h_sum{x=\"1\"} 10000300.75\n"
        "h_count{x=\"1\"} 4\n");
  CHECK(openmetrics_text(r.collect()) ==
        "# TYPE h histogram\n"
        "h_bucket{x=\"1\",le=\"0.5\"} 2\n"
        "h_bucket{x=\"1\",le=\"425.0\"} 3\n"
        "h_bucket{x=\"1\",le=\"1e+06\"} 3\n"
        "h_bucket{x=\"1\",le=\"+Inf\"} 4\n"
        "h_sum{x=\"1\"} 10000300.75\n"
        "h_count{x=\"1\"} 4\n"
        "h_created{x=\"1\"} 1700000000.125\n"
        "# EOF\n");
}

TEST_CASE(
    "prometheus: the buckets of a normal distribution hold what they should "
    "[metrics/prometheus:4]") {
  const auto r = fixed();
  const auto h = r.histogram({.name = "h", .buckets = kit::metrics::linear_buckets(425, 25, 7)});
  kit::random_source random(1);
  const kit::testing::normal n;
  kit::testing::fill_histogram(h, random, n);
  const auto text = prometheus_text(r.collect());
  for (int bound = 425; bound <= 575; bound += 25) {
    CAPTURE(bound);
    const auto have = kit::testing::last_line(
        text, "h_bucket\\{le=\"" + std::to_string(bound) + "\"\\} ([0-9]+)");
    CHECK(std::abs(have - n.count_below(bound)) < 0.02 * static_cast<double>(n.count));
  }
  CHECK(kit::testing::last_line(text, "h_bucket\\{le=\"\\+Inf\"\\} ([0-9]+)") == 12'345);
  CHECK(kit::testing::last_line(text, "h_count ([0-9]+)") == 12'345);
}

TEST_CASE("prometheus: exemplars stand at their buckets in OpenMetrics, and nowhere else") {
  const auto r = fixed();
  const auto h = r.histogram({.name = "h", .buckets = kit::metrics::explicit_buckets{{1, 2}}});
  h.observe(1.5, {{"trace_id", "ab\"c"}, {"n", "1"}});
  h.observe(9, {{"trace_id", "x"}});
  h.observe(0.5, std::vector<kit::metrics::label>());
  CHECK(openmetrics_text(r.collect()) ==
        "# TYPE h histogram\n"
        "h_bucket{le=\"1.0\"} 1 # {} 0.5 1700000000.125\n"
        "h_bucket{le=\"2.0\"} 2 # {trace_id=\"ab\\\"c\",n=\"1\"} 1.5 1700000000.125\n"
        "h_bucket{le=\"+Inf\"} 3 # {trace_id=\"x\"} 9 1700000000.125\n"
        "h_sum 11\n"
        "h_count 3\n"
        "h_created 1700000000.125\n"
        "# EOF\n");
  CHECK(prometheus_text(r.collect()).find(" # ") == std::string::npos);
}

TEST_CASE("prometheus: with negative bounds OpenMetrics allows no sum and count") {
  const auto r = fixed();
  r.histogram({.name = "h", .buckets = kit::metrics::explicit_buckets{{-1, 1}}}).observe(-3);
  CHECK(openmetrics_text(r.collect()) ==
        "# TYPE h histogram\n"
        "h_bucket{le=\"-1.0\"} 1\n"
        "h_bucket{le=\"1.0\"} 1\n"
        "h_bucket{le=\"+Inf\"} 1\n"
        "h_created 1700000000.125\n"
        "# EOF\n");
  CHECK(prometheus_text(r.collect()).find("h_sum -3\nh_count 1\n") != std::string::npos);
}

TEST_CASE("prometheus: an exponential histogram is shown in so many buckets") {
  const auto r = fixed();
  const auto h = r.histogram({.name = "h", .buckets = kit::metrics::exponential_buckets{}});
  CHECK(prometheus_text(r.collect()) ==
        "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 0\nh_sum 0\nh_count 0\n");
  h.observe(1.5);
  h.observe(8);
  CHECK(prometheus_text(r.collect(), {.max_exponential_buckets = 3}) ==
        "# TYPE h histogram\n"
        "h_bucket{le=\"1\"} 0\n"
        "h_bucket{le=\"2\"} 1\n"
        "h_bucket{le=\"4\"} 1\n"
        "h_bucket{le=\"8\"} 2\n"
        "h_bucket{le=\"+Inf\"} 2\n"
        "h_sum 9.5\n"
        "h_count 2\n");
  const auto buckets = kit::testing::numbers_in_lines(prometheus_text(r.collect()),
                                                      "h_bucket\\{le=\"[0-9.]+\"\\} ([0-9]+)");
  CHECK(buckets.size() <= 33);
  CHECK(buckets.size() > 15);
}

TEST_CASE("prometheus: a histogram with quantiles is a summary [metrics/prometheus:3]") {
  const auto r = fixed();
  const auto f = r.histogram({.name = "s",
                              .buckets = kit::metrics::exponential_buckets{},
                              .quantiles = {0, 0.5, 0.9, 0.95, 0.99, 1}},
                             {"b", "a"});
  const auto s = f.with("b", "a");
  CHECK(prometheus_text(r.collect())
            .starts_with("# TYPE s summary\ns{a=\"a\",b=\"b\",quantile=\"0\"} NaN\n"));
  const auto shown = [&](double q) {
    std::string name = std::to_string(q);
    name.erase(name.find_last_not_of('0') + 1);
    return kit::testing::last_line(prometheus_text(r.collect()),
                                   "s\\{a=\"a\",b=\"b\",quantile=\"" + name + "\"\\} (.*)");
  };
  CHECK(kit::testing::check_histogram(s, shown) == "");
  const auto text = openmetrics_text(r.collect());
  CHECK(text.find("s{a=\"a\",b=\"b\",quantile=\"1.0\"} ") != std::string::npos);
  CHECK(text.find("s_count{a=\"a\",b=\"b\"} 12345\n") != std::string::npos);
  CHECK(text.find("s_sum{a=\"a\",b=\"b\"} ") != std::string::npos);
  CHECK(text.find("_bucket") == std::string::npos);
}

TEST_CASE("prometheus: the handler speaks what is asked for [metrics/prometheus:6]") {
  const auto r = fixed();
  r.counter({.name = "c"}).add(1);
  const auto text = prometheus_text(r.collect());
  for (const auto* accept :
       {"", "*/*", "text/plain", "text/html,*/*;q=0.8", "text/plain;version=0.0.4", "nonsense",
        "image/png", "application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.5"}) {
    CAPTURE(accept);
    const auto answer = get(r, accept);
    CHECK(answer.status == kit::http::status::ok);
    CHECK(answer.headers.get("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(answer.body.text() == text);
  }
  for (const auto* accept :
       {"application/openmetrics-text", "application/openmetrics-text; version=1.0.0",
        "application/openmetrics-text;version=1.0.0,application/"
        "openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"}) {
    CAPTURE(accept);
    const auto answer = get(r, accept);
    CHECK(answer.headers.get("Content-Type") ==
          "application/openmetrics-text; version=1.0.0; charset=utf-8");
    CHECK(answer.headers.get("Vary") == "Accept");
    CHECK(answer.body.text() == openmetrics_text(r.collect()));
  }
}

TEST_CASE("prometheus: the handler is for reading only") {
  const auto r = fixed();
  CHECK(get(r, "", kit::http::method::head).status == kit::http::status::ok);
  const auto refused = get(r, "", kit::http::method::post);
  CHECK(refused.status == kit::http::status::method_not_allowed);
  CHECK(refused.headers.get("Allow") == "GET, HEAD");
  CHECK(test::refusal([&] {
          kit::metrics::prometheus_handler(r, {.max_exponential_buckets = 1});
        }) == "invalid_argument: prometheus_options::max_exponential_buckets: must be at least 2");
}
