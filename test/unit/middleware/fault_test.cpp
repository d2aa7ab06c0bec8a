#include <middleware/fault.hpp>

#include <chrono>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/metadata.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::errc;
using kit::middleware::fault;
using kit::middleware::fault_limits;

namespace {

struct fixture {
  kit::testing::loop loop;
  kit::setting<fault_limits> limits = fault_limits{};
  kit::context log = kit::context().with(kit::decision_log());
  test::endpoint call = kit::chain(fault({.limits = limits, .random = kit::random_source(1)}))(
      test::endpoint(test::handle));
  auto ask() { return loop.start(kit::with_context(log, call.try_call(test::request{}))); }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "fault: at first nothing goes wrong") {
  for (int i = 0; i < 100; ++i)
    CHECK(ask().value());
}

TEST_CASE_FIXTURE(fixture, "fault: so many calls fail, as if the callee had") {
  limits.set({.fail_ratio = 0.3, .code = errc::internal});
  int failed = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto c = ask();
    if (c.value()) continue;
    ++failed;
    CHECK(c.error() == kit::error(errc::internal, "injected fault"));
    CHECK_FALSE(c.error().refused());
  }
  CHECK(failed > 250);
  CHECK(failed < 350);
  CHECK(log.get<kit::decision_log>()->decisions().at(0).text() ==
        "fault failed internal: on purpose");
}

TEST_CASE_FIXTURE(fixture, "fault: so many calls take longer, by a time from a range") {
  limits.set({.delay_ratio = 1, .min_delay = 10ms, .max_delay = 20ms});
  for (int i = 0; i < 50; ++i) {
    auto c = ask();
    loop.advance(9ms);
    CHECK(c.pending());
    loop.advance(12ms);
    CHECK(c.value());
  }
  auto c = ask();
  c.cancel();
  loop.run();
  CHECK(c.failed());
}

TEST_CASE_FIXTURE(fixture, "fault: only for calls that are chosen") {
  call = kit::chain(
      fault({.limits = fault_limits{.fail_ratio = 1}, .applies = [](const kit::context& ctx) {
               return ctx.metadata().get("drill").has_value();
             }}))(test::endpoint(test::handle));
  CHECK(ask().value());
  log = log.with(kit::metadata{{"drill", "1"}});
  CHECK(ask().error() == errc::unavailable);
}

TEST_CASE("fault: limits out of range") {
  CHECK_THROWS_AS(require_valid(fault_limits{.fail_ratio = 1.1}), kit::error);
  CHECK_THROWS_AS(require_valid(fault_limits{.delay_ratio = -1}), kit::error);
  CHECK_THROWS_AS(require_valid(fault_limits{.min_delay = -1s}), kit::error);
  CHECK_THROWS_AS(require_valid(fault_limits{.min_delay = 2s, .max_delay = 1s}), kit::error);
}
