#include <kit/metrics/influx.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/http/url.hpp>
#include <kit/testing/loop.hpp>

#include "http_backend.hpp"
#include "refusal.hpp"

using namespace kit::metrics;
using namespace std::chrono_literals;
using kit::errc;
using kit::http::status;
using test::refusal;

namespace {

struct fixture {
  fixture() : fixture({.to = influx_database{"db"}}) {}
  explicit fixture(influx_options o) {
    o.push.on_error = [this](const kit::error& e) { errors.emplace_back(e.what()); };
    exporter.emplace(metrics, server.endpoint(), std::move(o));
  }

  kit::testing::started<kit::result<void>> flush() { return loop.start(exporter->flush()); }
  bool flushed() { return flush().value().has_value(); }

  wall_time now{std::chrono::seconds(1'700'000'000)};
  registry metrics{{.now = [this] { return now; }}};
  counter c = metrics.counter({.name = "c"});
  gauge g = metrics.gauge({.name = "g"});
  std::vector<std::string> errors;
  test::http_backend server;
  kit::testing::loop loop;
  std::optional<influx_exporter> exporter;
};

}  // namespace

TEST_CASE("influx_exporter: sends what is new [metrics/influx:2,4]") {
  fixture f;
  f.c.add(2);
  f.c.add(3);
  f.g.set(1);
  f.g.set(7);
  CHECK(f.flushed());
  CHECK(f.server.body(0) == "c count=5 1700000000000000000\ng value=7 1700000000000000000\n");
  f.now += 10s;
  f.c.add(1);
  CHECK(f.flushed());
  CHECK(f.server.body(1) == "c count=1 1700000010000000000\n");
  f.now += 10s;
  CHECK(f.flushed());
  CHECK(f.server.requests.size() == 2);  // nothing to say
  CHECK(f.exporter->stats().values_sent == 3);
  CHECK(f.exporter->stats().failures == 0);
}

TEST_CASE("influx_exporter: a gauge goes on from the value it had [metrics/influx:7]") {
  fixture f;
  f.g.set(1);
  f.g.add(1);
  CHECK(f.flushed());
  CHECK(f.server.body(0) == "g value=2 1700000000000000000\n");
  f.now += 10s;
  f.g.add(5);  // Go kit forgot the 2
  CHECK(f.flushed());
  CHECK(f.server.body(1) == "g value=7 1700000010000000000\n");
}

TEST_CASE("influx_exporter: where to, in version 1 [metrics/influx:5,6]") {
  fixture f({.url = "http://influx:8086/",
             .to = influx_database{.name = "a b",
                                   .retention_policy = "week",
                                   .consistency = influx_consistency::quorum,
                                   .user = "me",
                                   .password = "secret"},
             .format = {.precision = influx_precision::milliseconds}});
  f.c.add();
  CHECK(f.flushed());
  const auto& req = f.server.requests.at(0);
  CHECK(req.method == kit::http::method::post);
  CHECK(req.target == "http://influx:8086/write?db=a+b&rp=week&precision=ms&consistency=quorum");
  CHECK(req.headers.get("Authorization") == "Basic bWU6c2VjcmV0");
  CHECK(req.headers.get("Content-Type") == "text/plain; charset=utf-8");

  fixture plain;
  plain.c.add();
  CHECK(plain.flushed());
  CHECK(plain.server.requests.at(0).target == "http://127.0.0.1:8086/write?db=db&precision=ns");
  CHECK(!plain.server.requests.at(0).headers.contains("Authorization"));
}

TEST_CASE("influx_exporter: where to, in version 2") {
  fixture f({.to = influx_bucket{.org = "shop", .bucket = "b", .token = "t0"},
             .format = {.precision = influx_precision::microseconds}});
  f.c.add();
  CHECK(f.flushed());
  const auto& req = f.server.requests.at(0);
  CHECK(req.target == "http://127.0.0.1:8086/api/v2/write?org=shop&bucket=b&precision=us");
  CHECK(req.headers.get("Authorization") == "Token t0");
}

TEST_CASE("influx_exporter: 200 is as good as 204, else the body says why not [metrics/influx:6]") {
  fixture f;
  f.c.add();
  f.server.answers = {{.status = status::ok}};
  CHECK(f.flushed());
  f.c.add();
  f.server.answers = {{.status = status::internal_server_error, .text = "disk full"}};
  const auto failed = f.flush().error();
  CHECK(failed == errc::internal);
  CHECK(std::string(failed.what()) == "500 disk full");
  CHECK(f.exporter->stats().failures == 1);
  CHECK(f.exporter->stats().values_lost == 0);
}

TEST_CASE("influx_exporter: while the server is away no count is lost, and none is doubled") {
  fixture f;
  f.c.add(5);
  f.g.set(1);
  f.server.otherwise.away = true;
  CHECK(f.flush().error() == errc::unavailable);
  f.now += 10s;
  f.c.add(6);
  f.g.set(2);
  CHECK(f.flush().error() == errc::unavailable);
  f.now += 10s;
  f.c.add(7);
  f.server.otherwise.away = false;
  CHECK(f.flushed());
  REQUIRE(f.server.requests.size() == 4);
  // The same bytes again: where the server had them it has them still, and not twice.
  CHECK(f.server.body(0) == "c count=5 1700000000000000000\ng value=1 1700000000000000000\n");
  CHECK(f.server.body(1) == f.server.body(0));
  CHECK(f.server.body(2) == f.server.body(0));
  CHECK(f.server.body(3) == "c count=13 1700000020000000000\ng value=2 1700000020000000000\n");
  CHECK(f.exporter->stats().values_sent == 4);
  CHECK(f.exporter->stats().values_lost == 0);
  CHECK(f.exporter->stats().failures == 2);
}

TEST_CASE("influx_exporter: what the server refuses is lost, and counted") {
  fixture f;
  f.c.add(5);
  f.server.answers = {{.status = status::bad_request, .text = "unable to parse"}};
  CHECK(std::string(f.flush().error().what()) == "400 unable to parse");
  CHECK(f.exporter->stats().values_lost == 1);
  f.now += 10s;
  f.c.add(1);
  CHECK(f.flushed());
  CHECK(f.server.body(1) == "c count=1 1700000010000000000\n");
}

TEST_CASE(
    "influx_exporter: batches; the first that may pass holds up the others, not those refused") {
  fixture f({.to = influx_database{"db"}, .max_lines = 2});
  const auto many = f.metrics.counter({.name = "many"}, {"n"});
  for (int i = 0; i < 6; ++i)
    many.with(i).add(1);
  f.server.answers = {{}, {.status = status::bad_request}, {.away = true}};
  CHECK(f.flush().error() == errc::invalid_argument);  // the first failure
  REQUIRE(f.server.requests.size() == 3);
  CHECK(f.server.body(0) ==
        "many,n=0 count=1 1700000000000000000\nmany,n=1 count=1 1700000000000000000\n");
  CHECK(f.exporter->stats().values_sent == 2);
  CHECK(f.exporter->stats().values_lost == 2);
  CHECK(f.flushed());
  REQUIRE(f.server.requests.size() == 4);
  CHECK(f.server.body(3) == f.server.body(2));
  CHECK(f.exporter->stats().values_sent == 4);
}

TEST_CASE("influx_exporter: each flush has a time of its own, in its precision") {
  fixture f({.to = influx_database{"db"}, .format = {.precision = influx_precision::seconds}});
  f.now += 900ms;
  for (int i = 0; i < 3; ++i) {
    f.c.add(1);
    f.now += 10ms;
    CHECK(f.flushed());
  }
  CHECK(f.server.body(0) == "c count=1 1700000000\n");
  CHECK(f.server.body(1) == "c count=1 1700000001\n");
  CHECK(f.server.body(2) == "c count=1 1700000002\n");
}

TEST_CASE("influx_exporter: runs by the interval, and flushes when stopped") {
  fixture f({.to = influx_database{"db"}, .push = {.interval = 10s}});
  auto running = f.loop.start(f.exporter->run());
  f.c.add(1);
  f.loop.advance(9s);
  CHECK(f.server.requests.empty());
  f.loop.advance(1s);
  CHECK(f.server.requests.size() == 1);

  f.c.add(2);
  f.server.answers = {{.away = true}};
  f.loop.advance(10s);
  CHECK(f.errors == std::vector<std::string>{"connection refused"});
  f.c.add(3);
  running.cancel();
  f.loop.run();
  CHECK(running.done());
  REQUIRE(f.server.requests.size() == 4);
  CHECK(f.server.body(2) == f.server.body(1));
  CHECK(f.server.body(3).starts_with("c count=3 "));
}

TEST_CASE("influx_exporter: a request that is cut off is sent again by the last flush") {
  fixture f({.to = influx_database{"db"}, .push = {.interval = 10s, .drain_timeout = 5s}});
  auto running = f.loop.start(f.exporter->run());
  f.c.add(1);
  f.server.answers = {{.after = 1h}, {.after = 2s}};
  f.loop.advance(10s);
  CHECK(f.server.requests.size() == 1);
  running.cancel();
  f.loop.advance(4s);
  CHECK(f.server.requests.size() == 1);  // it may end
  f.loop.advance(1s);
  CHECK(running.pending());
  CHECK(f.server.requests.size() == 2);
  f.loop.advance(2s);
  CHECK(running.done());
  CHECK(f.server.body(1) == f.server.body(0));
  CHECK(f.exporter->stats().values_sent == 1);

  // And when that takes too long, it ends all the same.
  running = f.loop.start(f.exporter->run());
  f.c.add(1);
  f.server.otherwise.after = 1h;
  running.cancel();
  f.loop.run();
  f.loop.advance(5s);
  CHECK(running.done());
  CHECK(f.errors.size() == 1);
}

TEST_CASE("influx_exporter: options out of range") {
  const auto made = [](influx_options o) {
    return refusal([&] { influx_exporter(registry(), {}, std::move(o)); });
  };
  CHECK(made({}) == "invalid_argument: influx_options::to: the database has no name");
  CHECK(made({.to = influx_bucket{}}) ==
        "invalid_argument: influx_options::to: the bucket has no name");
  CHECK(made({.url = "influx", .to = influx_database{"a"}}) ==
        "invalid_argument: influx_options::url: is no URL of http or https");
  CHECK(made({.to = influx_database{"a"}, .max_lines = 0}) ==
        "invalid_argument: influx_options::max_lines: must be at least 1");
  CHECK(made({.to = influx_database{"a"}, .push = {.interval = 0s}}) ==
        "invalid_argument: push_options::interval: must be positive");
  CHECK(made({.to = influx_database{"a"}, .push = {.drain_timeout = -1s}}) ==
        "invalid_argument: push_options::drain_timeout: must not be negative");
  CHECK(made({.to = influx_database{"a"}, .format = {.tags = {{"a", ""}}}}) ==
        "invalid_argument: influx_format::tags: has an empty name or value");
}
