// What the README shows of metrics and traces.
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>

#include <kit/metrics/process.hpp>
#include <kit/metrics/prometheus.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/service.hpp>
#include <kit/testing/loop.hpp>
#include <kit/tracing/batch_exporter.hpp>
#include <kit/tracing/otlp.hpp>
#include <kit/tracing/tracer.hpp>
#include <middleware/instrumenting.hpp>
#include <middleware/tracing.hpp>
#include <transports/http/metrics.hpp>
#include <transports/http/router.hpp>
#include <transports/http/server_tracing.hpp>

namespace http = kit::http;
namespace metrics = kit::metrics;
namespace middleware = kit::middleware;
namespace tracing = kit::tracing;

namespace {

struct order {
  std::string item;
  int number = 1;
};
struct receipt {
  double price = 0;
};

// [telemetry]
struct telemetry {
  explicit telemetry(http::handler client)
      : spans(std::make_shared<tracing::batch_exporter>(tracing::otlp_exporter(client))),
        tracer({.resource = {{{"service.name", "shop"}}},
                .sampler = tracing::parent_based(tracing::ratio_sampler(0.1)),
                .processors = {spans}}) {}

  metrics::registry metrics;
  metrics::registration process = metrics::process_metrics(metrics);
  std::shared_ptr<tracing::batch_exporter> spans;  // rt.on(0, [&] { return spans->run(); });
  tracing::tracer tracer;
};

class shop {
 public:
  explicit shop(const telemetry& t)
      : sold_(t.metrics.counter({.name = "items_sold_total", .help = "Of all kinds."})),
        tracer_(t.tracer) {}

  asio::awaitable<receipt> buy(order o) {
    const double price = co_await tracer_.in_span("find the price", price_of(o.item));
    sold_.add(o.number);
    co_return receipt{.price = price * o.number};
  }

 private:
  static asio::awaitable<double> price_of(std::string item);

  metrics::counter sold_;
  tracing::tracer tracer_;
};

http::router routes(const telemetry& t, shop& s) {
  const kit::endpoint<order, receipt> buy = [&s](order o) { return s.buy(std::move(o)); };
  const auto observed =
      kit::chain(middleware::tracing(t.tracer), middleware::instrumenting(t.metrics));
  http::router router;
  router.use(http::server_tracing(t.tracer), http::server_metrics(t.metrics));
  router.post("/buy", observed(buy, "buy"));
  router.get("/metrics", metrics::prometheus_handler(t.metrics));
  return router;
}
// [end]

asio::awaitable<double> shop::price_of(std::string item) {
  co_return item == "tea" ? 2.5 : 1;
}

std::string ask(kit::testing::loop& loop, const http::router& router, http::request req) {
  const auto answer = loop.start(http::handler(router).try_call(std::move(req))).value();
  return std::string(answer.value().body.text());
}

}  // namespace

TEST_CASE("readme: metrics and traces") {
  kit::testing::loop loop;
  int batches = 0;
  const telemetry t([&](const http::request&) -> asio::awaitable<http::response> {
    ++batches;
    co_return http::response();
  });
  shop s(t);
  const auto router = routes(t, s);
  auto sending = loop.start(t.spans->run());
  http::request buy{
      .method = http::method::post,
      .target = "/buy",
      .headers = {{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"},
                  {"Content-Type", "application/json"}},
      .body = std::string(R"({"item": "tea", "number": 2})")};
  CHECK(ask(loop, router, buy) == R"({"price":5})"
                                  "\n");
  const auto page = ask(loop, router, {.target = "/metrics"});
  CHECK(page.find("items_sold_total 2\n") != page.npos);
  CHECK(page.find("service_requests_total{method=\"buy\",outcome=\"ok\"} 1\n") != page.npos);
  CHECK(page.find("process_threads ") != page.npos);
  sending.cancel();
  loop.run();
  // The server's, the endpoint's, the search's; and of one request in ten that nobody traces, its
  // own.
  CHECK(t.spans->exported() >= 3);
  CHECK(batches == 1);
}
