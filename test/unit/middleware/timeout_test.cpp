#include <middleware/timeout.hpp>

#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/testing/loop.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::duration;
using kit::errc;
using kit::middleware::timeout;

namespace {

struct fixture {
  kit::testing::loop loop;
  kit::setting<duration> limit = 100ms;
  test::endpoint call = kit::chain(timeout({.limit = limit}))(test::endpoint(test::handle), "sum");

  auto ask(const std::string& want, const kit::context& ctx = {}) {
    return loop.start(kit::with_context(ctx, call.try_call(test::request{want})));
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "timeout: ends what takes too long, and says so") {
  const auto ctx = kit::context().with(kit::decision_log());
  const auto c = ask("slow", ctx);
  loop.advance(99ms);
  CHECK(c.pending());
  loop.advance(1ms);
  CHECK(c.error() == kit::error(errc::deadline_exceeded, "took too long"));
  CHECK_FALSE(c.error().refused());
  CHECK(ctx.get<kit::decision_log>()->decisions().at(0).text() == "timeout expired: after 100 ms");
  CHECK(call.layers().front() == "timeout");
}

TEST_CASE_FIXTURE(fixture, "timeout: leaves alone what is in time, and errors as they are") {
  CHECK(ask("").value());
  CHECK(ask("error").error() == kit::error(errc::internal, "broken"));
}

TEST_CASE_FIXTURE(fixture, "timeout: a caller's deadline that comes sooner is left as it is") {
  auto ctx = kit::context().with(kit::decision_log());
  const kit::cancel_source source(ctx, loop.now() + 50ms);
  const auto c = loop.start(kit::with_timeout(50ms, call.try_call(test::request{"slow"})));
  loop.advance(50ms);
  CHECK(c.error() == errc::deadline_exceeded);
  CHECK(std::string(c.error().what()) != "took too long");
}

TEST_CASE_FIXTURE(fixture, "timeout: being cancelled is something else") {
  auto c = ask("slow");
  c.cancel();
  loop.run();
  CHECK(c.error() == errc::canceled);
}

TEST_CASE_FIXTURE(fixture, "timeout: its limit is turned at run time; there may be none") {
  limit.set(300ms);
  auto c = ask("slow");
  loop.advance(200ms);
  CHECK(c.value());
  limit.set(duration::max());
  c = ask("slow");
  loop.advance(200ms);
  CHECK(c.value());
  limit.set(duration::zero());
  CHECK(ask("slow").error() == errc::deadline_exceeded);
}
