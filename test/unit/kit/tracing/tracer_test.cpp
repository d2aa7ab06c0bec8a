#include <kit/tracing/tracer.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <asio/awaitable.hpp>

#include <kit/attempts.hpp>
#include <kit/error.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/manual_clock.hpp>
#include <kit/testing/recording_spans.hpp>
#include <kit/this_context.hpp>

using namespace kit::tracing;
using namespace std::chrono_literals;
using kit::context;
using kit::errc;
using kit::error;
using kit::testing::recording_spans;

namespace {

constexpr wall_time noon{1'700'000'000s};

struct fixture {
  explicit fixture(sampler s = always_sample(), bool unsampled = false)
      : spans(std::make_shared<recording_spans>(unsampled)), tracer(options(std::move(s))) {}

  tracer_options options(sampler s) {
    return {.resource = {{{"service.name", "test"}}},
            .sampler = std::move(s),
            .processors = {spans},
            .random = kit::random_source(1),
            .clock = &clock,
            .wall_now = [this] { return noon + clock.now().time_since_epoch(); }};
  }

  kit::testing::manual_clock clock;
  std::shared_ptr<recording_spans> spans;
  kit::tracing::tracer tracer;
};

span_context remote(trace_flags flags = trace_flags::sampled) {
  return {
      .trace_id = {1, 2}, .span_id = {3}, .parent_span_id = {4}, .flags = flags, .remote = true};
}

}  // namespace

TEST_CASE(
    "tracer: a root has ids of its own, a child the trace of its parent "
    "[tracing/zipkin:1] [tracing/opentracing:1]") {
  fixture f;
  const auto root = f.tracer.start("root", context());
  CHECK(root.context().valid());
  CHECK(root.context().sampled());
  CHECK(has(root.context().flags, trace_flags::random));
  const auto ctx = with_span(context(), root);
  CHECK(current_span(ctx)->span_id == root.context().span_id);
  const auto child = f.tracer.start("child", ctx);
  CHECK(child.context().trace_id == root.context().trace_id);
  CHECK(child.context().parent_span_id == root.context().span_id);
  CHECK(child.context().span_id != root.context().span_id);
  child.end();
  root.end();
  CHECK(f.spans->names() == std::vector<std::string>{"child", "root"});
  CHECK(f.spans->named("child").parent == root.context().span_id);
  CHECK_FALSE(f.spans->named("child").local_root());
  CHECK(f.spans->named("root").local_root());
  CHECK(f.spans->named("root").attributes.empty());
  CHECK(f.tracer.start("other", context()).context().trace_id != root.context().trace_id);
}

TEST_CASE("tracer: a caller in another process is the parent, its flags and state go on") {
  fixture f(parent_based(never_sample()));
  auto caller = remote();
  caller.state = std::make_shared<const std::string>("a=1");
  const auto s =
      f.tracer.start("serve", with_span_context({}, caller), {.kind = span_kind::server});
  CHECK(s.context().trace_id == caller.trace_id);
  CHECK(s.context().parent_span_id == caller.span_id);
  CHECK(s.context().trace_state() == "a=1");
  CHECK_FALSE(has(s.context().flags, trace_flags::random));  // of an id that isn't ours
  CHECK_FALSE(s.context().remote);
  s.end();
  CHECK(f.spans->named("serve").local_root());
  CHECK(f.spans->named("serve").remote_parent);
  CHECK_FALSE(f.spans->named("serve").shared);

  const auto unsampled = f.tracer.start("no", with_span_context({}, remote(trace_flags::none)));
  CHECK_FALSE(unsampled.recording());
  CHECK_FALSE(unsampled.context().sampled());
  CHECK(unsampled.context().trace_id == caller.trace_id);
}

TEST_CASE("tracer: debug is recorded whatever the sampler says, and travels on") {
  fixture f(never_sample());
  const auto debug = trace_flags::sampled | trace_flags::debug;
  const auto s = f.tracer.start("a", with_span_context({}, remote(debug)));
  CHECK(s.recording());
  CHECK(s.context().flags == debug);
  // Also without ids.
  const auto root = f.tracer.start("b", with_span_context({}, {.flags = debug, .remote = true}));
  CHECK(root.recording());
  CHECK(root.context().valid());
  CHECK_FALSE(root.context().parent_span_id.valid());
}

TEST_CASE("tracer: what the sampler drops has ids, and is not recorded") {
  fixture f(never_sample());
  const auto s = f.tracer.start("a", context());
  CHECK(s.context().valid());
  CHECK_FALSE(s.context().sampled());
  CHECK_FALSE(s.recording());
  s.set("key", 1);
  s.add_event("event");
  s.end();
  CHECK_FALSE(s.data());
  CHECK(f.spans->started() == 0);
  CHECK(f.spans->ended().empty());
}

TEST_CASE("tracer: a processor that wants all spans gets all, told apart by their flag") {
  fixture f(never_sample(), true);
  const auto s = f.tracer.start("a", context());
  CHECK(s.recording());
  CHECK_FALSE(s.context().sampled());
  s.end();
  CHECK_FALSE(f.spans->named("a").context.sampled());
}

TEST_CASE("tracer: record means for this process only") {
  fixture f([](const sampling_input& in) {
    CHECK(in.name == "a");
    CHECK(in.kind == span_kind::client);
    CHECK(in.attributes.size() == 1);
    CHECK(in.trace_id.valid());
    return sampling::record;
  });
  const auto s =
      f.tracer.start("a", context(), {.kind = span_kind::client, .attributes = {{"k", "v"}}});
  CHECK(s.recording());
  CHECK_FALSE(s.context().sampled());
}

TEST_CASE(
    "tracer: a public endpoint starts a trace of its own, with a link [tracing/opencensus:6]") {
  fixture f;
  const auto ctx = with_span_context({}, remote());
  const auto s = f.tracer.start("serve", ctx, {.kind = span_kind::server, .new_root = true});
  CHECK(s.context().trace_id != remote().trace_id);
  CHECK_FALSE(s.context().parent_span_id.valid());
  s.end();
  const auto data = f.spans->named("serve");
  REQUIRE(data.links.size() == 1);
  CHECK(data.links[0].context == remote());
  CHECK_FALSE(data.parent.valid());
  f.tracer.start("alone", context(), {.new_root = true}).end();
  CHECK(f.spans->named("alone").links.empty());
}

TEST_CASE("tracer: with shared spans a server joins the caller's [tracing/zipkin:6,13]") {
  fixture f;
  auto options = f.options(always_sample());
  options.shared_spans = true;
  const tracer joining(std::move(options));
  const auto ctx = with_span_context({}, remote());
  const auto s = joining.start("serve", ctx, {.kind = span_kind::server});
  CHECK(s.context().trace_id == remote().trace_id);
  CHECK(s.context().span_id == remote().span_id);
  CHECK(s.context().parent_span_id == remote().parent_span_id);
  s.end();
  CHECK(f.spans->named("serve").shared);
  CHECK(f.spans->named("serve").local_root());
  // Not what isn't a server's, nor what has its parent here.
  CHECK(joining.start("call", ctx, {.kind = span_kind::client}).context().span_id !=
        remote().span_id);
  const auto child = joining.start("a", with_span({}, s), {.kind = span_kind::server});
  CHECK(child.context().span_id != s.context().span_id);
  // Without a caller: a root.
  CHECK_FALSE(joining.start("b", {}, {.kind = span_kind::server}).context().parent_span_id.valid());
}

TEST_CASE("span: times come from the tracer's clocks") {
  fixture f;
  f.clock.advance(10s);
  const wall_time start = noon + f.clock.now().time_since_epoch();
  const auto s = f.tracer.start("a", context());
  f.clock.advance(250us);
  s.add_event("half", {{"n", 1}});
  f.clock.advance(250us);
  s.end();
  f.clock.advance(1s);
  s.end();
  const auto data = f.spans->named("a");
  CHECK(data.start == start);
  CHECK(data.length == 500us);
  CHECK(data.end() == start + 500us);
  REQUIRE(data.events.size() == 1);
  CHECK(data.events[0].time == start + 250us);
  CHECK(data.resource->service_name() == "test");

  const auto told = f.tracer.start("b", context(), {.start = f.clock.now() - 2ms});
  told.end(f.clock.now() + 1ms);
  CHECK(f.spans->named("b").length == 3ms);
  const auto backwards = f.tracer.start("c", context());
  backwards.end(f.clock.now() - 1s);
  CHECK(f.spans->named("c").length == 0ns);
}

TEST_CASE("span: attributes, name, status; nothing changes after the end") {
  fixture f;
  const auto s = f.tracer.start("a", context(), {.attributes = {{"given", true}}});
  s.set("text", "t");
  s.set("number", 7U);
  s.set("real", 0.5);
  s.set("list", attribute::list_of_text{"a", "b"});
  s.set("text", std::string("u"));
  s.set_default({"text", "v"});
  s.set_default({"more", "w"});
  s.set_name("b");
  s.set_status(span_status::error, "first");
  s.set_status(span_status::ok, "dropped");
  s.set_status(span_status::error, "too late");
  CHECK(s.data()->attributes.size() == 6);
  s.end();
  s.set("late", 1);
  s.set_name("c");
  s.add_event("late");
  s.add_link({});
  const auto data = f.spans->named("b");
  CHECK(data.attributes == attributes{{"given", true},
                                      {"text", "u"},
                                      {"number", 7},
                                      {"real", 0.5},
                                      {"list", attribute::list_of_text{"a", "b"}},
                                      {"more", "w"}});
  CHECK(data.status == span_status::ok);
  CHECK(data.status_message.empty());
  CHECK(data.events.empty());
  CHECK(data.links.empty());
  CHECK(to_text(*find(data.attributes, "given")) == "true");
  CHECK(to_text(*find(data.attributes, "number")) == "7");
  CHECK(to_text(*find(data.attributes, "real")) == "0.5");
  CHECK(to_text(*find(data.attributes, "list")) == R"(["a","b"])");
  CHECK(find(data.attributes, "none") == nullptr);
}

TEST_CASE("span: an error is its status, and its code an attribute") {
  fixture f;
  const auto s = f.tracer.start("a", context());
  s.set_error(error(errc::unavailable, "no route"));
  s.end();
  const auto data = f.spans->named("a");
  CHECK(data.status == span_status::error);
  CHECK(data.status_message == "no route");
  CHECK(data.attributes == attributes{{"error.type", "unavailable"}});
}

TEST_CASE(
    "span: of a retry's error each attempt is an attribute [tracing/opentracing:3] "
    "[tracing/opencensus:2]") {
  fixture f;
  const auto s = f.tracer.start("a", context());
  kit::attempts all;
  for (int i = 1; i <= 5; ++i)
    all.errors.emplace_back(errc::unavailable, "attempt " + std::to_string(i));
  s.set_error(error(errc::unavailable, "attempt 5").with(all));
  s.end();
  const auto data = f.spans->named("a");
  CHECK(data.status_message == "attempt 5");
  for (int i = 1; i <= 5; ++i) {
    const auto* text = find(data.attributes, "gokit.retry.error." + std::to_string(i));
    REQUIRE(text);
    CHECK(to_text(*text) == "attempt " + std::to_string(i));
  }
  CHECK_FALSE(find(data.attributes, "gokit.retry.error.6"));
}

TEST_CASE("span: one that nobody ended ends with its last handle") {
  fixture f;
  {
    const auto s = f.tracer.start("a", context());
    const auto ctx = with_span(context(), s);
    f.clock.advance(3ms);
    CHECK(f.spans->ended().empty());
  }
  CHECK(f.spans->named("a").length == 3ms);
}

TEST_CASE("span: one that is kept keeps neither the tracer nor who keeps it") {
  const auto keeper = std::make_shared<recording_spans>();
  span s;
  {
    const tracer t({.processors = {keeper}});
    s = t.start("a", context());
    s.end();
  }
  CHECK(keeper.use_count() == 1);
  CHECK(keeper->names() == std::vector<std::string>{"a"});
  s.add_event("late");
  s.end();
  CHECK(s.data()->events.empty());
}

TEST_CASE("span: of attributes with one key the last counts, wherever they come from") {
  fixture f;
  const auto s = f.tracer.start("a", context(), {.attributes = {{"k", 1}, {"x", 0}, {"k", 2}}});
  s.add_event("e", {{"k", 1}, {"k", 2}, {"k", 3}, {"x", 0}});
  s.add_link({.attributes = {{"k", 1}, {"k", "two"}}});
  s.set("x", 7);
  s.end();
  const auto data = f.spans->named("a");
  CHECK(data.attributes == attributes{{"k", 2}, {"x", 7}});
  CHECK(data.events.at(0).attributes == attributes{{"k", 3}, {"x", 0}});
  CHECK(data.links.at(0).attributes == attributes{{"k", "two"}});
}

TEST_CASE("span: what is too much is dropped and counted") {
  fixture f;
  auto options = f.options(always_sample());
  options.limits = {.attributes = 2, .events = 1, .links = 1, .text_bytes = 5};
  const tracer limited(std::move(options));
  const auto s = limited.start("a\u00e4\u00e4\u00e4", context(),
                               {.attributes = {{"a", 1}, {"b", 2}, {"c", 3}}, .links = {{}, {}}});
  s.set("d", 4);
  s.set("a", "123456");
  for (int i = 0; i < 3; ++i)
    s.add_event("e", {{"1", 1}, {"2", 2}, {"3", 3}});
  s.add_link({});
  s.set_status(span_status::error, "message");
  s.end();
  const auto data = f.spans->named("a\u00e4\u00e4");  // not half a character
  CHECK(data.attributes == attributes{{"a", "12345"}, {"b", 2}});
  CHECK(data.dropped_attributes == 3);
  CHECK(data.events.size() == 1);
  CHECK(data.events[0].attributes.size() == 2);
  CHECK(data.dropped_events == 2);
  CHECK(data.links.size() == 1);
  CHECK(data.dropped_links == 2);
  CHECK(data.status_message == "messa");
}

TEST_CASE("span: texts from outside are made valid UTF-8") {
  fixture f;
  const auto s = f.tracer.start("a\xff", context(), {.attributes = {{"k\xfe", "\xc3(x"}}});
  s.set("list", attribute::list_of_text{"\x80"});
  s.add_event("\xff");
  s.set_status(span_status::error, "\xe2\x82");
  s.end();
  const auto data = f.spans->named("a\ufffd");
  CHECK(data.attributes ==
        attributes{{"k\ufffd", "\ufffd(x"}, {"list", attribute::list_of_text{"\ufffd"}}});
  CHECK(data.events[0].name == "\ufffd");
  CHECK(data.status_message == "\ufffd\ufffd");

  const tracer t({.resource = {{{"service.name", "\xff"}}}, .processors = {f.spans}});
  t.start("b", context()).end();
  CHECK(f.spans->named("b").resource->service_name() == "\ufffd");
}

TEST_CASE("tracer: without a processor nothing is recorded, decisions travel all the same") {
  const tracer t({.sampler = always_sample()});
  CHECK_FALSE(t.records());
  const auto s = t.start("a", context());
  CHECK_FALSE(s.recording());
  CHECK(s.context().sampled());
}

TEST_CASE("tracer: the default one makes spans that are not valid") {
  const tracer none;
  CHECK_FALSE(none);
  const auto s = none.start("a", with_span_context({}, remote()));
  CHECK_FALSE(s.context().valid());
  s.end();
}

TEST_CASE("tracer: a processor that is null is refused") {
  CHECK_THROWS_AS(tracer({.processors = {nullptr}}), error);
}

TEST_CASE("tracer: the same seed gives the same ids") {
  const tracer a({.random = kit::random_source(5)}), b({.random = kit::random_source(5)});
  CHECK(a.start("x", {}).context() == b.start("x", {}).context());
  const tracer c, d({.random = kit::random_source(6)});
  CHECK(a.start("x", {}).context().trace_id != d.start("x", {}).context().trace_id);
}

namespace {

asio::awaitable<int> inner(int result) {
  const auto ctx = co_await kit::this_context();
  span_of(ctx).set("inner", true);
  co_await kit::sleep_for(5ms);
  if (result < 0) throw error(errc::not_found, "nobody");
  co_return result;
}

asio::awaitable<kit::result<int>> inner_result() {
  co_return kit::fail(errc::aborted, "lost");
}

asio::awaitable<void> forever() {
  co_await kit::sleep_for(24h);
}

}  // namespace

TEST_CASE("tracer: in_span runs work in a span of its own") {
  kit::testing::loop loop;
  fixture f;
  auto options = f.options(always_sample());
  options.clock = &loop.clock();
  const tracer t(std::move(options));
  auto good = loop.start(t.in_span("good", inner(7)));
  auto bad = loop.start(t.in_span("bad", inner(-1), {.kind = span_kind::client}));
  loop.advance(5ms);
  CHECK(good.value() == 7);
  CHECK(bad.error() == error(errc::not_found, "nobody"));
  const auto data = f.spans->named("good");
  CHECK(data.length == 5ms);
  CHECK(data.status == span_status::unset);
  CHECK(data.attributes == attributes{{"inner", true}});
  CHECK(f.spans->named("bad").status == span_status::error);
  CHECK(f.spans->named("bad").kind == span_kind::client);

  CHECK(loop.start(t.in_span("result", inner_result())).value().error() == errc::aborted);
  CHECK(f.spans->named("result").status_message == "lost");

  auto outer = loop.start(t.in_span("outer", t.in_span("nested", inner(1))));
  loop.advance(5ms);
  CHECK(outer.value() == 1);
  CHECK(f.spans->named("nested").parent == f.spans->named("outer").context.span_id);
}

TEST_CASE("tracer: in_span of work that is cancelled ends, with that error") {
  kit::testing::loop loop;
  fixture f;
  {
    auto call = loop.start(f.tracer.in_span("a", forever()));
    call.cancel();
    loop.run();
    CHECK(call.error() == errc::canceled);
  }
  CHECK(f.spans->named("a").status == span_status::error);
  CHECK(to_text(*find(f.spans->named("a").attributes, "error.type")) == "canceled");
}

TEST_CASE("tracer: spans may be started, written and ended on several threads at once") {
  auto spans = std::make_shared<recording_spans>();
  const tracer t({.processors = {spans}});
  const auto shared = t.start("shared", context());
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        const auto s = t.start("s", with_span({}, shared));
        shared.set("k" + std::to_string(i % 200), i);
        shared.add_event("e");
        (void)shared.data();
        s.end();
      }
      shared.end();
    });
  }
  for (auto& thread : threads)
    thread.join();
  CHECK(spans->ended().size() == 2001);
  CHECK(spans->named("shared").attributes.size() == 128);
}
