#include <kit/decision.hpp>

#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/decision_log.hpp>
#include <kit/decision_recorder.hpp>
#include <kit/testing/recording_spans.hpp>
#include <kit/tracing/span.hpp>
#include <kit/tracing/tracer.hpp>

using namespace std::chrono_literals;
using kit::decide;
using kit::decision;
using kit::decision_kind;
using kit::decision_log;
using kit::decision_recorder;

namespace {

constexpr decision_kind refused{
    .layer = "limit", .verb = "refused", .words = "{left} left of {most}, next in {wait_ms} ms"};
constexpr decision_kind opened{.layer = "breaker", .verb = "opened", .words = ""};

std::vector<std::string> texts(const kit::context& ctx) {
  std::vector<std::string> all;
  for (const auto& d : ctx.get<decision_log>()->decisions())
    all.push_back(d.text());
  return all;
}

struct recorded {
  recorded() = default;
  explicit recorded(std::size_t recent) : options{.recent = recent} {}

  std::chrono::system_clock::time_point now{};
  kit::decision_recorder_options options{};
  decision_recorder recorder = [this] {
    options.wall_now = [this] { return now; };
    return decision_recorder(options);
  }();
  kit::context ctx = kit::context().with(decision_log(recorder));
};

}  // namespace

TEST_CASE("decision: its text has the numbers in the words") {
  decision d{.kind = &refused, .endpoint = "sum", .numbers = {0, 20, 9.50049}};
  CHECK(d.text() == "limit refused: 0 left of 20, next in 9.5 ms");
  d.subject = "acme";
  CHECK(d.text() == "limit refused acme: 0 left of 20, next in 9.5 ms");
  d.numbers[2] = 1.0 / 3;
  CHECK(d.text() == "limit refused acme: 0 left of 20, next in 0.333 ms");
  d.numbers[2] = std::numeric_limits<double>::infinity();
  CHECK(d.text() == "limit refused acme: 0 left of 20, next in inf ms");
  CHECK(decision{.kind = &opened}.text() == "breaker opened");

  const auto numbers = d.named_numbers();
  REQUIRE(numbers.size() == 3);
  CHECK(numbers[1] == std::pair<std::string_view, double>("most", 20));
}

TEST_CASE("decision: words with more names than numbers, or with a brace too many") {
  static constexpr decision_kind many{.layer = "a", .verb = "b", .words = "{1}{2}{3}{4}{5}{6}{7}{"};
  const decision d{.kind = &many, .numbers = {1, 2, 3, 4, 5, 6}};
  CHECK(d.text() == "a b: 123456{");
  CHECK(d.named_numbers().size() == 6);
}

TEST_CASE("decide: in the log of the context, in order, for as many as it keeps") {
  const auto ctx = kit::context().with(decision_log());
  decide(ctx, "sum", refused, {0, 20, 1});
  decide(ctx.with(1), "sum", opened, {}, "10.0.0.7");
  CHECK(texts(ctx) == std::vector<std::string>{"limit refused: 0 left of 20, next in 1 ms",
                                               "breaker opened 10.0.0.7"});
  CHECK(ctx.get<decision_log>()->decisions()[0].endpoint == "sum");
  for (int i = 0; i < 100; ++i)
    decide(ctx, "sum", opened, {});
  CHECK(texts(ctx).size() == decision_log::max_decisions);
  CHECK(ctx.get<decision_log>()->size() == 102);
}

TEST_CASE("decide: without a log and a span it does nothing") {
  decide({}, "sum", refused, {0, 20, 1});
}

TEST_CASE("decide: is an event of the current span, where that is recorded") {
  const kit::tracing::tracer tracer(
      {.processors = {std::make_shared<kit::testing::recording_spans>()}});
  auto span = tracer.start("call", {});
  decide(kit::tracing::with_span({}, span), "sum", refused, {0, 20, 1}, "acme");
  const auto data = *span.data();
  REQUIRE(data.events.size() == 1);
  CHECK(data.events[0].name == "limit refused");
  const auto& about = data.events[0].attributes;
  CHECK(std::get<double>(*find(about, "most")) == 20);
  CHECK(std::get<std::string>(*find(about, "method")) == "sum");
  CHECK(std::get<std::string>(*find(about, "subject")) == "acme");
  CHECK(std::get<std::string>(*find(about, "text")) ==
        "limit refused acme: 0 left of 20, next in 1 ms");
}

TEST_CASE_FIXTURE(recorded, "decision_recorder: counts by endpoint, layer and verb") {
  decide(ctx, "sum", refused, {0, 20, 1});
  decide(ctx, "sum", refused, {0, 20, 2});
  decide(ctx, "concat", refused, {0, 20, 3});
  decide(ctx, "", opened, {});
  const auto all = recorder.totals();
  REQUIRE(all.size() == 3);
  CHECK(all[0].kind == &opened);
  CHECK(all[1].endpoint == "concat");
  CHECK(all[2].endpoint == "sum");
  CHECK(all[2].count == 2);
  CHECK(all[2].last.made.numbers[2] == 2);
  CHECK(
      options.registry
          .counter({.name = "policy_decisions_total", .help = "What policies decided about calls."},
                   {"method", "layer", "decision"})
          .with("sum", "limit", "refused")
          .value() == 2);
}

TEST_CASE("decision_recorder: the latest, newest first, with room for those that are rare") {
  recorded r(3);
  decide(r.ctx, "sum", opened, {});
  for (int i = 0; i < 100; ++i) {
    decide(r.ctx, "sum", refused, {double(i)});
    r.now += 1ms;
  }
  auto recent = r.recorder.recent();
  REQUIRE(recent.size() == 2);
  CHECK(recent[0].made.kind == &refused);
  CHECK(recent[1].made.kind == &opened);
  for (int i = 0; i < 3; ++i) {
    r.now += 100ms;
    decide(r.ctx, "sum", refused, {100.0 + i});
  }
  recent = r.recorder.recent();
  REQUIRE(recent.size() == 3);
  CHECK(recent[0].made.numbers[0] == 102);
  CHECK(recent[2].made.numbers[0] == 100);
  CHECK(r.recorder.totals()[1].count == 103);
}

TEST_CASE("decision_recorder: one made without settings records nothing") {
  const decision_recorder none;
  CHECK_FALSE(none);
  none.add({.kind = &refused});
  CHECK(none.recent().empty());
  CHECK(none.totals().empty());
  CHECK_THROWS_AS(decision_recorder({.recent = 0}), kit::error);
}

TEST_CASE_FIXTURE(recorded, "decision_recorder: more endpoints than it has room for") {
  for (int i = 0; i < 2000; ++i)
    decide(ctx, std::to_string(i), refused, {});
  std::uint64_t sum = 0;
  for (const auto& t : recorder.totals())
    sum += t.count;
  CHECK(sum == 2000);
}

TEST_CASE_FIXTURE(recorded, "decide: from several threads, about one call") {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 1000; ++i)
        decide(ctx, t % 2 ? "sum" : "concat", i % 2 ? refused : opened, {double(i)});
    });
  }
  for (int i = 0; i < 100; ++i) {
    (void)recorder.recent();
    (void)texts(ctx);
  }
  for (auto& t : threads)
    t.join();
  std::uint64_t sum = 0;
  for (const auto& t : recorder.totals())
    sum += t.count;
  CHECK(sum == 4000);
  CHECK(texts(ctx).size() == decision_log::max_decisions);
}
