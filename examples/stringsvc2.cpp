// Go kit's stringsvc2: the service of stringsvc1 with logs, metrics and traces, which are layers
// around it. What it does shows at /metrics, at /debug/ and in the log:
//   curl -d '{"s": "hello, world"}' http://127.0.0.1:8080/uppercase
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>

#include <examples/program.hpp>
#include <examples/stringsvc.hpp>
#include <examples/telemetry.hpp>
#include <kit/debug/inspector.hpp>
#include <kit/log/logger.hpp>
#include <kit/metrics/prometheus.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/runtime.hpp>
#include <kit/service.hpp>
#include <middleware/tracing.hpp>
#include <transports/http/metrics.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>
#include <transports/http/server_tracing.hpp>

namespace {

using stringsvc::count_request;
using stringsvc::count_response;
using stringsvc::uppercase_request;
using stringsvc::uppercase_response;

// --- logs: layers that know what goes in and comes out, and so aren't interceptors

using clock = std::chrono::steady_clock;

asio::awaitable<uppercase_response> log_uppercase(
    kit::log::logger logger, kit::endpoint<uppercase_request, uppercase_response> next,
    uppercase_request r) {
  const auto log = co_await logger.here();  // with the ids of the request's trace
  const auto begin = clock::now();
  const auto input = r.s;
  auto answer = co_await next(std::move(r));
  const auto err = answer.err.empty() ? std::nullopt : std::optional(answer.err);
  log.info("", "method", "uppercase", "input", input, "output", answer.v, "err", err, "took",
           clock::now() - begin);
  co_return answer;
}

asio::awaitable<count_response> log_count(kit::log::logger logger,
                                          kit::endpoint<count_request, count_response> next,
                                          count_request r) {
  const auto log = co_await logger.here();
  const auto begin = clock::now();
  const auto input = r.s;
  const auto answer = co_await next(std::move(r));
  log.info("", "method", "count", "input", input, "n", answer.v, "took", clock::now() - begin);
  co_return answer;
}

stringsvc::service logged(const kit::log::logger& log, stringsvc::service s) {
  return {.uppercase =
              [=](uppercase_request r) { return log_uppercase(log, s.uppercase, std::move(r)); },
          .count = [=](count_request r) { return log_count(log, s.count, std::move(r)); }};
}

// --- metrics: an interceptor, which gets the handles of each endpoint when it is put around it

class instrumenting {
 public:
  static constexpr std::string_view layer_name = "instrumenting";

  explicit instrumenting(const kit::metrics::registry& metrics)
      : requests_(metrics.counter({.name = "my_group_string_service_request_count",
                                   .help = "Number of requests received."},
                                  {"method", "error"})),
        latency_(metrics.histogram({.name = "my_group_string_service_request_latency_microseconds",
                                    .help = "Total duration of requests in microseconds.",
                                    .buckets = kit::metrics::exponential_buckets{},
                                    .quantiles = {0.5, 0.9, 0.99}},
                                   {"method", "error"})),
        count_result_(metrics.histogram({.name = "my_group_string_service_count_result",
                                         .help = "The result of each count method.",
                                         .buckets = kit::metrics::exponential_buckets{},
                                         .quantiles = {0.5, 0.9, 0.99}})) {}

  instrumenting for_endpoint(std::string_view name) const {
    auto i = *this;
    for (const bool error : {false, true}) {
      i.of_endpoint_[error] = {requests_.with(name, error), latency_.with(name, error)};
    }
    return i;
  }

  void leave(kit::call& c) const noexcept {
    const auto& outcome = c.outcome();
    const bool error = !outcome.ok() || outcome.failed();
    of_endpoint_[error].requests.add();
    of_endpoint_[error].latency.observe(
        std::chrono::duration<double, std::micro>(c.elapsed()).count());
    if (const auto* r = outcome.response<count_response>()) {
      count_result_.observe(static_cast<double>(r->v));
    }
  }

 private:
  struct series {
    kit::metrics::counter requests;
    kit::metrics::histogram latency;
  };
  kit::metrics::counter_family<2> requests_;
  kit::metrics::histogram_family<2> latency_;
  kit::metrics::histogram count_result_;
  series of_endpoint_[2];  // without and with an error
};

}  // namespace

int main(int count, char** arguments) {
  const examples::usage usage{
      .about =
          "POST /uppercase and POST /count, JSON both ways; GET /metrics for Prometheus,"
          " GET /debug/ for people.",
      .own = examples::telemetry::options()};
  return examples::run(count, arguments, usage, [](const examples::options& options) {
    examples::telemetry telemetry(options, "stringsvc2");
    const auto& log = telemetry.log;
    const auto& metrics = telemetry.metrics;
    const auto& tracer = telemetry.tracer;

    const kit::debug::inspector inspect(
        {.name = "stringsvc2", .traces = telemetry.traces, .levels = telemetry.levels});
    const auto service = inspect.watch(
        kit::wrap(logged(log, {.uppercase = stringsvc::uppercase, .count = stringsvc::count}),
                  kit::middleware::tracing(tracer), instrumenting(metrics)));

    kit::http::router router;
    router.use(kit::http::server_tracing(tracer), kit::http::server_metrics(metrics));
    router.mount("/", service);
    router.get("/metrics", kit::metrics::prometheus_handler(metrics));
    router.mount("/debug", inspect.handler());

    auto http = options.http;
    http.connections = kit::http::connection_metrics(metrics);
    kit::runtime rt({.threads = options.threads, .handle_signals = true});
    const auto address = kit::http::serve(rt, router, http);
    telemetry.send_from(rt);
    examples::announce(address);
    log.print("HTTP", "addr", address);
    return rt.run();
  });
}
