// What middlewares add to a call, inside a request: nanoseconds of this thread's
// CPU time, and allocations. Each line is the whole call; the first is that of the bare endpoint.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <kit/chain.hpp>
#include <kit/debug/inspector.hpp>
#include <kit/decision_recorder.hpp>
#include <kit/job.hpp>
#include <kit/log/logger.hpp>
#include <kit/log/sink.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/this_context.hpp>
#include <kit/tracing/tracer.hpp>
#include <middleware/bulkhead.hpp>
#include <middleware/circuit_breaker.hpp>
#include <middleware/concurrency_limit.hpp>
#include <middleware/deadline.hpp>
#include <middleware/explaining.hpp>
#include <middleware/instrumenting.hpp>
#include <middleware/load_shed.hpp>
#include <middleware/logging.hpp>
#include <middleware/rate_limit.hpp>
#include <middleware/recover.hpp>
#include <middleware/retry.hpp>
#include <middleware/timeout.hpp>
#include <middleware/tracing.hpp>

#include "measure.hpp"

namespace {

namespace middleware = kit::middleware;
namespace tracing = kit::tracing;

constexpr int calls = 200'000;

struct request {
  std::int64_t a = 0, b = 0;
};
struct response {
  std::int64_t v = 0;
};
using sum_endpoint = kit::endpoint<request, response>;

std::int64_t checksum = 0;

asio::awaitable<response> sum(request r) {
  co_return response{r.a + r.b};
}

struct nothing {
  void enter(kit::call&) {}
};

struct discarding final : tracing::span_processor {
  void on_end(const std::shared_ptr<const tracing::span_data>&) noexcept override { ++checksum; }
};

struct discarding_sink final : kit::log::sink {
  void write(const kit::log::record&) override { ++checksum; }
  void flush() override {}
};

// A request that makes n calls, in a context of its own, as a server starts it.
struct calling_job final : kit::job {
  explicit calling_job(const sum_endpoint& e, int count) : endpoint(e), n(count) {}
  asio::awaitable<void> run() override { return serve(*this); }
  static asio::awaitable<void> serve(calling_job& self) {
    for (int i = 0; i < self.n; ++i) {
      const auto r = co_await self.endpoint.try_call(request{i, 1});
      checksum += r ? r->v : 1;
    }
  }
  void done(std::exception_ptr) noexcept override {}
  const sum_endpoint& endpoint;
  int n;
};

void measure(const char* what, const sum_endpoint& e, const kit::context& caller = {}) {
  bench::print(what, bench::median_of_rounds(calls, [&](int n) {
                 asio::io_context io(1);
                 calling_job job(e, n);
                 const kit::cancel_source source(caller);
                 asio::post(io, [&] { kit::launch(io.get_executor(), source.context(), job); });
                 io.run();
               }));
}

void policies(const kit::metrics::registry& metrics, const middleware::logging& logged,
              const middleware::instrumenting& counted, const middleware::tracing& traced) {
  constexpr double plenty = 1e12;
  const auto with = [](auto... layers) { return kit::chain(layers...)(sum_endpoint(sum), "sum"); };
  const middleware::recover recover(kit::log::logger{});
  const middleware::deadline deadline;
  const middleware::rate_limit limit(
      {.rate = middleware::token_rate{.per_second = plenty, .burst = plenty}});
  const middleware::rate_limit by_client(
      {.rate = middleware::token_rate{.per_second = plenty, .burst = plenty},
       .key = [](const kit::context&) { return std::string("10.0.0.7"); }});
  const middleware::circuit_breaker breaker;
  const middleware::circuit_breaker by_ratio(
      {.limits = middleware::breaker_limits{.failure_ratio = 0.5},
       .window = {.length = std::chrono::seconds(10)}});
  const middleware::bulkhead places;
  const middleware::concurrency_limit adaptive;
  const middleware::load_shed shed;
  const kit::decision_recorder recorder({.registry = metrics});
  const middleware::explaining explain(recorder);
  measure("deadline", with(deadline));
  measure("rate_limit", with(limit));
  measure("rate_limit, by client", with(by_client));
  measure("circuit_breaker", with(breaker));
  measure("circuit_breaker, by ratio", with(by_ratio));
  measure("bulkhead", with(places));
  measure("concurrency_limit", with(adaptive));
  measure("load_shed", with(shed));
  measure("timeout", with(middleware::timeout()));
  measure("retry", with(middleware::retry()));
  measure("recover, logging, instrumenting, tracing, deadline, rate limit, breaker, bulkhead",
          with(recover, logged, counted, traced, deadline, limit, breaker, places));
  measure("  with explaining outermost",
          with(explain, recover, logged, counted, traced, deadline, limit, breaker, places));

  const middleware::rate_limit none({.rate = middleware::token_rate{.per_second = 0, .burst = 0}});
  const middleware::circuit_breaker open(
      {.limits = middleware::breaker_limits{.force = middleware::breaker_limits::forcing::open}});
  const middleware::logging quiet(kit::log::logger({.sink = std::make_shared<discarding_sink>()}),
                                  {.refused = kit::log::level::debug});
  measure("refused by rate_limit", with(none));
  measure("refused by circuit_breaker", with(open));
  measure("refused by circuit_breaker, explained", with(explain, open));
  measure("refused by circuit_breaker in that stack, not logged",
          with(recover, quiet, counted, traced, deadline, limit, open, places));
  measure("refused by circuit_breaker in that stack, logged",
          with(recover, logged, counted, traced, deadline, limit, open, places));
}

}  // namespace

int main(int argc, char**) {
  if (argc > 1) {
    std::puts("usage: middleware_bench");
    return 2;
  }
  const tracing::tracer unsampled(
      {.sampler = tracing::never_sample(), .processors = {std::make_shared<discarding>()}});
  const tracing::tracer sampled({.processors = {std::make_shared<discarding>()}});

  const auto in_trace =
      tracing::with_span_context({}, {.trace_id = {1, 2}, .span_id = {3}, .remote = true});

  const kit::metrics::registry metrics;
  const kit::log::logger log({.sink = std::make_shared<discarding_sink>()});  // from info up

  const auto with = [](auto... layers) { return kit::chain(layers...)(sum_endpoint(sum), "sum"); };
  const middleware::logging filtered(log), logged(log, {.succeeded = kit::log::level::info});
  const middleware::instrumenting counted(metrics);
  const middleware::tracing traced(sampled), dropped(unsampled);

  measure("endpoint", sum);
  measure("an interceptor that does nothing", with(nothing()));
  const kit::debug::inspector inspect;
  measure("watched for the debug page", inspect.watch(sum_endpoint(sum), "sum"));
  measure("logging, filtered", with(filtered));
  measure("logging, logfmt", with(logged));
  measure("instrumenting", with(counted));
  measure("tracing, not sampled", with(dropped));
  measure("tracing, not sampled, with a parent", with(dropped), in_trace);
  measure("tracing, sampled", with(traced));
  policies(metrics, filtered, counted, dropped);
  measure("logging (filtered), instrumenting, tracing", with(filtered, counted, dropped));
  measure("  sampled", with(filtered, counted, traced));
  measure("  sampled and logged", with(traced, logged, counted));
  return checksum == 0;
}
