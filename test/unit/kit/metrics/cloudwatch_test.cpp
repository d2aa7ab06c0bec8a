#include <kit/metrics/cloudwatch.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/http/query.hpp>
#include <kit/testing/loop.hpp>

#include "http_backend.hpp"
#include "refusal.hpp"

using namespace kit::metrics;
using namespace std::chrono_literals;
using kit::errc;
using kit::http::status;
using test::refusal;

namespace {

constexpr wall_time then{std::chrono::seconds(1'440'938'160)};

cloudwatch_options options() {
  return {.name_space = "space",
          .region = "eu-central-1",
          .credentials = kit::http::aws_credentials{"id", "secret"},
          .push = {.interval = 60s},
          .backoff = {.initial = 1s, .max = 10s, .multiplier = 2, .jitter = 0},
          .random = kit::random_source(1),
          .now = [] { return then; }};
}

std::string api_error(const std::string& code) {
  return "<ErrorResponse><Error><Type>Sender</Type><Code>" + code +
         "</Code><Message>so it is</Message></Error></ErrorResponse>";
}

struct fixture {
  explicit fixture(cloudwatch_options o = options()) {
    o.push.on_error = [this](const kit::error& e) { errors.emplace_back(e.what()); };
    server.otherwise.status = status::ok;
    exporter.emplace(metrics, server.endpoint(), std::move(o));
  }

  kit::testing::started<kit::result<void>> flush() { return loop.start(exporter->flush()); }

  // How often each metric was taken by the server.
  std::map<std::string, int> names() const {
    std::map<std::string, int> out;
    for (const auto& req : server.requests) {
      const auto form = kit::http::parse_query(req.body.text());
      for (const auto& p : *form)
        if (p.name.ends_with(".MetricName")) ++out[p.value];
    }
    return out;
  }
  void count(int series) {
    const auto many = metrics.counter({.name = "c"}, {"n"});
    for (int i = 0; i < series; ++i)
      many.with(i).add(1);
  }

  registry metrics{{.now = [] { return then; }}};
  counter c = metrics.counter({.name = "plain"});
  std::vector<std::string> errors;
  test::http_backend server;
  kit::testing::loop loop;
  std::optional<cloudwatch_exporter> exporter;
};

}  // namespace

TEST_CASE("cloudwatch_exporter: puts metric data, signed [metrics/cloudwatch:1]") {
  fixture f;
  f.c.add(2);
  CHECK(f.flush().value());
  const auto& req = f.server.requests.at(0);
  CHECK(req.method == kit::http::method::post);
  CHECK(req.target == "https://monitoring.eu-central-1.amazonaws.com/");
  CHECK(req.body.text() ==
        "Action=PutMetricData&Version=2010-08-01&Namespace=space&MetricData.member.1.MetricName="
        "plain&MetricData.member.1.Unit=Count&MetricData.member.1.Value=2&MetricData.member.1."
        "Timestamp=2015-08-30T12%3A36%3A00Z");
  CHECK(req.headers.get("Content-Type") == "application/x-www-form-urlencoded; charset=utf-8");
  CHECK(req.headers.get("X-Amz-Date") == "20150830T123600Z");
  CHECK(req.headers.get("Authorization")
            ->starts_with("AWS4-HMAC-SHA256 Credential=id/20150830/eu-central-1/monitoring/"
                          "aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="));
  CHECK(f.exporter->stats().values_sent == 1);
}

TEST_CASE("cloudwatch_exporter: China's regions are elsewhere, and a URL may be given") {
  auto o = options();
  o.region = "cn-north-1";
  fixture china(o);
  china.c.add();
  CHECK(china.flush().value());
  CHECK(china.server.requests.at(0).target == "https://monitoring.cn-north-1.amazonaws.com.cn/");
  o.url = "http://localhost:4566/";
  fixture local(o);
  local.c.add();
  CHECK(local.flush().value());
  CHECK(local.server.requests.at(0).target == "http://localhost:4566/");
}

TEST_CASE(
    "cloudwatch_exporter: batches of 20, so many at a time, each once "
    "[metrics/cloudwatch:5] [metrics/cloudwatch2:5]") {
  for (const auto style : {cloudwatch_style::values, cloudwatch_style::statistics}) {
    auto o = options();
    o.concurrency = 2;
    o.format.style = style;
    fixture f(o);
    f.server.otherwise.after = 1s;
    f.count(45);
    const auto flushed = f.flush();
    f.loop.advance(1s);
    CHECK(flushed.pending());
    f.loop.advance(1s);
    CHECK(flushed.value());
    CHECK(f.server.requests.size() == 3);
    CHECK(f.server.most_at_once == 2);
    CHECK(f.names()["c"] == 45);
    CHECK(f.exporter->stats().values_sent == 45);
  }
}

TEST_CASE(
    "cloudwatch_exporter: the first error is told when all have ended "
    "[metrics/cloudwatch:6] [metrics/cloudwatch2:5]") {
  fixture f;
  f.count(45);
  f.server.answers = {{.status = status::forbidden, .text = api_error("AccessDenied"), .after = 2s},
                      {.status = status::bad_request, .text = api_error("Odd"), .after = 1s},
                      {.status = status::ok, .after = 3s}};
  const auto flushed = f.flush();
  f.loop.advance(2s);
  CHECK(flushed.pending());
  f.loop.advance(1s);
  CHECK(flushed.error() == errc::invalid_argument);
  CHECK(std::string(flushed.error().what()) == "Odd: so it is");
  CHECK(f.exporter->stats().values_sent == 5);
  CHECK(f.exporter->stats().values_lost == 20);  // refused; what isn't allowed may be one day
  CHECK(f.flush().value());
  CHECK(f.exporter->stats().values_sent == 25);
}

TEST_CASE("cloudwatch_exporter: what may pass is tried again, with waits, and later again") {
  fixture f;
  f.c.add(1);
  f.server.answers = {{.status = status::bad_request, .text = api_error("Throttling")},
                      {.status = status::service_unavailable},
                      {.away = true},
                      {.status = status::ok}};
  const auto flushed = f.flush();
  f.loop.advance(2s);
  CHECK(f.server.requests.size() == 2);
  f.loop.advance(4s);
  CHECK(f.server.requests.size() == 3);
  CHECK(flushed.error() == errc::unavailable);
  f.c.add(5);
  CHECK(f.flush().value());
  REQUIRE(f.server.requests.size() == 5);
  CHECK(f.server.body(3) == f.server.body(0));
  CHECK(f.server.body(4).find("Value=5&") != std::string::npos);
  CHECK(f.exporter->stats().values_sent == 2);
  CHECK(f.exporter->stats().values_lost == 0);
}

TEST_CASE("cloudwatch_exporter: waits as CloudWatch asks, but not for longer than it may") {
  fixture f;
  f.c.add(1);
  f.server.answers = {{.status = status::service_unavailable, .fields = {{"Retry-After", "7"}}},
                      {.status = status::service_unavailable, .fields = {{"Retry-After", "3600"}}},
                      {.status = status::ok}};
  const auto flushed = f.flush();
  f.loop.advance(6s);
  CHECK(f.server.requests.size() == 1);
  f.loop.advance(1s);
  CHECK(f.server.requests.size() == 2);
  CHECK(flushed.error() == errc::unavailable);  // it is for the next flush
  CHECK(f.flush().value());
  CHECK(f.server.body(2) == f.server.body(0));
}

TEST_CASE("cloudwatch_exporter: when it is stopped, nothing is tried again until the last flush") {
  auto o = options();
  o.push.drain_timeout = 60s;
  fixture f(o);
  f.c.add(1);
  auto running = f.loop.start(f.exporter->run());
  f.server.otherwise.status = status::service_unavailable;
  f.loop.advance(60s);
  CHECK(f.server.requests.size() == 1);
  running.cancel();  // during the wait
  f.loop.advance(10s);
  CHECK(running.done());
  CHECK(f.server.requests.size() == 1 + 3);
}

TEST_CASE("cloudwatch_exporter: credentials are asked for before each flush") {
  auto o = options();
  int asked = 0;
  o.credentials = [&asked]() -> asio::awaitable<kit::http::aws_credentials> {
    return [](int n) -> asio::awaitable<kit::http::aws_credentials> {
      if (n == 2) throw kit::error(errc::unavailable, "no role");
      co_return kit::http::aws_credentials{"id" + std::to_string(n), "secret", "token"};
    }(++asked);
  };
  fixture f(o);
  f.c.add(1);
  CHECK(f.flush().value());
  f.c.add(1);
  CHECK(std::string(f.flush().error().what()) == "no role");
  CHECK(f.flush().value());
  REQUIRE(f.server.requests.size() == 2);
  const auto by = [&](std::size_t i) { return *f.server.requests[i].headers.get("Authorization"); };
  CHECK(by(0).find("Credential=id1/") != std::string::npos);
  CHECK(by(1).find("Credential=id3/") != std::string::npos);
  CHECK(by(1).find("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,") !=
        std::string::npos);
  CHECK(f.server.requests[1].headers.get("X-Amz-Security-Token") == "token");
}

TEST_CASE(
    "cloudwatch_exporter: runs, tells what fails, and flushes when stopped "
    "[metrics/cloudwatch:7]") {
  auto o = options();
  o.max_attempts = 1;
  fixture f(o);
  auto running = f.loop.start(f.exporter->run());
  f.c.add(1);
  f.server.answers = {{.status = status::bad_request, .text = api_error("Throttling")}};
  f.loop.advance(60s);
  CHECK(f.errors == std::vector<std::string>{"Throttling: so it is"});
  f.c.add(2);
  running.cancel();
  f.loop.run();
  CHECK(running.done());
  CHECK(f.server.requests.size() == 3);
  CHECK(f.exporter->stats().values_sent == 2);
}

TEST_CASE("cloudwatch_exporter: stopped while several are under way, it lets them end, once each") {
  auto o = options();
  o.concurrency = 2;
  fixture f(o);
  f.count(45);
  auto running = f.loop.start(f.exporter->run());
  f.server.answers = {{.status = status::ok, .after = 2s}, {.status = status::ok, .after = 3s}};
  f.loop.advance(60s);
  CHECK(f.server.at_once == 2);
  running.cancel();
  f.loop.advance(2s);
  CHECK(f.server.requests.size() == 2);  // no further one is begun
  f.loop.advance(1s);
  CHECK(running.done());
  CHECK(f.server.requests.size() == 3);
  CHECK(f.names()["c"] == 45);
  CHECK(f.exporter->stats().values_sent == 45);
}

TEST_CASE("cloudwatch_exporter: those that don't end in time are cut off, and sent at the end") {
  fixture f;
  f.count(45);
  auto running = f.loop.start(f.exporter->run());
  f.server.answers = {{.after = 1h}, {.after = 1h}, {.after = 1h}};
  f.loop.advance(60s);
  CHECK(f.server.at_once == 3);
  running.cancel();
  f.loop.advance(4s);
  CHECK(running.pending());
  CHECK(f.server.requests.size() == 3);
  f.loop.advance(1s);
  CHECK(running.done());
  CHECK(f.server.requests.size() == 6);
  CHECK(f.exporter->stats().values_sent == 45);
  CHECK(f.exporter->stats().failures == 0);
}

TEST_CASE("cloudwatch_exporter: a second cancellation cuts that short") {
  fixture f;
  f.count(45);
  auto running = f.loop.start(f.exporter->run());
  f.server.answers = {{.after = 1h}, {.after = 1h}, {.after = 1h}};
  f.loop.advance(60s);
  running.cancel();
  f.loop.run();
  CHECK(running.pending());
  running.cancel();
  f.loop.run();
  CHECK(running.done());
}

TEST_CASE("cloudwatch_exporter: values of gauges that found no room are counted") {
  auto o = options();
  o.max_values = 2;
  fixture f(o);
  const auto g = f.metrics.gauge({.name = "g"});
  for (const double v : {1.0, 2.0, 3.0})
    g.set(v);
  CHECK(f.flush().value());
  CHECK(f.exporter->stats().values_lost == 1);
}

TEST_CASE("cloudwatch_exporter: requests keep below what CloudWatch takes") {
  auto o = options();
  o.max_batch = 1'000;
  fixture f(o);
  const auto c = f.metrics.counter({.name = "c"}, {"l"});
  for (int i = 0; i < 999; ++i)
    c.with(std::string(1'000, 'x') + std::to_string(i)).add(1);
  CHECK(f.flush().value());
  CHECK(f.server.requests.size() > 1);
  for (const auto& req : f.server.requests)
    CHECK(req.body.text().size() < 1'000'000);
  CHECK(f.names()["c"] == 999);
}

TEST_CASE("cloudwatch_exporter: options out of range, also a limit of none") {
  const auto made = [](auto change) {
    auto o = options();
    change(o);
    return refusal([&] { cloudwatch_exporter(registry(), {}, std::move(o)); });
  };
  using options = cloudwatch_options;
  const std::string prefix = "invalid_argument: cloudwatch_options::";
  CHECK(made([](options&) {}) == "");
  CHECK(made([](options& o) { o.name_space = ""; }) ==
        prefix + "name_space: must have 1 to 255 characters");
  CHECK(made([](options& o) { o.region = ""; }) == prefix + "region: is empty");
  CHECK(made([](options& o) { o.url = "x"; }) == prefix + "url: is no URL of http or https");
  CHECK(made([](options& o) { o.max_batch = 1'001; }) ==
        prefix + "max_batch: must be from 1 to 1,000");
  CHECK(made([](options& o) { o.concurrency = 0; }) == prefix + "concurrency: must be at least 1");
  CHECK(made([](options& o) { o.max_attempts = 0; }) ==
        prefix + "max_attempts: must be at least 1");
  CHECK(made([](options& o) { o.max_values = 0; }) == prefix + "max_values: must be at least 1");
  CHECK(made([](options& o) {
          o.credentials = std::function<asio::awaitable<kit::http::aws_credentials>()>();
        }) == prefix + "credentials: the function is empty");
  CHECK(made([](options& o) { o.push.interval = 0s; }) ==
        "invalid_argument: push_options::interval: must be positive");
}
