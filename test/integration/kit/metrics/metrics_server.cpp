// A server whose metrics have known values; metrics_test.py has promtool and Prometheus read them.
// Ends on SIGTERM.
#include <chrono>
#include <iostream>

#include <asio/awaitable.hpp>

#include <kit/metrics/expvar.hpp>
#include <kit/metrics/loop_lag.hpp>
#include <kit/metrics/process.hpp>
#include <kit/metrics/prometheus.hpp>
#include <kit/runtime.hpp>
#include <kit/testing/metrics.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>

namespace http = kit::http;
namespace metrics = kit::metrics;

namespace {

void fill(const metrics::registry& r) {
  const auto requests =
      r.counter({.name = "requests_total", .help = "Requests answered."}, {"method", "error"});
  requests.with("sum", false).add(15);
  requests.with("concat", true).add(3);
  // Prometheus is told `_total` all the same.
  r.counter({.name = "bytes_sent", .help = "Bytes \"sent\"\nto \\ clients.", .unit = "bytes"},
            {"path"})
      .with("C:\\a\n\"b\" \xc3\xa4")
      .add(1e15);
  r.gauge({.name = "heap_bytes", .help = "Memory in use.", .unit = "bytes"}).set(-0.5);
  r.up_down_counter({.name = "running", .help = "Requests under way."}).add(7);

  const kit::testing::normal distribution;
  kit::random_source random(1);
  const auto values = distribution.values(random);
  const auto plain = r.histogram({.name = "plain_size_bytes",
                                  .help = "In buckets that somebody chose.",
                                  .unit = "bytes",
                                  .buckets = metrics::linear_buckets(425, 25, 7)},
                                 {"kind"});
  const auto exponential = r.histogram({.name = "exponential_seconds",
                                        .help = "In exponential buckets.",
                                        .unit = "seconds",
                                        .buckets = metrics::exponential_buckets{}});
  const auto summary = r.histogram({.name = "summary_seconds",
                                    .help = "As a summary.",
                                    .unit = "seconds",
                                    .buckets = metrics::exponential_buckets{},
                                    .quantiles = {0.5, 0.9, 0.95, 0.99}});
  for (const double v : values) {
    plain.with("normal").observe(v);
    exponential.observe(v);
    summary.observe(v);
  }
  plain.with("normal").observe(
      500, kit::tracing::span_context{.trace_id = {0x0af7651916cd43dd, 0x8448eb211c80319c},
                                      .span_id = {0xb7ad6b7169203331},
                                      .flags = kit::tracing::trace_flags::sampled});
  const auto limited =
      r.counter({.name = "limited_total", .help = "Few series.", .max_series = 2}, {"user"});
  for (int user = 0; user < 5; ++user)
    limited.with(user).add();
}

}  // namespace

int main() {
  const metrics::registry r;
  fill(r);
  const auto process = metrics::process_metrics(r);
  const auto lag = r.histogram(
      {.name = "loop_lag_seconds", .help = "How late timers are.", .unit = "seconds"}, {"loop"});
  http::router router;
  router.get("/metrics", metrics::prometheus_handler(r));
  router.get("/debug/vars", metrics::expvar_handler(r));
  kit::runtime rt({.threads = 2, .handle_signals = true});
  for (std::size_t i = 0; i < rt.size(); ++i) {
    rt.on(i, [handle = lag.with(i)] {
      return metrics::measure_loop_lag(handle, std::chrono::milliseconds(50));
    });
  }
  std::cout << http::serve(rt, router, {.port = 0}) << std::endl;
  return rt.run();
}
