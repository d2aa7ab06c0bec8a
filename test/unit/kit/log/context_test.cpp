// Records of a request: what they carry of its context.
#include <string>

#include <doctest/doctest.h>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/log/fields.hpp>
#include <kit/log/json.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <kit/tracing/span_context.hpp>

#include "capture.hpp"

using asio::awaitable;
using kit::log::level;
using kit::log::logger;
using kit::log::with_fields;
using log_test::recorded;
using namespace std::chrono_literals;

namespace {

const std::string ids = "trace_id=00000000000000010000000000000002 span_id=0000000000000003";

kit::context traced() {
  return kit::tracing::with_span_context({}, {.trace_id = {1, 2}, .span_id = {3}});
}

awaitable<void> deeper(logger log) {
  const auto here = co_await log.here();
  here.info("deeper");
}

awaitable<void> handle(logger log) {
  {
    const auto here = co_await log.here();
    here.info("start");
  }
  co_await kit::sleep_for(1s);
  (co_await log.here()).info("later");
  co_await kit::with_context(with_fields(co_await kit::this_context(), "order", 9), deeper(log));
  (co_await log.here()).info("end");
}

}  // namespace

TEST_CASE("log context: a record carries trace, span and fields, behind the logger's own") {
  const recorded r;
  const auto ctx = with_fields(traced(), "user", 7, "tenant", "acme");
  const auto log = r.log.with_prefix("p", 1).with("w", 2).with_suffix("s", 3).in(ctx);
  log.info("hello", "k", 4);
  CHECK(r.take() == "level=info p=1 w=2 " + ids + " user=7 tenant=acme msg=hello k=4 s=3\n");
  r.log.info("not bound");
  CHECK(r.take() == "level=info msg=\"not bound\"\n");
  r.log.in({}).info("nothing there");
  CHECK(r.take() == "level=info msg=\"nothing there\"\n");
}

TEST_CASE("log context: the nearest span counts, and inner fields come after outer ones") {
  const recorded r;
  const auto outer = with_fields(traced(), "user", 7);
  const auto inner = with_fields(
      kit::tracing::with_span_context(outer, {.trace_id = {1, 2}, .span_id = {4}}), "order", 8);
  r.log.in(inner).print("");
  CHECK(r.take() ==
        "trace_id=00000000000000010000000000000002 span_id=0000000000000004 user=7 order=8\n");
  r.log.in(outer).print("");
  CHECK(r.take() == ids + " user=7\n");
  CHECK(with_fields(outer) == outer);
}

TEST_CASE("log context: of equal keys JSON has the innermost, logfmt all") {
  const auto ctx = with_fields(with_fields({}, "user", 7), "user", 8);
  const recorded json(kit::log::json);
  json.log.in(ctx).print("");
  CHECK(json.take() == "{\"user\":8}\n");
  const recorded logfmt;
  logfmt.log.in(ctx).print("");
  CHECK(logfmt.take() == "user=7 user=8\n");
}

TEST_CASE("log context: the logger keeps the context, and can be made from further") {
  const recorded r;
  logger log;
  {
    const auto ctx = with_fields({}, "user", std::string(100, 'u'));
    log = r.log.in(ctx).with("a", 1).named("n");
  }
  log.print("");
  CHECK(r.take() == "logger=n a=1 user=" + std::string(100, 'u') + "\n");
  log.in({}).print("");
  CHECK(r.take() == "logger=n a=1\n");
}

TEST_CASE("log context: computed fields see the context") {
  const recorded r;
  struct tenant {
    int id;
  };
  const auto log = r.log.with("tenant", [](const kit::log::record_info& i) {
    const auto* t = i.context.get<tenant>();
    return t ? std::optional(t->id) : std::nullopt;
  });
  log.print("");
  log.in(kit::context().with(tenant{5})).print("");
  CHECK(r.take() == "tenant=null\ntenant=5\n");
  // The fields of a context can be computed, too.
  r.log
      .in(with_fields({}, "line",
                      [](const kit::log::record_info& i) { return i.location.line() > 0; }))
      .print("");
  CHECK(r.take() == "line=true\n");
}

TEST_CASE("log context: in a coroutine, after suspension and in children") {
  const recorded r;
  kit::testing::loop loop;
  auto done = loop.start(kit::with_context(with_fields(traced(), "user", 7), handle(r.log)));
  CHECK(r.take() == "level=info " + ids + " user=7 msg=start\n");
  loop.advance(1s);
  CHECK_FALSE(done.pending());
  CHECK(r.take() == "level=info " + ids + " user=7 msg=later\n" +               //
                        "level=info " + ids + " user=7 order=9 msg=deeper\n" +  //
                        "level=info " + ids + " user=7 msg=end\n");
}

TEST_CASE("log context: a level for one request lets more through, never less") {
  const recorded r(kit::log::logger_options{.levels = level::info});
  const auto verbose = kit::log::with_level({}, level::debug);
  CHECK(kit::log::level_of(verbose) == level::debug);
  CHECK(kit::log::level_of({}) == std::nullopt);
  r.log.debug("no");
  r.log.in(verbose).debug("yes");
  r.log.in(verbose).named("http").with("a", 1).debug("this, too");
  CHECK(r.take() == "level=debug msg=yes\nlevel=debug logger=http a=1 msg=\"this, too\"\n");
  const auto quiet = kit::log::with_level({}, level::error);
  r.log.in(quiet).info("as ever");
  CHECK(r.take() == "level=info msg=\"as ever\"\n");
  r.log.in(verbose).in({}).debug("bound anew");
  CHECK(r.take() == "");
}
