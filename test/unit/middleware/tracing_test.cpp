#include <middleware/tracing.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/attempts.hpp>
#include <kit/chain.hpp>
#include <kit/service.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/recording_spans.hpp>
#include <kit/timer.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::classify;
using kit::errc;
using kit::error;
using kit::middleware::tracing;
using kit::middleware::tracing_options;
using kit::testing::recording_spans;
using kit::tracing::attributes;
using kit::tracing::find;
using kit::tracing::span_context;
using kit::tracing::span_data;
using kit::tracing::span_kind;
using kit::tracing::span_of;
using kit::tracing::span_status;
using kit::tracing::to_text;

using test::request;
using test::response;

namespace {

kit::attempts five_attempts() {
  kit::attempts all;
  for (int i = 1; i <= 5; ++i)
    all.errors.emplace_back(errc::unavailable, "try " + std::to_string(i));
  return all;
}

asio::awaitable<response> handle(request r) {
  const auto ctx = co_await kit::this_context();
  span_of(ctx).set("seen", r.want);
  if (r.want == "foreign") throw std::runtime_error("foreign");
  if (r.want == "retry") throw error(errc::unavailable, "try 5").with(five_attempts());
  co_return co_await test::handle(std::move(r));
}

struct fixture {
  explicit fixture(tracing_options o = {})
      : call(kit::chain(tracing(tracer, std::move(o)))(kit::endpoint<request, response>(handle),
                                                       "sum")) {}

  span_data after(const std::string& want) {
    spans->clear();
    (void)loop.start(call.try_call(request{want}));
    const auto all = spans->ended();
    REQUIRE(all.size() == 1);
    return all.front();
  }

  kit::testing::loop loop;
  std::shared_ptr<recording_spans> spans = std::make_shared<recording_spans>();
  kit::tracing::tracer tracer{{.processors = {spans}, .clock = &loop.clock()}};
  kit::endpoint<request, response> call;
};

std::string text(const span_data& s, std::string_view key) {
  const auto* value = find(s.attributes, key);
  return value ? to_text(*value) : "none";
}

}  // namespace

TEST_CASE(
    "tracing: a span named as the endpoint, current in there, ended with it "
    "[tracing/zipkin:1] [tracing/opentracing:1] [tracing/opencensus:1]") {
  fixture f;
  const auto s = f.after("ok");
  CHECK(s.name == "sum");
  CHECK(s.kind == span_kind::internal);
  CHECK(s.status == span_status::unset);
  CHECK(s.attributes == attributes{{"seen", "ok"}});
  CHECK_FALSE(s.parent.valid());
}

TEST_CASE(
    "tracing: the child of the caller's span, the parent of the callee's "
    "[tracing/opentracing:1]") {
  fixture f;
  const auto outer = kit::chain(tracing(f.tracer, {.name = "outer"}))(f.call);
  const span_context remote{.trace_id = {1, 1},
                            .span_id = {7},
                            .flags = kit::tracing::trace_flags::sampled,
                            .remote = true};
  const auto ctx = kit::tracing::with_span_context({}, remote);
  (void)f.loop.start(kit::with_context(ctx, outer.try_call(request{"ok"})));
  CHECK(f.spans->named("outer").parent == remote.span_id);
  CHECK(f.spans->named("outer").context.trace_id == remote.trace_id);
  CHECK(f.spans->named("sum").parent == f.spans->named("outer").context.span_id);
}

TEST_CASE("tracing: an endpoint without a name has a default one [tracing/opencensus:1]") {
  fixture f;
  const auto unnamed = kit::chain(tracing(f.tracer))(kit::endpoint<request, response>(handle));
  (void)f.loop.start(unnamed.try_call(request{"ok"}));
  CHECK(f.spans->named("endpoint").name == "endpoint");
}

TEST_CASE("tracing: an error is the span's [tracing/opentracing:2] [tracing/opencensus:2]") {
  fixture f;
  auto s = f.after("error");
  CHECK(s.status == span_status::error);
  CHECK(s.status_message == "broken");
  CHECK(text(s, "error.type") == "internal");
  s = f.after("foreign");
  CHECK(s.status == span_status::error);
  CHECK(s.status_message == "foreign");
  CHECK(text(s, "error.type") == "unknown");
}

TEST_CASE("tracing: what the caller did wrong is said, but is no error, unless classified so") {
  auto s = fixture().after("not found");
  CHECK(s.status == span_status::unset);
  CHECK(text(s, "error.type") == "not_found");
  s = fixture({.classify = [](const kit::outcome& o) {
        return kit::classification{.failure = !o.ok()};
      }}).after("not found");
  CHECK(s.status == span_status::error);
  CHECK(s.status_message == "nobody");
}

TEST_CASE(
    "tracing: the errors of all attempts of a retry [tracing/opentracing:3] "
    "[tracing/opencensus:2]") {
  const auto s = fixture().after("retry");
  CHECK(s.status == span_status::error);
  CHECK(s.status_message == "try 5");
  for (int i = 1; i <= 5; ++i)
    CHECK(text(s, "gokit.retry.error." + std::to_string(i)) == "try " + std::to_string(i));
  CHECK(text(s, "gokit.retry.error.6") == "none");
}

TEST_CASE(
    "tracing: a business error is said, and is an error where it is classified so "
    "[tracing/opentracing:4] [tracing/opencensus:3]") {
  auto s = fixture().after("business");
  CHECK(text(s, "gokit.business.error") == "no funds");
  CHECK(s.status == span_status::unset);
  s = fixture({.classify = classify::business_errors()}).after("business");
  CHECK(text(s, "gokit.business.error") == "no funds");
  CHECK(s.status == span_status::error);
  CHECK(s.status_message == "no funds");
}

TEST_CASE(
    "tracing: names by function, from the configured one each time "
    "[tracing/opentracing:5] [tracing/opencensus:4]") {
  int n = 0;
  fixture f({.name_of = [&n](const kit::call& c) {
    ++n;
    return n == 3 ? std::string() : "new-" + std::string(c.name()) + "-" + std::to_string(n);
  }});
  CHECK(f.after("ok").name == "new-sum-1");
  CHECK(f.after("ok").name == "new-sum-2");
  CHECK(f.after("ok").name == "sum");
}

TEST_CASE(
    "tracing: attributes, fixed and by function [tracing/opentracing:6] "
    "[tracing/opencensus:4]") {
  int n = 0;
  fixture f({.attributes = {{"a", 1}, {"b", "x"}},
             .attributes_of = [&n](const kit::call&) { return attributes{{"n", ++n}}; }});
  (void)f.after("ok");
  const auto s = f.after("ok");
  CHECK(text(s, "a") == "1");
  CHECK(text(s, "b") == "x");
  CHECK(text(s, "n") == "2");
}

TEST_CASE(
    "tracing: the kind is a server's or a client's where that is said "
    "[tracing/opentracing:7]") {
  CHECK(fixture({.kind = span_kind::server}).after("ok").kind == span_kind::server);
  CHECK(fixture({.kind = span_kind::client}).after("ok").kind == span_kind::client);
}

TEST_CASE("tracing: a call that is cancelled ends its span, and so does one that is destroyed") {
  fixture f;
  auto call = f.loop.start(f.call.try_call(request{"wait"}));
  f.loop.advance(3s);
  CHECK(f.spans->ended().empty());
  call.cancel();
  f.loop.run();
  auto s = f.spans->named("sum");
  CHECK(s.length == 3s);
  CHECK(text(s, "error.type") == "canceled");
  CHECK(s.status == span_status::unset);

  auto spans = std::make_shared<recording_spans>();
  {
    kit::testing::loop other;
    const auto traced = kit::chain(tracing(kit::tracing::tracer({.processors = {spans}})))(
        kit::endpoint<request, response>(handle));
    (void)other.start(traced.try_call(request{"wait"}));
  }
  CHECK(text(spans->named("endpoint"), "error.type") == "canceled");
}

TEST_CASE("tracing: fuses with others, sees what they refuse, and gives them its span") {
  struct refusing {
    static kit::result<void> enter(kit::call& c) {
      CHECK(kit::tracing::current_span(c.context()) != nullptr);
      return kit::fail(errc::resource_exhausted, "too much");
    }
  };
  fixture f;
  const auto call = kit::chain(tracing(f.tracer), refusing())(
      kit::endpoint<request, response>(handle), "limited");
  CHECK(f.loop.start(call.try_call(request{"ok"})).value().error() == errc::resource_exhausted);
  const auto s = f.spans->named("limited");
  CHECK(s.status_message == "too much");
  CHECK(text(s, "seen") == "none");
}

TEST_CASE("tracing: what isn't sampled is not recorded, but has a span context all the same") {
  kit::testing::loop loop;
  auto spans = std::make_shared<recording_spans>();
  const kit::tracing::tracer tracer(
      {.sampler = kit::tracing::never_sample(), .processors = {spans}});
  std::optional<span_context> seen;
  const auto call = kit::chain(
      tracing(tracer, {.name_of = [](const kit::call&) {
                FAIL("called for nothing");
                return std::string();
              }}))(kit::endpoint<request, response>([&seen](request) -> asio::awaitable<response> {
    return [](std::optional<span_context>& into) -> asio::awaitable<response> {
      const auto ctx = co_await kit::this_context();
      if (const auto* s = kit::tracing::current_span(ctx)) into = *s;
      co_return response{};
    }(seen);
  }));
  (void)loop.start(call.try_call(request{}));
  REQUIRE(seen);
  CHECK(seen->valid());
  CHECK_FALSE(seen->sampled());
  CHECK(spans->started() == 0);
}
