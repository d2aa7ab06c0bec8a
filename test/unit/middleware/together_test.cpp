// All layers in one file and in one chain, in the README's order: no name of one hides another's.
#include <chrono>
#include <optional>
#include <string>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>

#include <kit/chain.hpp>
#include <kit/constraints.hpp>
#include <kit/decision_recorder.hpp>
#include <kit/log/logger.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/testing/loop.hpp>
#include <kit/tracing/tracer.hpp>
#include <middleware/bulkhead.hpp>
#include <middleware/cache.hpp>
#include <middleware/circuit_breaker.hpp>
#include <middleware/coalesce.hpp>
#include <middleware/concurrency_limit.hpp>
#include <middleware/deadline.hpp>
#include <middleware/explaining.hpp>
#include <middleware/fallback.hpp>
#include <middleware/fault.hpp>
#include <middleware/hedge.hpp>
#include <middleware/hystrix.hpp>
#include <middleware/idempotency.hpp>
#include <middleware/instrumenting.hpp>
#include <middleware/load_shed.hpp>
#include <middleware/logging.hpp>
#include <middleware/rate_limit.hpp>
#include <middleware/recover.hpp>
#include <middleware/retry.hpp>
#include <middleware/timeout.hpp>
#include <middleware/tracing.hpp>
#include <middleware/validate.hpp>

using namespace std::chrono_literals;

namespace middleware = kit::middleware;

namespace {

struct purchase {
  std::string sku;
};
struct receipt {
  int price = 0;
};

asio::awaitable<receipt> buy(purchase p) {
  co_return receipt{static_cast<int>(p.sku.size())};
}

}  // namespace

template <>
struct kit::constraints<purchase> {
  static constexpr auto fields = kit::constrain(kit::field<&purchase::sku>(kit::length(1, 8)));
};

TEST_CASE("middleware: all layers in one chain") {
  const kit::log::logger log;
  const kit::metrics::registry metrics;
  const kit::tracing::tracer tracer;
  const auto key = [](const purchase& p) { return std::optional(p.sku); };
  const auto all = kit::chain(
      middleware::explaining(kit::decision_recorder({.registry = metrics})),
      middleware::recover(log), middleware::logging(log), middleware::tracing(tracer),
      middleware::instrumenting(metrics), middleware::deadline(), middleware::load_shed(),
      middleware::rate_limit({.rate = middleware::token_rate{.per_second = 10, .burst = 10}}),
      middleware::concurrency_limit(), middleware::bulkhead(), middleware::validate(),
      middleware::fallback([](const kit::error&) { return receipt{}; }),
      middleware::cache(middleware::cache_options{.key = key}),
      middleware::coalesce(middleware::coalesce_options{.key = key}),
      middleware::timeout({.limit = 1s}), middleware::retry(), middleware::timeout({.limit = 1s}),
      middleware::circuit_breaker(), middleware::fault());
  kit::testing::loop loop;
  const auto call = all(kit::endpoint<purchase, receipt>(buy), "buy");
  CHECK(loop.start(call.try_call({"tea"})).value()->price == 3);
  CHECK(loop.start(call.try_call({""})).error() == kit::errc::invalid_argument);
}
