// A shop that is called all the time, with the debug page at /debug, and at /ops/debug where levels
// may be changed; debug_test.py looks at both in a browser. Ends on SIGTERM.
#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/debug/inspector.hpp>
#include <kit/error.hpp>
#include <kit/log/logger.hpp>
#include <kit/random.hpp>
#include <kit/runtime.hpp>
#include <kit/service.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <kit/tracing/trace_ring.hpp>
#include <kit/tracing/tracer.hpp>
#include <middleware/instrumenting.hpp>
#include <middleware/logging.hpp>
#include <middleware/tracing.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>

namespace http = kit::http;
namespace tracing = kit::tracing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view hostile = "</script><script>alert('span')</script>\"'&<img src=x>";

struct order {
  std::uint64_t number = 0;
};
struct answer {
  std::string text;
};
using endpoint = kit::endpoint<order, answer>;

struct shop_service {
  endpoint find, buy, report;
};

asio::awaitable<answer> wait(std::chrono::microseconds how_long) {
  co_await kit::sleep_for(how_long);
  co_return answer{};
}

std::chrono::microseconds some_time(std::uint64_t seed, double least, double most) {
  kit::random_source random(seed);
  const double u = random.uniform();
  return std::chrono::microseconds(
      static_cast<std::int64_t>(1e3 * (least + (most - least) * u * u * u)));
}

tracing::span_options client(std::string_view statement) {
  return {.kind = tracing::span_kind::client,
          .attributes = {{"db.system", "postgresql"}, {"db.query.text", statement}}};
}

asio::awaitable<answer> find(tracing::tracer tracer, order o) {
  co_await tracer.in_span("cache.get", wait(some_time(o.number, 0.2, 1)), client("GET item"));
  if (o.number % 3 == 0) {
    co_await tracer.in_span("SELECT items", wait(some_time(o.number + 1, 1, 40)),
                            client("SELECT * FROM items WHERE id = $1"));
  }
  co_return answer{};
}

asio::awaitable<answer> reserve(tracing::tracer tracer, order o) {
  tracing::span_of(co_await kit::this_context())
      .add_event("lock taken", {{"table", "stock"}, {"rows", 1}});
  co_await tracer.in_span("UPDATE stock", wait(some_time(o.number + 2, 2, 30)),
                          client("UPDATE stock SET n = n - 1"));
  co_return answer{};
}

asio::awaitable<answer> buy(tracing::tracer tracer, order o) {
  co_await tracer.in_span("reserve", reserve(tracer, o));
  if (o.number % 11 == 5) throw kit::error(kit::errc::unavailable, "payment: connection refused");
  if (o.number % 17 == 9) throw kit::error(kit::errc::internal, std::string(hostile));
  tracing::span_options pay{.kind = tracing::span_kind::client};
  pay.attributes = {{"http.request.method", "POST"},
                    {"url.path", "/pay/<script>alert('path')</script>"},
                    {"http.request.header.x-name", std::string("\"quoted\" \xff</script>")}};
  co_await tracer.in_span("POST /pay", wait(some_time(o.number + 3, 10, 250)), pay);
  co_return answer{};
}

asio::awaitable<answer> report(tracing::tracer tracer, order) {
  co_await tracer.in_span(std::string(hostile), wait(50ms));
  co_return co_await tracer.in_span("warehouse.scan", wait(10min), client("SELECT ..."));
}

shop_service make_shop(const tracing::tracer& tracer) {
  return {.find = [tracer](order o) { return find(tracer, o); },
          .buy = [tracer](order o) { return buy(tracer, o); },
          .report = [tracer](order o) { return report(tracer, o); }};
}

// One customer after the other, as a server's requests.
asio::awaitable<void> call_again_and_again(tracing::tracer tracer, endpoint ep, std::string path,
                                           std::chrono::microseconds pause) {
  for (order o;; ++o.number) {
    tracing::span_options request{.kind = tracing::span_kind::server};
    request.attributes = {{"http.request.method", "POST"}, {"url.path", path}};
    (void)co_await tracer.in_span("POST " + path, kit::with_timeout(2min, ep.try_call(o)),
                                  std::move(request));
    co_await kit::sleep_for(pause);
  }
}

// [debug]
struct parts {
  std::shared_ptr<tracing::trace_ring> traces = std::make_shared<tracing::trace_ring>();
  tracing::tracer tracer{{.processors = {traces}}};
  kit::log::levels levels = kit::log::level::info;
};

http::router routes(const parts& p, shop_service& shop) {
  const kit::debug::inspector inspect({.name = "shop", .traces = p.traces, .levels = p.levels});
  shop = inspect.watch(shop, "shop.");  // last: around middleware::tracing and all else
  http::router router;
  router.mount("/shop", shop);
  router.mount("/debug", inspect.handler());
  return router;
}
// [end]

struct null_sink final : kit::log::sink {
  void write(const kit::log::record&) override {}
  void flush() override {}
};

}  // namespace

int main() {
  parts p;
  p.levels.set("http.client", kit::log::level::warn);
  const kit::log::logger log({.sink = std::make_shared<null_sink>(), .levels = p.levels});
  const kit::metrics::registry metrics;
  auto shop =
      kit::wrap(make_shop(p.tracer), kit::middleware::logging(log),
                kit::middleware::instrumenting(metrics), kit::middleware::tracing(p.tracer));
  auto router = routes(p, shop);

  const kit::debug::inspector ops({.name = "shop (ops)",
                                   .build = {{"version", "1.4.2"}, {"commit", "9f2c1ab"}},
                                   .levels = p.levels,
                                   .allow_writes = true});
  const endpoint odd = ops.watch(endpoint([](order) { return wait(3ms); }), "GET /a/~b/{id}");
  router.mount("/ops/debug", ops.handler());

  kit::runtime rt({.threads = 2, .handle_signals = true});
  rt.on(0, [&] { return call_again_and_again(p.tracer, shop.find, "/find", 5ms); });
  rt.on(1, [&] { return call_again_and_again(p.tracer, shop.find, "/find", 7ms); });
  rt.on(0, [&] { return call_again_and_again(p.tracer, shop.buy, "/buy", 20ms); });
  rt.on(1, [&] { return call_again_and_again(p.tracer, shop.report, "/report", 1s); });
  rt.on(1, [&] { return call_again_and_again(p.tracer, odd, "/a/~b/{id}", 100ms); });
  std::cout << http::serve(rt, router, {.port = 0}) << std::endl;
  return rt.run();
}
