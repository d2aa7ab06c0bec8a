#include <kit/tracing/trace_ring.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/testing/manual_clock.hpp>

using namespace kit::tracing;
using namespace std::chrono_literals;
using kit::context;

namespace {

struct fixture {
  explicit fixture(trace_ring_options o = {})
      : ring(std::make_shared<trace_ring>(std::move(o))),
        tracer(
            {.sampler = never_sample(), .processors = {ring}, .clock = &clock, .wall_now = [this] {
               return wall_time(clock.now().time_since_epoch());
             }}) {}

  void call(const std::string& name, kit::duration length, bool fails = false) {
    const auto s = tracer.start(name, context());
    clock.advance(length);
    if (fails) s.set_error(kit::error(kit::errc::internal, "bad"));
    s.end();
  }
  std::vector<kit::duration> lengths(const trace_list& list) const {
    std::vector<kit::duration> all;
    for (const auto& t : list)
      all.push_back(t->root().length);
    return all;
  }

  kit::testing::manual_clock clock;
  std::shared_ptr<trace_ring> ring;
  kit::tracing::tracer tracer;
};

using durations = std::vector<kit::duration>;

}  // namespace

TEST_CASE("trace_ring: keeps a trace whole, also when it is not sampled") {
  fixture f;
  const auto root = f.tracer.start("serve", context());
  f.clock.advance(1ms);
  const auto child = f.tracer.start("call", with_span({}, root));
  f.clock.advance(2ms);
  child.end();
  CHECK(f.ring->endpoints().empty());
  CHECK_FALSE(f.ring->find(root.context().trace_id));
  f.clock.advance(1ms);
  root.end();
  const auto t = f.ring->find(root.context().trace_id);
  REQUIRE(t);
  REQUIRE(t->spans.size() == 2);
  CHECK(t->root().name == "serve");
  CHECK(t->root().length == 4ms);
  CHECK(t->spans[1]->name == "call");
  CHECK_FALSE(t->root().context.sampled());
  const auto all = f.ring->endpoints();
  REQUIRE(all.size() == 1);
  CHECK(all[0].endpoint == "serve");
  CHECK(f.lengths(all[0].recent[1]) == durations{4ms});
}

TEST_CASE("trace_ring: a trace is complete when none of its spans is open") {
  fixture f;
  const auto root = f.tracer.start("serve", context());
  const auto background = f.tracer.start("later", with_span({}, root));
  root.end();
  CHECK(f.ring->endpoints().empty());
  REQUIRE(f.ring->active().size() == 1);
  CHECK(f.ring->active()[0].ended == 1);
  f.clock.advance(1s);
  background.end();
  REQUIRE(f.ring->endpoints().size() == 1);
  CHECK(f.ring->find(root.context().trace_id)->root().name == "serve");
  CHECK(f.ring->active().empty());
}

TEST_CASE("trace_ring: the root is the one without a parent here, though another ends later") {
  fixture f;
  const span_context remote{.trace_id = {1, 1}, .span_id = {1}, .remote = true};
  const auto first = f.tracer.start("front", with_span_context({}, remote));
  f.clock.advance(1ms);
  // The same trace comes back into this process, from outside.
  auto away = first.context();
  away.remote = true;
  const auto second = f.tracer.start("back", with_span_context({}, away));
  f.clock.advance(1ms);
  first.end();
  second.end();
  const auto t = f.ring->find({1, 1});
  REQUIRE(t);
  CHECK(t->root().name == "front");
  CHECK(t->spans.size() == 2);
}

TEST_CASE(
    "trace_ring: of each class the recent ones, and of each endpoint the slowest and failed") {
  fixture f({.classes = {10ms, 100ms}, .recent = 2, .slowest = 3, .failed = 1});
  for (const int ms : {1, 10, 50, 2, 200, 3, 60, 99, 100})
    f.call("a", std::chrono::milliseconds(ms));
  f.call("b", 5ms, true);
  f.call("b", 6ms, true);
  f.call("b", 7ms);
  const auto all = f.ring->endpoints();
  REQUIRE(all.size() == 2);
  REQUIRE(all[0].recent.size() == 3);
  CHECK(f.lengths(all[0].recent[0]) == durations{3ms, 2ms});
  CHECK(f.lengths(all[0].recent[1]) == durations{99ms, 60ms});
  CHECK(f.lengths(all[0].recent[2]) == durations{100ms, 200ms});
  CHECK(f.lengths(all[0].slowest) == durations{200ms, 100ms, 99ms});
  CHECK(all[0].failed.empty());
  CHECK(f.lengths(all[1].failed) == durations{6ms});
  CHECK(f.lengths(all[1].recent[0]) == durations{7ms, 6ms});
  CHECK(all[1].failed[0]->failed());
}

TEST_CASE("trace_ring: further endpoints are kept together") {
  fixture f({.max_endpoints = 3});
  for (const char* name : {"a", "b", "c", "d", "a"})
    f.call(name, 1ms);
  const auto all = f.ring->endpoints();
  REQUIRE(all.size() == 3);
  CHECK(all[0].recent[1].size() == 2);
  CHECK(all[2].endpoint == "other");
  CHECK(all[2].recent[1].size() == 2);
}

TEST_CASE("trace_ring: a long trace keeps its root, and so many others") {
  fixture f({.max_spans = 3});
  const auto root = f.tracer.start("a", context());
  for (int i = 0; i < 10; ++i)
    f.tracer.start("b", with_span({}, root)).end();
  root.end();
  const auto t = f.ring->find(root.context().trace_id);
  REQUIRE(t);
  CHECK(t->spans.size() == 3);
  CHECK(t->dropped_spans == 8);
  CHECK(t->root().name == "a");
}

TEST_CASE("trace_ring: a caller's many requests in one trace are as limited as other spans") {
  fixture f({.max_spans = 3});
  const auto caller = with_span_context({}, {.trace_id = {1, 2}, .span_id = {3}, .remote = true});
  const auto slow = f.tracer.start("slow", caller);
  for (int i = 0; i < 10; ++i)
    f.tracer.start("quick", caller).end();
  std::vector<span> open;
  for (int i = 0; i < 10; ++i)
    open.push_back(f.tracer.start("quick", caller));
  CHECK(f.ring->active().at(0).open.size() == 3);
  open.clear();
  slow.end();
  const auto t = f.ring->find({1, 2});
  REQUIRE(t);
  CHECK(t->spans.size() == 3);
  CHECK(t->dropped_spans == 18);
  CHECK(t->root().name == "slow");
}

TEST_CASE("trace_ring: of too many traces at a time nothing is kept, and they are counted") {
  fixture f({.max_active = 2});
  std::vector<span> open;
  for (int i = 0; i < 4; ++i)
    open.push_back(f.tracer.start("a", context()));
  CHECK(f.ring->active().size() == 2);
  CHECK(f.ring->dropped() == 2);
  for (const auto& s : open)
    s.end();
  CHECK(f.ring->endpoints()[0].recent[0].size() == 2);
  f.call("a", 0ms);
  CHECK(f.ring->endpoints()[0].recent[0].size() == 3);
}

TEST_CASE("trace_ring: shows what is going on, and what it waits for") {
  fixture f;
  const auto first = f.tracer.start("first", context(), {.attributes = {{"k", "v"}}});
  const auto second = f.tracer.start("second", context());
  const auto inner = f.tracer.start("SELECT", with_span({}, first));
  auto all = f.ring->active();
  REQUIRE(all.size() == 2);
  REQUIRE(all[0].open.size() == 2);
  CHECK(all[0].open[0].name == "first");
  CHECK(all[0].open[0].attributes.size() == 1);
  CHECK(all[0].open[1].name == "SELECT");
  CHECK(all[1].open[0].name == "second");
  CHECK(f.ring->active(1).size() == 1);
  REQUIRE(f.ring->find_active(first.context().trace_id));
  CHECK(f.ring->find_active(first.context().trace_id)->open.size() == 2);
  CHECK_FALSE(f.ring->find_active({1, 1}));
  inner.end();
  all = f.ring->active();
  CHECK(all[0].open.size() == 1);
  CHECK(all[0].ended == 1);
}

TEST_CASE("trace_ring: does not keep a span from ending") {
  fixture f;
  {
    const auto forgotten = f.tracer.start("a", context());
  }
  CHECK(f.ring->active().empty());
  CHECK(f.ring->endpoints().size() == 1);
}

TEST_CASE("trace_ring: options out of range are refused") {
  CHECK_THROWS_AS(trace_ring({.classes = {10ms, 10ms}}), kit::error);
  CHECK_THROWS_AS(trace_ring({.classes = {0ms}}), kit::error);
  CHECK_THROWS_AS(trace_ring({.max_endpoints = 0}), kit::error);
  CHECK_THROWS_AS(trace_ring({.max_spans = 0}), kit::error);
  CHECK_THROWS_AS(trace_ring({.max_active = 0}), kit::error);
}

TEST_CASE("trace_ring: is written by several threads, and read meanwhile") {
  auto ring = std::make_shared<trace_ring>(trace_ring_options{.max_spans = 4});
  const tracer t({.processors = {ring}});
  std::vector<std::thread> threads;
  for (int n = 0; n < 3; ++n) {
    threads.emplace_back([&t, n] {
      for (int i = 0; i < 500; ++i) {
        const auto root = t.start("e" + std::to_string(n), context());
        const auto child = t.start("c", with_span({}, root));
        std::thread([child] { child.end(); }).join();
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    (void)ring->active();
    (void)ring->endpoints();
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(ring->active().empty());
  CHECK(ring->endpoints().size() == 3);
}

TEST_CASE("trace_ring: goes with its tracer, though it keeps traces of that") {
  std::weak_ptr<trace_ring> gone;
  {
    const auto ring = std::make_shared<trace_ring>();
    gone = ring;
    const kit::tracing::tracer tracer({.processors = {ring}});
    tracer.start("ended", context()).end();
    (void)tracer.start("nobody ended it", context());
    CHECK(ring->endpoints().size() == 2);
  }
  CHECK(gone.expired());
}
