// What the observability middlewares add to a call, inside a request: nanoseconds of this thread's
// CPU time, and allocations. Each line is the whole call; the first is that of the bare endpoint.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <kit/chain.hpp>
#include <kit/debug/inspector.hpp>
#include <kit/job.hpp>
#include <kit/log/logger.hpp>
#include <kit/log/sink.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/this_context.hpp>
#include <kit/tracing/tracer.hpp>
#include <middleware/instrumenting.hpp>
#include <middleware/logging.hpp>
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
  measure("logging (filtered), instrumenting, tracing", with(filtered, counted, dropped));
  measure("  sampled", with(filtered, counted, traced));
  measure("  sampled and logged", with(traced, logged, counted));
  return checksum == 0;
}
