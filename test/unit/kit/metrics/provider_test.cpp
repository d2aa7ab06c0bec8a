#include <kit/metrics/provider.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>

#include <kit/error.hpp>
#include <kit/metrics/expvar.hpp>
#include <kit/metrics/prometheus.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/metrics.hpp>
#include <kit/testing/recording_sender.hpp>
#include <kit/timer.hpp>

#include "http_backend.hpp"
#include "refusal.hpp"

using namespace std::chrono_literals;
using kit::metrics::explicit_buckets;
using kit::metrics::provider;
using kit::metrics::registry;
using kit::metrics::statsd_dialect;

namespace {

// Code that does not know the backend.
void use(const provider& p) {
  p.counter("calls").add(2);
  p.counter("by_method", {"method"}).with("sum").add();
  p.gauge("level").set(4);
  p.gauge("levels", {"room"}).with("a").set(5);
  p.histogram("size", explicit_buckets{{10, 20}}).observe(15);
  p.histogram("sizes", explicit_buckets{{10, 20}}, {"room"}).with("a").observe(5);
}

// What a provider's metrics send when it is stopped.
template <class Make>
std::string sent_by(Make make) {
  const auto to = std::make_shared<kit::testing::recording_sender>();
  std::unique_ptr<provider> p;
  kit::testing::loop loop;
  const registry metrics({.now = [] { return kit::metrics::wall_time(1'700'000'000s); }});
  p = std::make_unique<provider>(make(loop, metrics, to));
  loop.run();
  use(*p);
  CHECK(to->sent().empty());
  const auto stopped = loop.start(p->stop());
  CHECK_NOTHROW(stopped.value());
  CHECK_FALSE(to->is_open());
  CHECK_NOTHROW(loop.start(p->stop()).value());
  use(*p);
  loop.advance(1h);
  return to->take();
}

std::string sent_by(statsd_dialect dialect) {
  return sent_by([dialect](auto& loop, const auto& metrics, auto to) {
    return kit::metrics::statsd_provider(loop.get_executor(), metrics, to,
                                         {.format = {.dialect = dialect, .prefix = "p."}});
  });
}

asio::awaitable<void> count_and_stop(provider& p, kit::metrics::counter calls) {
  for (int i = 0; i < 100; ++i) {
    calls.add(1);
    co_await kit::sleep_for(100us);
  }
  co_await p.stop();
}

asio::awaitable<void> failing() {
  co_await kit::sleep_for(1s);
  throw kit::error(kit::errc::data_loss, "broken");
}

}  // namespace

TEST_CASE("provider: discard discards, and has nothing to stop [metrics/provider:1]") {
  kit::testing::loop loop;
  auto p = kit::metrics::discard_provider();
  use(p);
  CHECK(p.counter("calls").value() == 0);
  CHECK(p.histogram("size").data().count == 0);
  CHECK_NOTHROW(loop.start(p.stop()).value());
}

TEST_CASE("provider: expvar, with the buckets asked for [metrics/provider:1]") {
  kit::testing::loop loop;
  const registry metrics;
  auto p = kit::metrics::expvar_provider(metrics, "my_");
  use(p);
  const auto s = metrics.collect();
  CHECK(kit::metrics::expvar_json(s).starts_with(
      "{\n\"my_by_method{method=\\\"sum\\\"}\": 1,\n\"my_calls\": 2,\n\"my_level\": 4,\n"));
  CHECK(std::get<kit::metrics::explicit_counts>(kit::testing::histogram_in(s, "my_size").buckets)
            .bounds == std::vector<double>{10, 20});
  CHECK_NOTHROW(loop.start(p.stop()).value());
}

TEST_CASE("provider: prometheus, with a prefix, labels and buckets [metrics/provider:3]") {
  kit::testing::loop loop;
  const registry metrics;
  auto p = kit::metrics::prometheus_provider(metrics, "shop_cart_");
  use(p);
  const auto text = kit::metrics::prometheus_text(metrics.collect());
  for (const char* line :
       {"shop_cart_calls_total 2\n", "shop_cart_by_method_total{method=\"sum\"} 1\n",
        "shop_cart_level 4\n", "shop_cart_levels{room=\"a\"} 5\n",
        "shop_cart_size_bucket{le=\"20\"} 1\n",
        "shop_cart_sizes_bucket{room=\"a\",le=\"10\"} 1\n"}) {
    CHECK_MESSAGE(text.find(line) != std::string::npos, line);
  }
  CHECK_NOTHROW(loop.start(p.stop()).value());
}

TEST_CASE(
    "provider: statsd, whose histograms are timings; stopped, it flushes [metrics/provider:2]") {
  CHECK(sent_by(statsd_dialect::statsd) ==
        "p.by_method.method.sum:1.000000|c\np.calls:2.000000|c\n"
        "p.level:4.000000|g\np.levels.room.a:5.000000|g\n"
        "p.size:15.000000|ms\np.sizes.room.a:5.000000|ms\n");
}

TEST_CASE("provider: dogstatsd and influxstatsd, with histograms [metrics/provider:2]") {
  CHECK(sent_by(statsd_dialect::dogstatsd) ==
        "p.by_method:1.000000|c|#method:sum\np.calls:2.000000|c\n"
        "p.level:4.000000|g\np.levels:5.000000|g|#room:a\n"
        "p.size:15.000000|h\np.sizes:5.000000|h|#room:a\n");
  CHECK(sent_by(statsd_dialect::influxstatsd) ==
        "p.by_method,method=sum:1.000000|c\np.calls:2.000000|c\n"
        "p.level:4.000000|g\np.levels,room=a:5.000000|g\n"
        "p.size:15.000000|h\np.sizes,room=a:5.000000|h\n");
}

TEST_CASE("provider: graphite, with the buckets asked for [metrics/provider:2]") {
  const auto text = sent_by([](auto& loop, const auto& metrics, auto to) {
    return kit::metrics::graphite_provider(loop.get_executor(), metrics, to,
                                           {.format = {.prefix = "p."}});
  });
  CHECK(text.find("p.calls 2.000000 1700000000\n") != std::string::npos);
  CHECK(text.find("p.size.p50 15.000000 1700000000\n") != std::string::npos);
}

TEST_CASE(
    "provider: influx, with the buckets asked for; stopped, it flushes [metrics/provider:2]") {
  test::http_backend server;
  kit::testing::loop loop;
  const registry metrics({.now = [] { return kit::metrics::wall_time(1'700'000'000s); }});
  auto p = kit::metrics::influx_provider(loop.get_executor(), metrics, server.endpoint(),
                                         {.to = kit::metrics::influx_database{"db"}});
  loop.run();
  use(p);
  CHECK_NOTHROW(loop.start(p.stop()).value());
  REQUIRE(server.requests.size() == 1);
  CHECK(server.body(0).find("calls count=2 1700000000000000000\n") != std::string::npos);
  CHECK(server.body(0).find("size p50=15,") != std::string::npos);
}

TEST_CASE("provider: any backend that runs until it is cancelled") {
  kit::testing::loop loop;
  const registry metrics;
  provider p(metrics, loop.get_executor(), [] { return kit::sleep_for(1h); });
  loop.run();
  const auto c = p.counter("c");
  CHECK_NOTHROW(loop.start(p.stop()).value());
  c.add(1);
  CHECK(c.value() == 1);

  provider broken(metrics, loop.get_executor(), [] { return failing(); });
  loop.advance(2s);
  CHECK(loop.start(broken.stop()).error() == kit::errc::data_loss);
}

TEST_CASE("provider: on a loop run by several threads, stopped from another coroutine") {
  const auto to = std::make_shared<kit::testing::recording_sender>();
  asio::io_context loop(2);
  const registry metrics;
  {
    auto p = kit::metrics::statsd_provider(loop.get_executor(), metrics, to,
                                           {.push = {.interval = 1ms}});
    const auto calls = p.counter("calls");
    std::exception_ptr failure;
    asio::co_spawn(loop, count_and_stop(p, calls), [&](std::exception_ptr e) { failure = e; });
    std::thread other([&] { loop.run(); });
    loop.run();
    other.join();
    CHECK_FALSE(failure);
  }
  CHECK(kit::testing::sum_lines(to->take(), R"(calls:(.*)\|c)") == 100);
  CHECK_FALSE(to->is_open());
}

TEST_CASE("provider: destroyed, it sends no more") {
  const auto to = std::make_shared<kit::testing::recording_sender>();
  kit::testing::loop loop;
  const registry metrics;
  metrics.counter({.name = "c"}).add(1);
  {
    const auto p = kit::metrics::graphite_provider(loop.get_executor(), metrics, to,
                                                   {.push = {.interval = 1s}});
    loop.advance(1s);
    CHECK(to->sent().size() == 1);
  }
  loop.advance(5s);
  CHECK(to->sent().size() <= 2);  // the last flush
  CHECK_FALSE(to->is_open());
}

TEST_CASE("provider: bad names and options are refused") {
  const registry metrics;
  const auto p = kit::metrics::prometheus_provider(metrics);
  CHECK(test::refusal([&] { p.counter("a b"); }).starts_with("invalid_argument"));
  p.counter("c");
  CHECK(test::refusal([&] { p.gauge("c"); }).starts_with("already_exists"));
  kit::testing::loop loop;
  CHECK(test::refusal([&] {
          kit::metrics::statsd_provider(loop.get_executor(), metrics,
                                        std::make_shared<kit::testing::recording_sender>(),
                                        {.format = {.prefix = "|"}});
        }).starts_with("invalid_argument"));
}
