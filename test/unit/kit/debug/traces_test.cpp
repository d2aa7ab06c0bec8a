#include <kit/debug/inspector.hpp>

#include <string>

#include "world.hpp"

using namespace debug_test;

namespace {

tracing::span_context traced(world& w, const std::string& name, kit::duration length,
                             bool fails = false) {
  const auto s = w.tracer.start(name, {});
  w.loop.advance(length);
  if (fails) s.set_error(kit::error(kit::errc::internal, "bad " + name));
  s.end();
  return s.context();
}

}  // namespace

TEST_CASE("debug traces: failed, slowest and recent ones") {
  world w;
  traced(w, "a", 5ms);
  traced(w, "b", 50ms, true);
  const auto last = traced(w, "a", 1ms);
  const auto page = w.page<detail::traces_page>("/traces");
  CHECK(page.endpoints == std::vector<std::string>{"a", "b"});
  REQUIRE(page.failed.size() == 1);
  CHECK(page.failed[0].name == "b");
  CHECK(page.failed[0].failed);
  CHECK(page.failed[0].message == "bad b");
  CHECK(page.failed[0].length == 0.05);
  REQUIRE(page.slowest.size() == 3);
  CHECK(page.slowest[0].name == "b");
  CHECK(page.slowest[1].length == 0.005);
  REQUIRE(page.recent.size() == 3);
  CHECK(page.recent[0].trace_id == to_string(last.trace_id));
  CHECK(w.page<detail::overview_page>("/").failed.size() == 1);
}

TEST_CASE("debug traces: those of one endpoint, and no more than allowed") {
  world w({.max_traces = 2});
  for (int i = 0; i < 4; ++i)
    traced(w, "GET /a b", 1ms);
  traced(w, "other", 1ms);
  auto page = w.page<detail::traces_page>("/traces?endpoint=GET+/a%20b");
  CHECK(page.endpoint == "GET /a b");
  REQUIRE(page.recent.size() == 2);
  CHECK(page.recent[0].name == "GET /a b");
  CHECK(page.endpoints.size() == 2);
  page = w.page<detail::traces_page>("/traces?endpoint=none");
  CHECK(page.recent.empty());
}

TEST_CASE("debug traces: a trace is laid out as a tree, with all that is known of its spans") {
  world w;
  const auto root = w.tracer.start("root", {}, {.kind = tracing::span_kind::server});
  const auto in_root = tracing::with_span({}, root);
  w.loop.advance(10ms);
  const auto first = w.tracer.start("first", in_root);
  w.loop.advance(10ms);
  const auto second = w.tracer.start("second", in_root);
  const auto below = w.tracer.start("below first", tracing::with_span({}, first),
                                    {.kind = tracing::span_kind::client});
  w.loop.advance(5ms);
  below.set("rows", 7);
  below.add_event("retried", {{"attempt", 2}});
  below.add_link({.context = root.context()});
  below.set_error(kit::error(kit::errc::unavailable, "gone"));
  below.end();
  second.end();
  first.end();
  root.end();

  const auto id = to_string(root.context().trace_id);
  const auto page = w.page<detail::trace_page>("/traces/" + id);
  CHECK(page.complete);
  CHECK(page.trace.name == "root");
  CHECK(page.trace.length == 0.025);
  REQUIRE(page.spans.size() == 4);
  CHECK(page.spans[0].kind == "server");
  CHECK(page.spans[1].name == "first");
  CHECK(page.spans[1].depth == 1);
  CHECK(page.spans[3].name == "second");
  CHECK(page.spans[3].depth == 1);
  const auto& shown = page.spans[2];
  CHECK(shown.name == "below first");
  CHECK(shown.depth == 2);
  CHECK(shown.parent_id == to_string(first.context().span_id));
  CHECK(shown.start == doctest::Approx(0.02));
  CHECK(shown.length == 0.005);
  CHECK(shown.status == "error");
  CHECK(shown.message == "gone");
  CHECK(shown.attributes == detail::named_texts{{"rows", "7"}, {"error.type", "unavailable"}});
  REQUIRE(shown.events.size() == 1);
  CHECK(shown.events[0].name == "retried");
  CHECK(shown.events[0].at == doctest::Approx(0.025));
  CHECK(shown.events[0].attributes == detail::named_texts{{"attempt", "2"}});
  CHECK(shown.links == std::vector<std::string>{id});
}

TEST_CASE("debug traces: one that is going on shows its open spans") {
  world w;
  const auto root = w.tracer.start("root", {});
  const auto ctx = tracing::with_span({}, root);
  w.tracer.start("done", ctx).end();
  w.loop.advance(1s);
  const auto open = w.tracer.start("open", ctx);
  w.loop.advance(1s);
  const auto target = "/traces/" + to_string(root.context().trace_id);
  auto page = w.page<detail::trace_page>(target);
  CHECK_FALSE(page.complete);
  CHECK(page.missing_spans == 1);
  REQUIRE(page.spans.size() == 2);
  CHECK(page.spans[1].open);
  CHECK(page.spans[1].start == 1);
  CHECK(page.spans[1].length == 1);
  open.end();
  root.end();
  page = w.page<detail::trace_page>(target);
  CHECK(page.complete);
  CHECK(page.spans.size() == 3);
}

TEST_CASE("debug traces: what isn't there is not found") {
  world w;
  for (const char* target :
       {"/traces/0af7651916cd43dd8448eb211c80319c", "/traces/x", "/traces/", "/traces/%zz"}) {
    const auto answer = w.get(target, {{"Accept", "application/json"}});
    CHECK(answer.status == http::status::not_found);
  }
  kit::testing::loop loop;
  const kit::debug::inspector bare;
  const auto answer = loop.start(bare.handler()(http::request{.target = "/traces"})).value();
  CHECK(answer.status == http::status::not_found);
}
