#include <middleware/instrumenting.hpp>

#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/error.hpp>
#include <kit/service.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <kit/tracing/span_context.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::errc;
using kit::error;
using kit::middleware::instrumenting;
using kit::middleware::instrumenting_options;

using test::endpoint;
using test::handle;
using test::refusing;
using test::request;

namespace {

struct fixture {
  explicit fixture(instrumenting_options o = {})
      : layer(registry, std::move(o)), call(kit::chain(layer)(endpoint(handle), "sum")) {}

  void ask(const std::string& want) { (void)loop.start(call.try_call(request{want})); }
  double ended(std::string_view outcome, std::string_view method = "sum") const {
    return registry
        .counter({.name = "service_requests_total", .help = "Calls that ended, by how."},
                 {"method", "outcome"})
        .with(method, outcome)
        .value();
  }
  kit::metrics::histogram_data took(bool failed) const {
    const auto all = registry.collect();
    const auto* family = all.find("service_request_duration_seconds");
    REQUIRE(family);
    // The labels are sorted: error, method.
    const std::string_view values[] = {failed ? "true" : "false", "sum"};
    const auto* point = family->find(values);
    REQUIRE(point);
    return point->histogram;
  }
  double in_flight() const {
    const auto all = registry.collect();
    return all.find("service_requests_in_flight")->points.front().value;
  }

  kit::testing::loop loop;
  kit::metrics::registry registry;
  instrumenting layer;
  endpoint call;
};

}  // namespace

TEST_CASE("instrumenting: calls are counted by how they ended") {
  fixture f;
  for (const char* want : {"ok", "ok", "business", "error", "not found"})
    f.ask(want);
  const auto refused = kit::chain(f.layer, refusing())(endpoint(handle), "sum");
  (void)f.loop.start(refused.try_call(request{"ok"}));
  auto waiting = f.loop.start(f.call.try_call(request{"wait"}));
  CHECK(f.in_flight() == 1);
  waiting.cancel();
  f.loop.run();
  CHECK(f.in_flight() == 0);
  CHECK(f.ended("ok") == 2);
  CHECK(f.ended("business_error") == 1);
  CHECK(f.ended("failed") == 2);
  CHECK(f.ended("refused") == 1);
  CHECK(f.ended("canceled") == 1);
}

TEST_CASE("instrumenting: calls are timed, apart from those with an error") {
  fixture f({.buckets = kit::metrics::explicit_buckets{{0.1, 1}}});
  auto slow = f.loop.start(f.call.try_call(request{"slow"}));
  f.loop.advance(200ms);
  f.ask("ok");
  f.ask("not found");  // the caller's mistake
  f.ask("error");
  const auto good = f.took(false);
  CHECK(good.count == 3);
  CHECK(good.sum == doctest::Approx(0.2));
  CHECK(std::get<kit::metrics::explicit_counts>(good.buckets).counts ==
        std::vector<std::uint64_t>{2, 1, 0});
  CHECK(f.took(true).count == 1);
}

TEST_CASE("instrumenting: the classifier decides what counts as an error") {
  fixture f({.classify = kit::classify::business_errors()});
  f.ask("business");
  CHECK(f.took(true).count == 1);
  CHECK(f.ended("business_error") == 1);
}

TEST_CASE("instrumenting: each endpoint of a service has its name") {
  struct service {
    endpoint sum, concat;
  };
  fixture f;
  const auto s = kit::wrap(service{handle, handle}, f.layer);
  (void)f.loop.start(s.sum.try_call(request{"ok"}));
  (void)f.loop.start(s.concat.try_call(request{"ok"}));
  (void)f.loop.start(s.concat.try_call(request{"error"}));
  CHECK(f.ended("ok", "sum") == 1);
  CHECK(f.ended("ok", "concat") == 1);
  CHECK(f.ended("failed", "concat") == 1);
  CHECK(s.sum.layers().front() == "instrumenting");
}

TEST_CASE("instrumenting: a call that is destroyed has ended as canceled") {
  kit::metrics::registry registry;
  {
    kit::testing::loop loop;
    const auto call = kit::chain(instrumenting(registry))(endpoint(handle), "sum");
    (void)loop.start(call.try_call(request{"wait"}));
  }
  const auto all = registry.collect();
  CHECK(all.find("service_requests_in_flight")->points.front().value == 0);
  CHECK(registry
            .counter({.name = "service_requests_total", .help = "Calls that ended, by how."},
                     {"method", "outcome"})
            .with("sum", "canceled")
            .value() == 1);
}

TEST_CASE("instrumenting: the span of a sampled call is the example of its bucket") {
  for (const bool exemplars : {true, false}) {
    for (const bool sampled : {true, false}) {
      fixture f({.exemplars = exemplars});
      using kit::tracing::trace_flags;
      const auto ctx = kit::tracing::with_span_context(
          {}, {.trace_id = {1, 2},
               .span_id = {3},
               .flags = sampled ? trace_flags::sampled : trace_flags::none});
      (void)f.loop.start(kit::with_context(ctx, f.call.try_call(request{"ok"})));
      CHECK(f.took(false).exemplars.size() == (exemplars && sampled ? 1 : 0));
    }
  }
}

TEST_CASE("instrumenting: what the metrics' names begin with is checked, and twice is the same") {
  kit::metrics::registry registry;
  CHECK_THROWS_AS(instrumenting(registry, {.prefix = "a b"}), error);
  (void)registry.gauge({.name = "x_requests_total"});
  CHECK_THROWS_AS(instrumenting(registry, {.prefix = "x"}), error);
  CHECK_NOTHROW(instrumenting{registry});
  CHECK_NOTHROW(instrumenting{registry});
  CHECK_NOTHROW(instrumenting(registry, {.prefix = "other"}));
}
