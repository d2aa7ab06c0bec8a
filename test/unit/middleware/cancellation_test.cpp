#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/debug/inspector.hpp>
#include <kit/decision_recorder.hpp>
#include <kit/log/logger.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/retry_budget.hpp>
#include <kit/sd/lb/retry.hpp>
#include <kit/testing/recording_log.hpp>
#include <kit/testing/recording_spans.hpp>
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

#include "../../support/cancel_walk.hpp"

// Each layer, cancelled wherever it waits: what it counts and holds is right afterwards.

using namespace std::chrono_literals;
using kit::errc;
using kit::error;
using kit::retry_budget;
using kit::retry_budget_limits;
using kit::retry_limits;
using test::backend;
using test::cancel_everywhere;
using test::walked;

namespace middleware = kit::middleware;

namespace {

// The layers around a backend that they share.
template <class Layers>
walked around(const Layers& layers, std::shared_ptr<backend> to = std::make_shared<backend>()) {
  walked w;
  w.to = std::move(to);
  w.call = layers(test::endpoint([b = w.to](test::request) { return b->serve(); }), "sum");
  return w;
}

std::shared_ptr<backend> failing_at_first(std::size_t times) {
  auto b = std::make_shared<backend>();
  b->fails = [times](std::size_t n) {
    return n < times ? std::optional(error(errc::unavailable, "broken")) : std::nullopt;
  };
  return b;
}

// Counts the calls that an endpoint is asked for.
test::endpoint counted(test::endpoint next, std::shared_ptr<std::size_t> n) {
  return [=](test::request r) {
    ++*n;
    return next.try_call(std::move(r));
  };
}

// Around and inside of a layer that tries again, and what it takes its retries from.
struct counted_retries {
  std::shared_ptr<std::size_t> calls = std::make_shared<std::size_t>(0);
  std::shared_ptr<std::size_t> attempts = std::make_shared<std::size_t>(0);
  // In which one can only be missing because it was made.
  retry_budget budget{retry_budget_limits{.ratio = 0, .min_per_second = 1}};

  template <class Layer>
  walked around(const Layer& layer, std::shared_ptr<backend> to) const {
    walked w;
    w.call = counted(layer(counted([to](test::request) { return to->serve(); }, attempts)), calls);
    w.to = std::move(to);
    w.others_unmoved = false;  // whose attempts fail depends on who comes that far
    w.same_times = false;
    w.at_rest_at = [*this](kit::time_point now) {
      CHECK(budget.left(now) == doctest::Approx(10.0 - static_cast<double>(*attempts - *calls)));
    };
    return w;
  }
};

double value_of(const kit::metrics::registry& metrics, std::string_view name) {
  const auto collected = metrics.collect();
  return collected.find(name)->points.front().value;
}

}  // namespace

TEST_CASE("cancelled anywhere: layers that only look on") {
  cancel_everywhere([] {
    const kit::metrics::registry metrics;
    const auto spans = std::make_shared<kit::testing::recording_spans>();
    const kit::debug::inspector inspect;
    const kit::testing::recording_log recorded;
    const kit::log::logger log({.sink = recorded.sink()});
    auto w =
        around(kit::chain(middleware::explaining(kit::decision_recorder({.registry = metrics})),
                          middleware::recover(kit::log::logger()),
                          middleware::logging(log, {.succeeded = kit::log::level::info}),
                          middleware::instrumenting(metrics),
                          middleware::tracing(kit::tracing::tracer({.processors = {spans}})),
                          middleware::deadline(), middleware::load_shed()));
    w.call = inspect.watch(w.call, "watched");
    w.at_rest = [metrics, spans] {
      CHECK(value_of(metrics, "service_requests_in_flight") == 0);
      CHECK(spans->started() == spans->ended().size());
    };
    return w;
  });
}

TEST_CASE("cancelled anywhere: rate_limit") {
  cancel_everywhere([] {
    auto w = around(kit::chain(middleware::rate_limit(
        {.rate = middleware::token_rate{.per_second = 10, .burst = 1}, .max_wait = 10s})));
    w.pause = 0s;  // a token more or less would show
    return w;
  });
}

TEST_CASE("cancelled anywhere: circuit_breaker, closed") {
  cancel_everywhere([] {
    return around(kit::chain(middleware::circuit_breaker(
        {.limits = middleware::breaker_limits{.consecutive_failures = 2}})));
  });
}

TEST_CASE("cancelled anywhere: circuit_breaker, half-open") {
  using test::how;
  const auto make = [] {
    const middleware::circuit_breaker breaker(
        {.limits = middleware::breaker_limits{.consecutive_failures = 1,
                                              .open_for = 48h,  // no others are tried meanwhile
                                              .trials = 3}});
    auto w = around(kit::chain(breaker), failing_at_first(1));
    test::stepper loop(test::walk_start - 72h);
    asio::co_spawn(loop.context(), w.call.try_call({}), [](const auto&...) {});
    while (loop.step()) {
    }
    w.to->fails = nullptr;
    REQUIRE(breaker.current(test::walk_start - 71h) == middleware::breaker_state::open);
    // As many calls are tried instead as there were cancelled, and then it closes.
    w.at_rest_at = [breaker, call = w.call](kit::time_point now) {
      for (int i = 0; i < 3 && breaker.current(now) != middleware::breaker_state::closed; ++i) {
        test::stepper later(now);
        asio::co_spawn(later.context(), call.try_call({}),
                       [](std::exception_ptr, const auto& r) { CHECK(r); });
        while (later.step()) {
        }
        now = later.now();
      }
      CHECK(breaker.current(now) == middleware::breaker_state::closed);
    };
    return w;
  };
  // A deadline that comes is a failure, and opens it.
  cancel_everywhere(make, {how::by_context, how::by_signal, how::with_loop});
}

TEST_CASE("cancelled anywhere: hystrix") {
  cancel_everywhere([] {
    middleware::hystrix_commands commands;
    commands.configure("sum", {.timeout = 5s, .max_concurrent_requests = 3});
    return around(commands.command("sum"));
  });
}

TEST_CASE("cancelled anywhere: timeout, that expires") {
  cancel_everywhere([] {
    auto b = std::make_shared<backend>();
    b->takes = [](std::size_t n) { return n == 1 ? 1h : 100ms; };
    auto w = around(kit::chain(middleware::timeout({.limit = 300ms})), b);
    w.others_unmoved = false;  // whose call is the slow one depends on who comes that far
    return w;
  });
}

TEST_CASE("cancelled anywhere: retry") {
  cancel_everywhere([] {
    const counted_retries retries;
    return retries.around(
        middleware::retry(
            {.limits = retry_limits{.max_attempts = 3, .first_pause = 50ms, .attempt_timeout = 1s},
             .budget = retries.budget,
             .random = kit::random_source(1)}),
        failing_at_first(4));
  });
}

TEST_CASE("cancelled anywhere: a balancer's retry") {
  struct one final : kit::sd::balancer<test::request, test::response> {
    explicit one(test::endpoint e) : only(std::move(e)) {}
    kit::result<test::endpoint> pick() override { return only; }
    test::endpoint only;
  };
  cancel_everywhere([] {
    const counted_retries retries;
    const auto layer = [&](test::endpoint next) {
      return kit::sd::retry<test::request, test::response>(
          std::make_shared<one>(std::move(next)),
          {.timeout = 10s, .budget = retries.budget, .random = kit::random_source(1)});
    };
    return retries.around(layer, failing_at_first(4));
  });
}

TEST_CASE("cancelled anywhere: hedge") {
  cancel_everywhere([] {
    auto b = std::make_shared<backend>();
    b->takes = [](std::size_t n) { return n < 3 ? 3s : 100ms; };
    const counted_retries retries;
    return retries.around(middleware::hedge({.limits = middleware::hedge_limits{.delay = 50ms},
                                             .idempotent = true,
                                             .budget = retries.budget}),
                          b);
  });
}

TEST_CASE("cancelled anywhere: bulkhead") {
  cancel_everywhere([] {
    const middleware::bulkhead places({.limits = middleware::bulkhead_limits{
                                           .max_concurrent = 1, .max_queue = 2, .max_wait = 1h}});
    auto w = around(kit::chain(places));
    w.at_rest = [=] { CHECK(places.in_use() == 0); };
    return w;
  });
}

TEST_CASE("cancelled anywhere: concurrency_limit") {
  cancel_everywhere([] {
    const middleware::concurrency_limit places(
        {.by = middleware::aimd_options{.range = {.min = 1, .max = 1, .initial = 1}},
         .queue = middleware::concurrency_queue{.max_queue = 2, .max_wait = 1h}});
    auto w = around(kit::chain(places));
    w.at_rest = [=] { CHECK(places.in_use() == 0); };
    return w;
  });
}

TEST_CASE("cancelled anywhere: load_shed") {
  cancel_everywhere([] {  // the second and third call wait for their turn
    return around(kit::chain(
        middleware::load_shed({.limits = middleware::lag_limits{.target = 1ns, .interval = 1h}})));
  });
}

TEST_CASE("cancelled anywhere: fallback") {
  cancel_everywhere([] {
    auto b = failing_at_first(100);
    const auto slow_answer = [](const error&) -> asio::awaitable<test::response> {
      co_await kit::sleep_for(50ms);
      co_return test::response{};
    };
    return around(kit::chain(middleware::fallback(slow_answer)), b);
  });
}

TEST_CASE("cancelled anywhere: fault") {
  cancel_everywhere([] {
    return around(kit::chain(
        middleware::fault({.limits = middleware::fault_limits{
                               .delay_ratio = 1, .min_delay = 20ms, .max_delay = 20ms}})));
  });
}

TEST_CASE("cancelled anywhere: coalesce") {
  const auto key = [](const test::request& r) { return std::optional(r.want); };
  cancel_everywhere([=] {
    return around(kit::chain(middleware::coalesce(middleware::coalesce_options{.key = key})));
  });
}

TEST_CASE("cancelled anywhere: cache") {
  const auto key = [](const test::request& r) { return std::optional(r.want); };
  cancel_everywhere([=] {
    // By the time of the second round all is stale, and fetched in the background.
    return around(kit::chain(middleware::cache(middleware::cache_options{
        .limits = middleware::cache_limits{.ttl = 1s, .stale_while_revalidate = 1h}, .key = key})));
  });
}

TEST_CASE("cancelled anywhere: cache, while it is refreshed") {
  const auto key = [](const test::request& r) { return std::optional(r.want); };
  cancel_everywhere([=] {
    auto w = around(kit::chain(middleware::cache(middleware::cache_options{
        .limits = middleware::cache_limits{.ttl = 1s, .stale_while_revalidate = 100h},
        .key = key})));
    test::stepper loop(test::walk_start - 1h);
    asio::co_spawn(loop.context(), w.call.try_call({"same"}), [](const auto&...) {});
    while (loop.step()) {
    }
    return w;
  });
}

TEST_CASE("cancelled anywhere: idempotency") {
  const auto key = [](const kit::context&, const test::request& r) {
    return std::optional(middleware::idempotency_key{r.want, {}});
  };
  cancel_everywhere([=] {
    return around(kit::chain(middleware::idempotency(
        middleware::idempotency_options{.key = key, .keep = 1h, .max_keys = 1})));
  });
}

TEST_CASE("cancelled anywhere: a whole stack") {
  cancel_everywhere([] {
    const retry_budget budget;
    const middleware::bulkhead places({.limits = middleware::bulkhead_limits{
                                           .max_concurrent = 1, .max_queue = 2, .max_wait = 1h}});
    auto w = around(
        kit::chain(
            middleware::recover(kit::log::logger()), middleware::deadline(),
            middleware::rate_limit(
                {.rate = middleware::token_rate{.per_second = 20, .burst = 1}, .max_wait = 10s}),
            middleware::timeout({.limit = 1min}),
            middleware::retry({.limits = retry_limits{.max_attempts = 3, .first_pause = 50ms},
                               .budget = budget,
                               .random = kit::random_source(1)}),
            middleware::circuit_breaker(), places, middleware::timeout({.limit = 1s})),
        failing_at_first(2));
    w.others_unmoved = false;
    w.same_times = false;
    w.at_rest = [=] { CHECK(places.in_use() == 0); };
    return w;
  });
}
