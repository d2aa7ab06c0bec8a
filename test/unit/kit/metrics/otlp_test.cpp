#include <kit/metrics/otlp.hpp>

#include <chrono>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/codec/protobuf.hpp>
#include <kit/testing/loop.hpp>

#include "http_backend.hpp"
#include "refusal.hpp"

using namespace kit::metrics;
using namespace std::chrono_literals;
namespace json = kit::json;
namespace otlp = kit::otlp;
namespace protobuf = kit::protobuf;
using kit::errc;
using kit::http::status;
using request = otlp::export_metrics_service_request;

namespace {

const kit::tracing::span_context traced{.trace_id = {0x5b8efff798038103, 0xd269b633813fc60c},
                                        .span_id = {0xeee19b7ec3c1b174},
                                        .flags = kit::tracing::trace_flags::sampled};

struct fixture {
  explicit fixture(otlp_options o = {}) {
    o.resource = {{"service.name", {"shop"}}};
    o.push.on_error = [this](const kit::error& e) { errors.emplace_back(e.message()); };
    exporter.emplace(metrics, server.endpoint(), std::move(o));
    server.otherwise = {.status = status::ok};
  }

  kit::result<void> flush() { return loop.start(exporter->flush()).value(); }
  request sent(std::size_t i) const { return protobuf::decode<request>(server.body(i)).value(); }
  const otlp::metric& metric(std::string_view name) {
    message = to_otlp(metrics.collect(), {});
    for (const auto& m : message.resource_metrics.at(0).scope_metrics.at(0).metrics)
      if (m.name == name) return m;
    throw std::out_of_range("no such metric");
  }

  wall_time now{std::chrono::seconds(1'700'000'000)};
  registry metrics{{.now = [this] { return now; }}};
  std::vector<std::string> errors;
  test::http_backend server;
  kit::testing::loop loop;
  std::optional<otlp_exporter> exporter;
  request message;
};

const otlp::metric& find(const request& r, std::string_view name) {
  for (const auto& m : r.resource_metrics.at(0).scope_metrics.at(0).metrics)
    if (m.name == name) return m;
  throw std::out_of_range("no such metric");
}
bool has(const request& r, std::string_view name) {
  for (const auto& group : r.resource_metrics)
    for (const auto& m : group.scope_metrics.at(0).metrics)
      if (m.name == name) return true;
  return false;
}
const otlp::sum& sum_of(const otlp::metric& m) {
  return std::get<otlp::sum>(m.data);
}
double value_of(const otlp::number_data_point& p) {
  return std::get<otlp::real>(p.value).value;
}
const otlp::exponential_histogram_data_point& exponential(const otlp::metric& m) {
  return std::get<otlp::exponential_histogram>(m.data).data_points.at(0);
}
std::uint64_t total(const std::vector<otlp::fixed64>& counts) {
  std::uint64_t all = 0;
  for (const auto n : counts)
    all += n.value;
  return all;
}

}  // namespace

TEST_CASE("otlp: counters and gauges as JSON") {
  wall_time now{1'700'000'000s};
  const registry metrics{{.now = [&] { return now; }}};
  metrics.counter({.name = "calls_total", .help = "Calls.", .unit = "bytes"}, {"error", "method"})
      .with(true, "sum")
      .add(15);
  metrics.up_down_counter({.name = "running"}).add(-2);
  metrics.gauge({.name = "warmth", .unit = "celsius"}).set(0.5);
  now += 1500ms;
  CHECK(json::encode(to_otlp(metrics.collect(), {{"service.name", {"shop"}}})).value() ==
        R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name",)"
        R"("value":{"stringValue":"shop"}}]},"scopeMetrics":[{"scope":{"name":"cokit",)"
        R"("version":"0.1.0"},"metrics":[{"name":"calls_total","description":"Calls.",)"
        R"("unit":"By","sum":{"dataPoints":[{"attributes":[{"key":"error",)"
        R"("value":{"stringValue":"true"}},{"key":"method","value":{"stringValue":"sum"}}],)"
        R"("startTimeUnixNano":"1700000000000000000","timeUnixNano":"1700000001500000000",)"
        R"("asDouble":15}],"aggregationTemporality":2,"isMonotonic":true}},)"
        R"({"name":"running","sum":{"dataPoints":[{)"
        R"("startTimeUnixNano":"1700000000000000000","timeUnixNano":"1700000001500000000",)"
        R"("asDouble":-2}],"aggregationTemporality":2,"isMonotonic":false}},)"
        R"({"name":"warmth","unit":"Cel","gauge":{"dataPoints":[{)"
        R"("timeUnixNano":"1700000001500000000","asDouble":0.5}]}}]}]}]})");
}

TEST_CASE("otlp: a histogram with chosen bounds, and its exemplars") {
  fixture f;
  const auto h =
      f.metrics.histogram({.name = "took", .unit = "seconds", .buckets = explicit_buckets{{1, 2}}});
  h.observe(0.5, traced);
  h.observe(1);
  h.observe(7, {{"user", "7"}, {"trace_id", "none"}});
  const auto& m = f.metric("took");
  CHECK(m.unit == "s");
  const auto& data = std::get<otlp::histogram>(m.data);
  CHECK(data.aggregation_temporality == otlp::cumulative);
  const auto& p = data.data_points.at(0);
  CHECK(p.count.value == 3);
  CHECK(p.sum.value().value == 8.5);
  CHECK(p.min.value().value == 0.5);
  CHECK(p.max.value().value == 7);
  CHECK(p.explicit_bounds == std::vector<double>{1, 2});
  CHECK(p.bucket_counts == std::vector<otlp::fixed64>{{2}, {0}, {1}});
  REQUIRE(p.exemplars.size() == 2);
  CHECK(json::encode(p.exemplars[0]).value() ==
        R"({"timeUnixNano":"1700000000000000000","asDouble":0.5,"spanId":"eee19b7ec3c1b174",)"
        R"("traceId":"5b8efff798038103d269b633813fc60c"})");
  CHECK(json::encode(p.exemplars[1]).value() ==  // what is no id is an attribute like others
        R"({"filteredAttributes":[{"key":"user","value":{"stringValue":"7"}},{"key":"trace_id",)"
        R"("value":{"stringValue":"none"}}],"timeUnixNano":"1700000000000000000","asDouble":7})");
}

TEST_CASE("otlp: a sum with negative values says nothing, and is left out") {
  fixture f;
  const auto h = f.metrics.histogram({.name = "h", .buckets = explicit_buckets{{0, 1}}});
  h.observe(-1);
  h.observe(3);
  const auto before = f.metrics.collect();
  const auto& p = std::get<otlp::histogram>(f.metric("h").data).data_points.at(0);
  CHECK_FALSE(p.sum.has_value());
  CHECK(p.min.value().value == -1);
  h.observe(5);
  const auto changes = to_otlp(before, f.metrics.collect(), {});
  CHECK_FALSE(std::get<otlp::histogram>(find(changes, "h").data).data_points.at(0).sum);
}

TEST_CASE("otlp: an exponential histogram") {
  fixture f;
  const auto h = f.metrics.histogram(
      {.name = "h",
       .buckets = exponential_buckets{.scale = 0, .min_exponent = -4, .max_exponent = 4}});
  for (const double v : {0.0, 0.01, 1.5, 3.0, 4.0, 16.0})
    h.observe(v);
  const auto& p = exponential(f.metric("h"));
  CHECK(p.scale == 0);
  CHECK(p.count.value == 6);
  CHECK(p.zero_count.value == 2);
  CHECK(p.zero_threshold.value == 0.0625);
  CHECK(p.positive.offset == 0);
  CHECK(p.positive.bucket_counts == std::vector<otlp::fixed64>{{1}, {2}, {0}, {1}});
  CHECK_FALSE(p.negative.has_value());
  CHECK(p.sum.value().value == doctest::Approx(24.51));
}

TEST_CASE("otlp: what is above the range of an exponential histogram is in its last bucket") {
  fixture f;
  const exponential_buckets buckets{.scale = 1, .min_exponent = -4, .max_exponent = 4};
  const auto some = f.metrics.histogram({.name = "some", .buckets = buckets});
  const auto all = f.metrics.histogram({.name = "all", .buckets = buckets});
  some.observe(2);
  some.observe(1e9);
  all.observe(1e9);
  all.observe(1e9);
  const auto& p = exponential(f.metric("some"));
  CHECK(p.scale == 1);
  CHECK(p.positive.offset == 1);  // 2 is the upper bound of bucket 1, 16 of bucket 7
  REQUIRE(p.positive.bucket_counts.size() == 7);
  CHECK(p.positive.bucket_counts.front().value == 1);
  CHECK(p.positive.bucket_counts.back().value == 1);
  const auto& q = exponential(f.metric("all"));
  CHECK(q.positive.offset == 7);
  CHECK(q.positive.bucket_counts == std::vector<otlp::fixed64>{{2}});
  CHECK(q.count.value == 2);
}

TEST_CASE("otlp: an exponential histogram has at most 160 buckets") {
  fixture f;
  const auto h = f.metrics.histogram({.name = "h", .buckets = exponential_buckets{}});
  for (double v = 1e-6; v < 1e12; v *= 1.01)
    h.observe(v);
  const auto& p = exponential(f.metric("h"));
  CHECK(p.scale < 6);
  CHECK(p.positive.bucket_counts.size() <= 160);
  CHECK(p.positive.bucket_counts.size() > 70);
  CHECK(total(p.positive.bucket_counts) + p.zero_count.value == p.count.value);
}

TEST_CASE("otlp: protobuf and JSON hold the same, and numbers that are none, too") {
  fixture f;
  f.metrics.gauge({.name = "none"}).set(std::nan(""));
  f.metrics.gauge({.name = "much"}).set(std::numeric_limits<double>::infinity());
  f.metrics.histogram({.name = "a", .buckets = explicit_buckets{{1, 2}}}).observe(1, traced);
  f.metrics.histogram({.name = "b", .buckets = exponential_buckets{}}).observe(1, traced);
  const auto message = to_otlp(f.metrics.collect(), {{"service.name", {"shop"}}});
  const auto text = json::encode(message).value();
  CHECK(text.find(R"("asDouble":"NaN")") != std::string::npos);
  CHECK(text.find(R"("asDouble":"Infinity")") != std::string::npos);
  const auto bytes = protobuf::encode(message).value();
  CHECK(json::encode(protobuf::decode<request>(bytes).value()).value() == text);
  CHECK(protobuf::encode(json::decode<request>(text).value()).value() == bytes);
}

TEST_CASE("otlp: reads the specification's example of metrics") {
  std::ifstream in(COKIT_TESTDATA "/otlp/metrics.json");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto read = json::decode<request>(text, {.refuse_unknown = true}).value();
  CHECK(sum_of(find(read, "my.counter")).is_monotonic);
  CHECK(sum_of(find(read, "my.counter")).aggregation_temporality == otlp::delta);
  CHECK(value_of(sum_of(find(read, "my.counter")).data_points.at(0)) == 5);
  const auto& gauge = std::get<otlp::gauge>(find(read, "my.gauge").data).data_points.at(0);
  CHECK(gauge.time_unix_nano.value == 1'544'712'660'300'000'000U);
  CHECK(gauge.attributes.at(0).key == "my.gauge.attr");
  const auto& h = std::get<otlp::histogram>(find(read, "my.histogram").data).data_points.at(0);
  CHECK(h.bucket_counts == std::vector<otlp::fixed64>{{1}, {1}});
  CHECK(h.explicit_bounds == std::vector<double>{1});
  CHECK(h.max.value().value == 2);
  const auto& e = exponential(find(read, "my.exponential.histogram"));
  CHECK(e.positive.offset == 1);
  CHECK(e.positive.bucket_counts == std::vector<otlp::fixed64>{{0}, {2}});
  CHECK(e.zero_count.value == 1);
  CHECK_FALSE(json::decode<request>(R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[)"
                                    R"({"sum":{"dataPoints":[{"asDouble":"x"}]}}]}]}]})"));
}

TEST_CASE("otlp: an empty registry has nothing to say") {
  const registry metrics;
  CHECK(to_otlp(metrics.collect(), {{"service.name", {"shop"}}}).resource_metrics.empty());
}

TEST_CASE("otlp: changes are of what has changed, since the last time") {
  fixture f;
  const auto c = f.metrics.counter({.name = "c"});
  const auto idle = f.metrics.counter({.name = "idle"});
  const auto running = f.metrics.up_down_counter({.name = "running"});
  const auto g = f.metrics.gauge({.name = "g"});
  const auto h = f.metrics.histogram({.name = "h", .buckets = explicit_buckets{{1}}});
  c.add(5);
  idle.add(1);
  running.add(3);
  g.set(7);
  h.observe(0.5, traced);
  f.now += 1s;
  const auto before = f.metrics.collect();
  f.now += 9s;
  c.add(2);
  running.add(-1);
  h.observe(3);
  const auto changes = to_otlp(before, f.metrics.collect(), {});
  CHECK_FALSE(has(changes, "idle"));
  CHECK(sum_of(find(changes, "c")).aggregation_temporality == otlp::delta);
  const auto& count = sum_of(find(changes, "c")).data_points.at(0);
  CHECK(value_of(count) == 2);
  CHECK(count.start_time_unix_nano.value == 1'700'000'001'000'000'000U);
  CHECK(count.time_unix_nano.value == 1'700'000'010'000'000'000U);
  // What goes up and down stays as it is.
  CHECK(sum_of(find(changes, "running")).aggregation_temporality == otlp::cumulative);
  CHECK(value_of(sum_of(find(changes, "running")).data_points.at(0)) == 2);
  CHECK(has(changes, "g"));
  const auto& p = std::get<otlp::histogram>(find(changes, "h").data).data_points.at(0);
  CHECK(p.count.value == 1);
  CHECK(p.sum.value().value == 3);
  CHECK(p.bucket_counts == std::vector<otlp::fixed64>{{0}, {1}});
  CHECK_FALSE(p.min.has_value());
  CHECK(p.exemplars.empty());
}

TEST_CASE("otlp_exporter: sends all there is, in either encoding") {
  fixture f({.headers = {{"x-api-key", "k"}}});
  f.metrics.counter({.name = "c"}).add(2);
  CHECK(f.flush());
  const auto& req = f.server.requests.at(0);
  CHECK(req.method == kit::http::method::post);
  CHECK(req.target == "http://127.0.0.1:4318/v1/metrics");
  CHECK(req.headers.get("content-type") == "application/x-protobuf");
  CHECK(req.headers.get("x-api-key") == "k");
  CHECK(f.sent(0).resource_metrics.at(0).resource.attributes.at(0).key == "service.name");
  CHECK(value_of(sum_of(find(f.sent(0), "c")).data_points.at(0)) == 2);
  CHECK(f.flush());  // the same again
  CHECK(value_of(sum_of(find(f.sent(1), "c")).data_points.at(0)) == 2);

  fixture j({.url = "http://c/x", .encode_as = otlp_options::encoding::json});
  j.metrics.counter({.name = "c"}).add(2);
  CHECK(j.flush());
  CHECK(j.server.requests.at(0).target == "http://c/x");
  CHECK(j.server.requests.at(0).headers.get("content-type") == "application/json");
  CHECK(has(json::decode<request>(j.server.body(0)).value(), "c"));
}

TEST_CASE("otlp_exporter: while the collector is away cumulative values need no memory") {
  fixture f;
  const auto c = f.metrics.counter({.name = "c"});
  c.add(1);
  f.server.otherwise.away = true;
  CHECK(f.flush().error() == errc::unavailable);
  c.add(1);
  CHECK(f.flush().error() == errc::unavailable);
  f.server.otherwise.away = false;
  c.add(1);
  CHECK(f.flush());
  REQUIRE(f.server.requests.size() == 3);
  CHECK(value_of(sum_of(find(f.sent(2), "c")).data_points.at(0)) == 3);
  CHECK(f.exporter->stats().values_lost == 0);
  CHECK(f.exporter->stats().failures == 2);
}

TEST_CASE("otlp_exporter: deltas that the collector didn't take come again, before what is new") {
  fixture f({.values = otlp_options::temporality::delta});
  const auto c = f.metrics.counter({.name = "c"});
  c.add(1);
  f.server.otherwise.away = true;
  CHECK(f.flush().error() == errc::unavailable);
  c.add(2);
  CHECK(f.flush().error() == errc::unavailable);
  f.server.otherwise.away = false;
  c.add(4);
  CHECK(f.flush());
  REQUIRE(f.server.requests.size() == 4);
  CHECK(f.server.body(2) == f.server.body(0));
  CHECK(value_of(sum_of(find(f.sent(2), "c")).data_points.at(0)) == 1);
  CHECK(value_of(sum_of(find(f.sent(3), "c")).data_points.at(0)) == 6);
  CHECK(f.flush());
  CHECK(f.server.requests.size() == 4);  // nothing has happened
}

TEST_CASE("otlp_exporter: what the collector refuses is lost, and told") {
  fixture f({.values = otlp_options::temporality::delta});
  const auto c = f.metrics.counter({.name = "c"}, {"n"});
  for (int i = 0; i < 5; ++i)
    c.with(i).add(1);
  f.server.answers = {{.status = status::bad_request, .text = "no"}};
  CHECK(f.flush().error() == errc::invalid_argument);
  CHECK(f.exporter->stats().values_lost == 5);
  CHECK(f.flush());  // not again
  CHECK(f.server.requests.size() == 1);

  for (int i = 0; i < 5; ++i)
    c.with(i).add(1);
  f.server.answers = {
      {.status = status::ok,
       .text = protobuf::encode(otlp::export_metrics_service_response{{{2}, "too old"}}).value()}};
  CHECK(f.flush().error().message() == "too old");
  CHECK(f.exporter->stats().values_lost == 7);
  CHECK(f.exporter->stats().values_sent == 3);
  CHECK(f.flush());
  CHECK(f.server.requests.size() == 2);
}

TEST_CASE("otlp_exporter: many series are several requests; a metric stays in one piece") {
  fixture f({.max_series = 3});
  for (const auto* name : {"a", "b", "c"}) {
    const auto family = f.metrics.counter({.name = name}, {"n"});
    for (int i = 0; i < 2; ++i)
      family.with(i).add(1);
  }
  const auto big = f.metrics.counter({.name = "d"}, {"n"});
  for (int i = 0; i < 5; ++i)
    big.with(i).add(1);
  CHECK(f.flush());
  REQUIRE(f.server.requests.size() == 4);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(has(f.sent(i), std::string(1, static_cast<char>('a' + i))));
  CHECK(f.exporter->stats().values_sent == 11);
}

TEST_CASE("otlp_exporter: runs by the interval, tells what fails, and flushes when stopped") {
  fixture f({.push = {.interval = 10s}});
  const auto c = f.metrics.counter({.name = "c"});
  auto running = f.loop.start(f.exporter->run());
  c.add(1);
  f.loop.advance(10s);
  CHECK(f.server.requests.size() == 1);
  f.server.answers = {{.status = status::service_unavailable, .text = "busy"}};
  f.loop.advance(10s);
  CHECK(f.errors == std::vector<std::string>{"503 busy"});
  c.add(1);
  running.cancel();
  f.loop.run();
  CHECK_FALSE(running.pending());
  CHECK_NOTHROW(running.value());
  REQUIRE(f.server.requests.size() == 3);
  CHECK(value_of(sum_of(find(f.sent(2), "c")).data_points.at(0)) == 2);
}

TEST_CASE("otlp_exporter: options out of range are refused, by name") {
  const auto refused = [](otlp_options o) {
    return test::refusal([&] {
      test::http_backend server;
      const otlp_exporter e(registry(), server.endpoint(), o);
    });
  };
  CHECK(refused({}).empty());
  CHECK(refused({.url = "here"}) ==
        "invalid_argument: otlp_options::url: is no URL of http or https");
  CHECK(refused({.max_series = 0}) ==
        "invalid_argument: otlp_options::max_series: must be at least 1");
  CHECK(refused({.resource = {{"service.name", {"\xff"}}}}) ==
        "invalid_argument: otlp_options::resource: must be UTF-8");
  CHECK(refused({.push = {.interval = 0s}}).find("interval") != std::string::npos);
}
