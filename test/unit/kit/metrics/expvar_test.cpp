#include <kit/metrics/expvar.hpp>

#include <limits>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>
#include <kit/testing/metrics.hpp>

using kit::metrics::expvar_json;
using kit::metrics::registry;

namespace {

// The number of that name.
double shown(const registry& r, const std::string& name) {
  return kit::testing::last_line(expvar_json(r.collect()), "\"" + name + "\": ([^,]*),?");
}

}  // namespace

TEST_CASE("expvar: counters and gauges are numbers under their names [metrics/expvar:1,4]") {
  const registry r;
  const auto c = r.counter({.name = "requests_total"}, {"method", "error"});
  c.with("sum", false).add(15);
  r.gauge({.name = "b"}).set(0.25);
  r.up_down_counter({.name = "a"}).add(3);
  CHECK(expvar_json(r.collect()) ==
        "{\n"
        "\"a\": 3,\n"
        "\"b\": 0.25,\n"
        "\"requests_total{error=\\\"false\\\",method=\\\"sum\\\"}\": 15\n"
        "}\n");
  const auto plain = r.counter({.name = "plain"});
  CHECK(kit::testing::check_counter(plain, [&] { return shown(r, "plain"); }) == "");
  const auto g = r.gauge({.name = "g"});
  CHECK(kit::testing::check_gauge(g, [&] { return std::vector{shown(r, "g")}; }) == "");
}

TEST_CASE(
    "expvar: a histogram is four quantiles, refreshed by each observation [metrics/expvar:2]") {
  const registry r;
  const auto h = r.histogram({.name = "h", .buckets = kit::metrics::exponential_buckets{}});
  CHECK(expvar_json(r.collect()) ==
        "{\n\"h.p50\": -1,\n\"h.p90\": -1,\n\"h.p95\": -1,\n\"h.p99\": -1\n}\n");
  h.observe(7);
  CHECK(shown(r, "h.p50") == 7);
  const auto other = r.histogram({.name = "n", .buckets = kit::metrics::exponential_buckets{}});
  const auto quantile = [&](double q) {
    return shown(r, "n.p" + std::to_string(static_cast<int>(q * 100 + 0.5)));
  };
  CHECK(kit::testing::check_histogram(other, quantile) == "");
}

TEST_CASE("expvar: a histogram may say which quantiles, and has labels after them") {
  const registry r;
  r.histogram({.name = "h", .quantiles = {0.57, 0.999}}, {"x"}).with("\"1\"").observe(1);
  CHECK(expvar_json(r.collect()) ==
        "{\n\"h.p57{x=\\\"\\\\\\\"1\\\\\\\"\\\"}\": 1,\n"
        "\"h.p99.9{x=\\\"\\\\\\\"1\\\\\\\"\\\"}\": 1\n}\n");
}

TEST_CASE("expvar: numbers that JSON does not have are null; nothing is an empty object") {
  const registry r;
  CHECK(expvar_json(r.collect()) == "{\n}\n");
  r.gauge({.name = "g"}).set(std::numeric_limits<double>::quiet_NaN());
  CHECK(expvar_json(r.collect()) == "{\n\"g\": null\n}\n");
}

TEST_CASE("expvar: the handler [metrics/expvar:4]") {
  const registry r;
  r.gauge({.name = "g"}).set(1);
  const auto handler = kit::metrics::expvar_handler(r);
  kit::testing::loop loop;
  const auto answer = loop.start(handler(kit::http::request{})).value();
  CHECK(answer.headers.get("Content-Type") == "application/json; charset=utf-8");
  CHECK(answer.body.text() == "{\n\"g\": 1\n}\n");
  CHECK(loop.start(handler(kit::http::request{.method = kit::http::method::put})).value().status ==
        kit::http::status::method_not_allowed);
}
