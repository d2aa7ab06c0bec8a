// Go kit's stringsvc2: the service of stringsvc1 with logs, metrics and traces, and with what keeps
// it going when there is too much to do or somebody it needs is away, all of which are layers
// around it. What it does shows at /metrics, at /debug/ and in the log:
//   curl -d '{"s": "hello, world"}' http://127.0.0.1:8080/uppercase
// With --uppercase-at it leaves the one method to another program, e.g. to stringsvc1; stop that
// one, and look at /debug/decisions.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>

#include <examples/program.hpp>
#include <examples/stringsvc.hpp>
#include <examples/telemetry.hpp>
#include <kit/chain.hpp>
#include <kit/debug/inspector.hpp>
#include <kit/decision_recorder.hpp>
#include <kit/http/url.hpp>
#include <kit/log/logger.hpp>
#include <kit/metrics/prometheus.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/runtime.hpp>
#include <kit/service.hpp>
#include <middleware/call_key.hpp>
#include <middleware/circuit_breaker.hpp>
#include <middleware/concurrency_limit.hpp>
#include <middleware/deadline.hpp>
#include <middleware/explaining.hpp>
#include <middleware/load_shed.hpp>
#include <middleware/rate_limit.hpp>
#include <middleware/recover.hpp>
#include <middleware/retry.hpp>
#include <middleware/timeout.hpp>
#include <middleware/tracing.hpp>
#include <transports/http/client.hpp>
#include <transports/http/client_of.hpp>
#include <transports/http/metrics.hpp>
#include <transports/http/router.hpp>
#include <transports/http/serve.hpp>
#include <transports/http/server_tracing.hpp>

using namespace std::chrono_literals;

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

// --- policies

namespace middleware = kit::middleware;

// [calls]
// A remote method, as its callers here shall see it. From the outside in:
stringsvc::service from_elsewhere(stringsvc::service local, std::string url) {
  if (!kit::http::is_http_url(url)) throw std::invalid_argument("--uppercase-at: no URL: " + url);
  const kit::http::client client;
  const auto remote = kit::http::client_of<stringsvc::service>(client, std::move(url));
  const auto around = kit::chain(
      // In all no more than a second, whatever happens.
      middleware::timeout({.limit = 1s}),
      // What failed for a reason that may pass is tried again, within a budget: when the other
      // program is down, it isn't buried under second attempts.
      middleware::retry({.limits = kit::retry_limits{.max_attempts = 3}}),
      // After five failures in a row it is left alone, and tried every two seconds.
      middleware::circuit_breaker(
          {.limits = middleware::breaker_limits{.consecutive_failures = 5, .open_for = 2s}}),
      // An attempt that gets no answer makes room for the next one.
      middleware::timeout({.limit = 300ms}));
  local.uppercase = around(remote.uppercase, "uppercase");
  return local;
}
// [end]

// Keeps the processor busy, so that there is an end to what it can do.
stringsvc::service busy(stringsvc::service s, std::chrono::microseconds time) {
  s.count = [next = s.count, time](count_request r) {
    for (const auto end = clock::now() + time; clock::now() < end;) {
    }
    return next(std::move(r));
  };
  return s;
}

// [layers]
// The service with all that is done for each of its methods; the first layer is outermost.
stringsvc::service with_layers(const examples::telemetry& t, stringsvc::service s) {
  return kit::wrap(std::move(s),
                   // What a handler throws stays here; callers get an internal error.
                   middleware::recover(t.log), middleware::tracing(t.tracer),
                   instrumenting(t.metrics),
                   // A call that its caller won't wait for isn't begun.
                   middleware::deadline());
}

// In front of everything but the pages for operators, before a request's content is read.
auto admission(const examples::options& options) {
  const double rate = options.number("--rate").value_or(1000);
  return kit::chain(
      // While the loop is behind, critical calls come first, and who would be late is sent away.
      middleware::load_shed(),
      // No client gets more than its share.
      middleware::rate_limit(
          {.rate = middleware::token_rate{.per_second = rate, .burst = std::max(1.0, rate / 10)},
           .key = middleware::by_client_address()}),
      // And all together no more than can be done: the limit is found by how long calls take.
      middleware::concurrency_limit(
          {.queue = middleware::concurrency_queue{.max_queue = 50, .max_wait = 100ms}}));
}
// [end]

// The service as it is asked for; without options, the one of stringsvc1.
stringsvc::service chosen(const examples::options& options) {
  stringsvc::service s{.uppercase = stringsvc::uppercase, .count = stringsvc::count};
  if (const auto us = options.number("--busy")) {
    s = busy(std::move(s), std::chrono::microseconds(static_cast<std::int64_t>(*us)));
  }
  if (const auto url = options.get("--uppercase-at")) s = from_elsewhere(std::move(s), *url);
  return s;
}

kit::http::server_options server_options(const examples::options& options,
                                         const kit::metrics::registry& metrics) {
  auto http = options.http;
  http.stream_request_bodies = true;  // what is refused isn't read
  // A call has its place while its content comes: who sends slowly shall not keep it long.
  http.body_grace = 2s;
  http.min_body_rate = 16'000;
  http.connections = kit::http::connection_metrics(metrics);
  return http;
}

}  // namespace

int main(int count, char** arguments) {
  examples::usage usage{
      .about =
          "POST /uppercase and POST /count, JSON both ways; GET /metrics for Prometheus,"
          " GET /debug/ for people.",
      .own = examples::telemetry::options()};
  usage.own.push_back({"--uppercase-at", "URL", "leave uppercase to the service there"});
  usage.own.push_back({"--busy", "US", "microseconds of work for each count"});
  usage.own.push_back({"--rate", "N", "calls a second for each client (1000)"});
  return examples::run(count, arguments, usage, [](const examples::options& options) {
    examples::telemetry telemetry(options, "stringsvc2");
    const auto& log = telemetry.log;
    const auto& metrics = telemetry.metrics;
    const auto& tracer = telemetry.tracer;

    const kit::decision_recorder decisions({.registry = metrics});
    const kit::debug::inspector inspect({.name = "stringsvc2",
                                         .traces = telemetry.traces,
                                         .decisions = decisions,
                                         .levels = telemetry.levels});
    const auto service = inspect.watch(with_layers(telemetry, logged(log, chosen(options))));

    kit::http::router router;
    router.use(kit::http::server_tracing(tracer), kit::http::server_metrics(metrics),
               // What the layers further in decide can be read at /debug/decisions.
               middleware::explaining(decisions));
    auto api = router.group("/");
    api.use(admission(options));
    api.mount("/", service);
    router.get("/metrics", kit::metrics::prometheus_handler(metrics));
    router.mount("/debug", inspect.handler());

    kit::runtime rt({.threads = options.threads, .handle_signals = true});
    const auto address = kit::http::serve(rt, router, server_options(options, metrics));
    telemetry.send_from(rt);
    examples::announce(address);
    log.print("HTTP", "addr", address);
    return rt.run();
  });
}
