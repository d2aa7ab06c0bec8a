#include <middleware/logging.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/error.hpp>
#include <kit/log/fields.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/recording_log.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <kit/tracing/span_context.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::errc;
using kit::error;
using kit::log::level;
using kit::middleware::logging;
using kit::middleware::logging_options;
using lines = std::vector<std::string>;

using test::endpoint;
using test::handle;
using test::refusing;
using test::request;

namespace {

struct fixture {
  explicit fixture(logging_options o = {}, level least = level::debug)
      : log({.sink = recorded.sink(), .levels = least}),
        layer(log, std::move(o)),
        call(kit::chain(layer)(endpoint(handle), "sum")) {}

  lines after(const std::string& want, kit::duration takes = 0s, const kit::context& ctx = {}) {
    (void)loop.start(kit::with_context(ctx, call.try_call(request{want})));
    loop.advance(takes);
    return recorded.take();
  }

  kit::testing::loop loop;
  kit::testing::recording_log recorded;
  kit::log::logger log;
  logging layer;
  endpoint call;
};

}  // namespace

TEST_CASE("logging: a record for each call, by how it ended") {
  fixture f;
  CHECK(f.after("ok") == lines{"call level=debug method=sum outcome=ok took=0s"});
  CHECK(f.after("slow", 200ms) == lines{"call level=debug method=sum outcome=ok took=200ms"});
  CHECK(f.after("business") ==
        lines{"call level=info method=sum outcome=business_error err=\"no funds\" took=0s"});
  CHECK(f.after("error") ==
        lines{"call level=error method=sum outcome=failed code=internal err=broken took=0s"});
  CHECK(f.after("not found") ==
        lines{"call level=info method=sum outcome=failed code=not_found err=nobody took=0s"});
}

TEST_CASE("logging: what is refused further in, and what is cancelled") {
  fixture f;
  const auto refused = kit::chain(f.layer, refusing())(endpoint(handle), "sum");
  (void)f.loop.start(refused.try_call(request{"ok"}));
  CHECK(f.recorded.take() == lines{"call level=warn method=sum outcome=refused "
                                   "code=resource_exhausted err=\"too much\" took=0s"});
  f.loop.advance(99ms);
  for (int i = 0; i < 1000; ++i)
    (void)f.loop.start(refused.try_call(request{"ok"}));
  CHECK(f.recorded.take().empty());
  f.loop.advance(1ms);
  (void)f.loop.start(refused.try_call(request{"ok"}));
  CHECK(f.recorded.take() == lines{"call level=warn suppressed=1000 method=sum outcome=refused "
                                   "code=resource_exhausted err=\"too much\" took=0s"});
  auto waiting = f.loop.start(f.call.try_call(request{"wait"}));
  f.loop.advance(2s);
  waiting.cancel();
  f.loop.run();
  const auto last = f.recorded.take();
  REQUIRE(last.size() == 1);
  CHECK(last[0].starts_with("call level=info method=sum outcome=canceled code=canceled err="));
  CHECK(last[0].ends_with(" took=2s"));
}

TEST_CASE("logging: a call that is destroyed is logged as canceled") {
  kit::testing::recording_log recorded;
  {
    kit::testing::loop loop;
    const auto call =
        kit::chain(logging(kit::log::logger({.sink = recorded.sink()})))(endpoint(handle), "sum");
    (void)loop.start(call.try_call(request{"wait"}));
    CHECK(recorded.take().empty());
  }
  CHECK(recorded.take().size() == 1);
}

TEST_CASE("logging: levels are options, and slow calls have one of their own") {
  fixture f({.succeeded = level::info,
             .failed = level::debug,
             .error = level::warn,
             .slow = 100ms,
             .message = ""});
  CHECK(f.after("ok") == lines{" level=info method=sum outcome=ok took=0s"});
  CHECK(f.after("slow", 200ms) == lines{" level=warn method=sum outcome=ok took=200ms"});
  CHECK(f.after("error").front().find("level=warn") != std::string::npos);
  CHECK(f.after("not found").front().find("level=debug") != std::string::npos);
}

TEST_CASE("logging: the classifier decides what counts as an error") {
  fixture f({.classify = [](const kit::outcome& o) {
    return kit::classification{.failure = o.code() == errc::not_found};
  }});
  CHECK(f.after("not found").front().find("level=error") != std::string::npos);
  CHECK(f.after("error").front().find("level=info") != std::string::npos);
}

TEST_CASE("logging: what is below the logger's level is not written, unless the request asks") {
  fixture f({}, level::warn);
  CHECK(f.after("ok").empty());
  CHECK(f.after("error").size() == 1);
  CHECK(f.after("ok", 0s, kit::log::with_level({}, level::debug)).size() == 1);
}

TEST_CASE("logging: records carry the trace's ids and the context's fields") {
  fixture f;
  auto ctx = kit::tracing::with_span_context({}, {.trace_id = {1, 2}, .span_id = {3}});
  ctx = kit::log::with_fields(ctx, "user", 7);
  CHECK(f.after("ok", 0s, ctx) ==
        lines{"call level=debug trace_id=00000000000000010000000000000002 "
              "span_id=0000000000000003 user=7 method=sum outcome=ok took=0s"});
}
