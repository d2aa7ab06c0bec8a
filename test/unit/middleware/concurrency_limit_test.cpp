#include <middleware/concurrency_limit.hpp>

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <middleware/timeout.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::errc;
using kit::middleware::aimd_options;
using kit::middleware::concurrency_limit;
using kit::middleware::concurrency_limit_options;
using kit::middleware::concurrency_queue;

namespace {

constexpr aimd_options ten_at_first{.range = {.min = 2, .max = 100, .initial = 10}};

struct fixture {
  explicit fixture(concurrency_limit_options options)
      : layer(std::move(options)), call(kit::chain(layer)(test::endpoint(test::handle), "sum")) {}
  auto ask(const std::string& want = "slow", const kit::context& ctx = {}) {
    return loop.start(kit::with_context(ctx, call.try_call(test::request{want})));
  }

  kit::testing::loop loop;
  concurrency_limit layer;
  test::endpoint call;
};

}  // namespace

TEST_CASE("concurrency_limit: so many at a time, and more as they go well") {
  fixture f({.by = ten_at_first, .queue = concurrency_queue{.max_queue = 0}});
  const auto ctx = kit::context().with(kit::decision_log());
  for (int i = 0; i < 10; ++i)
    CHECK(f.ask().pending());
  const auto e = f.ask("slow", ctx).error();
  CHECK(e == kit::error(errc::unavailable, "overloaded"));
  CHECK(e.refused());
  CHECK(ctx.get<kit::decision_log>()->decisions().at(0).text() ==
        "concurrency_limit refused: 10 calls under way of 10, 0 wait of 0");
  f.loop.advance(200ms);
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 10; ++i)
      (void)f.ask();
    f.loop.advance(200ms);
  }
  CHECK(f.layer.limit() == 11);
  CHECK(f.layer.in_use() == 0);
}

TEST_CASE(
    "concurrency_limit: what the callee finds too much makes it smaller, other errors don't") {
  fixture f({.by = ten_at_first});
  for (int i = 0; i < 100; ++i)
    (void)f.ask("error");
  CHECK(f.layer.limit() == 10);
  const auto exhausted = kit::chain(f.layer)(
      test::endpoint([](test::request) -> asio::awaitable<kit::result<test::response>> {
        co_return kit::fail(errc::resource_exhausted);
      }));
  (void)f.loop.start(exhausted.try_call(test::request{}));
  CHECK(f.layer.limit() == 9);
  const auto refused = kit::chain(f.layer, test::refusing())(test::endpoint(test::handle));
  (void)f.loop.start(refused.try_call(test::request{}));
  CHECK(f.layer.limit() == 9);
  CHECK(f.layer.in_use() == 0);
}

TEST_CASE("concurrency_limit: impatient callers don't make it smaller, those who waited long do") {
  for (const kit::middleware::adaptive_limit::options& by :
       {kit::middleware::adaptive_limit::options(ten_at_first),
        kit::middleware::adaptive_limit::options(
            kit::middleware::gradient_options{.range = {.min = 2, .initial = 10}})}) {
    fixture f({.by = by});
    const auto ask_for = [&](const std::string& want, kit::duration limit) {
      auto c = f.loop.start(kit::with_timeout(limit, f.call.try_call(test::request{want})));
      f.loop.advance(limit);
      return c;
    };
    CHECK(ask_for("slow", 1s).done());  // takes 200 ms
    CHECK(f.layer.limit() == 10);
    for (int i = 0; i < 20; ++i)
      CHECK(ask_for("wait", 1ms).error() == errc::deadline_exceeded);
    CHECK(f.layer.limit() == 10);
    for (int i = 0; i < 20; ++i)
      CHECK(ask_for("wait", 300ms).error() == errc::deadline_exceeded);
    CHECK(f.layer.limit() < 3);
    CHECK(f.layer.in_use() == 0);
  }
}

TEST_CASE("concurrency_limit: a time limit of its own, further in, always counts") {
  fixture f({.by = ten_at_first});
  (void)f.ask();
  f.loop.advance(200ms);
  const auto limited = kit::chain(f.layer, kit::middleware::timeout({.limit = 1ms}))(
      test::endpoint(test::handle), "limited");
  for (int i = 0; i < 10; ++i) {
    auto c = f.loop.start(kit::with_timeout(1s, limited.try_call(test::request{"wait"})));
    f.loop.advance(1ms);
    CHECK(c.error() == errc::deadline_exceeded);
  }
  CHECK(f.layer.limit() < 5);
}

TEST_CASE("concurrency_limit: those who wait get places that come by a greater limit") {
  fixture f({.by = aimd_options{.range = {.min = 1, .max = 10, .initial = 1}},
             .queue = concurrency_queue{.max_wait = 10s}});
  const auto one = f.ask(), two = f.ask(), three = f.ask();
  f.loop.advance(200ms);
  CHECK(one.done());
  CHECK(f.layer.limit() == 2);
  CHECK(f.layer.in_use() == 2);
  f.loop.advance(200ms);
  CHECK(two.done());
  CHECK(three.done());
}

TEST_CASE("concurrency_limit: waiting isn't held against the callee") {
  fixture g({.by = aimd_options{.range = {.min = 1, .max = 10, .initial = 2}, .timeout = 250ms},
             .queue = concurrency_queue{.max_wait = 10s}});
  std::vector<decltype(g.ask())> all;
  for (int i = 0; i < 6; ++i)
    all.push_back(g.ask());
  for (int i = 0; i < 3; ++i)
    g.loop.advance(200ms);
  CHECK(all.back().done());
  CHECK(g.layer.limit() >= 3);
}

TEST_CASE("concurrency_limit: options out of range") {
  CHECK_THROWS_AS(concurrency_limit({.by = aimd_options{.backoff = 2}}), kit::error);
  const kit::setting<concurrency_queue> queue;
  CHECK_THROWS_AS(queue.set({.max_wait = -1s}), kit::error);
}
