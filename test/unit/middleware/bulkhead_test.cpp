#include <middleware/bulkhead.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include <kit/chain.hpp>
#include <kit/criticality.hpp>
#include <kit/decision_log.hpp>
#include <kit/metadata.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::duration;
using kit::errc;
using kit::middleware::bulkhead;
using kit::middleware::bulkhead_limits;
using kit::middleware::bulkhead_options;

namespace {

struct fixture {
  explicit fixture(bulkhead_options options)
      : layer(std::move(options)), call(kit::chain(layer)(test::endpoint(test::handle), "sum")) {}

  // One that takes 200 ms.
  auto ask(const kit::context& ctx = {}, const std::string& want = "slow") {
    return loop.start(kit::with_context(ctx, call.try_call(test::request{want})));
  }

  kit::testing::loop loop;
  bulkhead layer;
  test::endpoint call;
  kit::context log = kit::context().with(kit::decision_log());
  std::vector<std::string> said() const {
    std::vector<std::string> all;
    for (const auto& d : log.get<kit::decision_log>()->decisions())
      all.push_back(d.text());
    return all;
  }
};

kit::context of(const std::string& tenant, kit::criticality c = kit::criticality::standard) {
  return kit::with_criticality(kit::context().with(kit::metadata{{"tenant", tenant}}), c);
}

}  // namespace

TEST_CASE("bulkhead: so many at a time, and no more") {
  fixture f({.limits = bulkhead_limits{.max_concurrent = 2}});
  const auto one = f.ask(), two = f.ask();
  CHECK(f.layer.in_use() == 2);
  const auto e = f.ask(f.log).error();
  CHECK(e == kit::error(errc::unavailable, "too many calls at a time"));
  CHECK(e.refused());
  CHECK(e.retry_after());
  CHECK(f.said().front() == "bulkhead refused: 2 of 2 places in use, 0 wait of 0");
  f.loop.advance(200ms);
  CHECK(one.value());
  CHECK(f.layer.in_use() == 0);
  CHECK(f.ask().pending());
}

TEST_CASE("bulkhead: however a call ends, it leaves its place") {
  fixture f({.limits = bulkhead_limits{.max_concurrent = 1}});
  for (const char* want : {"", "error", "business"})
    (void)f.ask({}, want);
  auto c = f.ask({}, "wait");
  c.cancel();
  f.loop.run();
  CHECK(c.error() == errc::canceled);
  CHECK(f.layer.in_use() == 0);
  {
    kit::testing::loop other;
    (void)other.start(f.call.try_call(test::request{"wait"}));
    CHECK(f.layer.in_use() == 1);
  }
  CHECK(f.layer.in_use() == 0);
}

TEST_CASE("bulkhead: others wait for a place, in their order, for so long") {
  fixture f({.limits = bulkhead_limits{.max_concurrent = 1, .max_queue = 2, .max_wait = 300ms}});
  const auto one = f.ask(), two = f.ask(f.log), three = f.ask(f.log);
  CHECK(f.ask().error() == errc::unavailable);
  f.loop.advance(200ms);
  CHECK(one.done());
  CHECK(two.pending());
  CHECK(f.layer.in_use() == 1);
  f.loop.advance(100ms);
  CHECK(three.error() == kit::error(errc::unavailable, "too many calls at a time"));
  CHECK(three.error().refused());
  f.loop.advance(100ms);
  CHECK(two.value());
  CHECK(f.layer.in_use() == 0);
  CHECK(f.said() ==
        std::vector<std::string>{"bulkhead queued: 1 of 1 places in use, 0 wait",
                                 "bulkhead queued: 1 of 1 places in use, 1 wait",
                                 "bulkhead gave_up: after 300 ms, 1 of 1 places in use"});
}

TEST_CASE("bulkhead: who can't have a place before his deadline doesn't begin to wait") {
  fixture f({.limits = bulkhead_limits{.max_concurrent = 1, .max_queue = 10, .max_wait = 1h}});
  (void)f.ask();
  f.loop.advance(200ms);  // so it knows how long they take
  const auto one = f.ask();
  const kit::cancel_source late(f.log, f.loop.now() + 150ms);
  const auto e = f.ask(late.context()).error();
  CHECK(e == errc::unavailable);
  CHECK(e.retry_after() == 200ms);
  CHECK(f.said().front() ==
        "bulkhead refused_no_time: 1 of 1 places in use, 0 wait; the next one is free in about 200 "
        "ms");
  const kit::cancel_source in_time({}, f.loop.now() + 250ms);
  CHECK(f.ask(in_time.context()).pending());
}

TEST_CASE("bulkhead: a deadline that comes while it waits") {
  fixture f({.limits = bulkhead_limits{.max_concurrent = 1, .max_queue = 10, .max_wait = 1h}});
  const auto one = f.ask({}, "wait");
  const auto two = f.loop.start(kit::with_timeout(50ms, f.call.try_call(test::request{"slow"})));
  CHECK(two.pending());
  f.loop.advance(50ms);
  CHECK(two.error() == errc::deadline_exceeded);
  CHECK(f.layer.in_use() == 1);
}

TEST_CASE("bulkhead: who is cancelled while he waits leaves nothing behind") {
  fixture f({.limits = bulkhead_limits{.max_concurrent = 1, .max_queue = 10, .max_wait = 1h}});
  auto one = f.ask();
  auto two = f.ask();
  const kit::cancel_source source;
  auto three = f.ask(source.context());
  auto four = f.ask();
  SUBCASE("while there is none free") {
    two.cancel();
    source.cancel();
    f.loop.run();
    CHECK(two.error() == errc::canceled);
    CHECK(three.error() == errc::canceled);
    f.loop.advance(200ms);
    CHECK(four.pending());
    f.loop.advance(200ms);
    CHECK(four.value());
  }
  SUBCASE("with its loop") {
    {
      kit::testing::loop other;
      CHECK(other.start(f.call.try_call(test::request{"slow"})).pending());
    }
    for (int i = 0; i < 4; ++i)
      f.loop.advance(200ms);
    CHECK(four.value());
  }
  CHECK(f.layer.in_use() == 0);
}

TEST_CASE("bulkhead: critical calls come first, tenants by turns") {
  fixture f({.limits = bulkhead_limits{.max_concurrent = 1, .max_queue = 4, .max_wait = 1h},
             .tenant = kit::middleware::by_metadata("tenant")});
  const auto running = f.ask();
  const auto a0 = f.ask(of("a")), a1 = f.ask(of("a")), b0 = f.ask(of("b"));
  const auto shed = f.ask(of("b", kit::criticality::sheddable));
  const auto vital = f.ask(of("a", kit::criticality::critical));
  CHECK(shed.error() == errc::unavailable);
  f.loop.advance(200ms);
  f.loop.advance(200ms);
  CHECK(vital.value());
  f.loop.advance(200ms);
  CHECK(a0.value());
  f.loop.advance(200ms);
  CHECK(b0.value());
  CHECK(a1.pending());
}

TEST_CASE("bulkhead: its limits are turned at run time") {
  const kit::setting<bulkhead_limits> limits(
      bulkhead_limits{.max_concurrent = 1, .max_queue = 5, .max_wait = 1h});
  fixture f({.limits = limits});
  const auto one = f.ask(), two = f.ask(), three = f.ask();
  limits.set({.max_concurrent = 3, .max_queue = 5});
  CHECK(f.ask().pending());  // by this one it learns of it
  CHECK(f.layer.in_use() == 3);
  CHECK_THROWS_AS(limits.set({.max_concurrent = 0}), kit::error);
  CHECK_THROWS_AS(limits.set({.max_wait = -1s}), kit::error);
}

TEST_CASE("bulkhead: from several threads, each on a loop of its own") {
  bulkhead layer(
      {.limits = bulkhead_limits{.max_concurrent = 3, .max_queue = 5, .max_wait = 20ms}});
  std::atomic<int> inside = 0, most = 0;
  std::vector<kit::testing::loop> loops(4);  // as a runtime's: until all have ended
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto call =
          kit::chain(layer)(test::endpoint([&](test::request) -> asio::awaitable<test::response> {
            const int n = ++inside;
            for (int before = most; before < n && !most.compare_exchange_weak(before, n);) {
            }
            struct leaving {
              std::atomic<int>& count;
              ~leaving() { --count; }
            } const at_the_end{inside};
            co_await kit::sleep_for(1ms);
            co_return test::response{};
          }));
      auto& loop = loops[static_cast<std::size_t>(t)];
      for (int i = 0; i < 500; ++i) {
        std::vector<kit::testing::started<kit::result<test::response>>> all;
        for (int k = 0; k < 4; ++k)
          all.push_back(loop.start(call.try_call(test::request{})));
        if ((i + t) % 3 == 0) all.back().cancel();
        for (int k = 0; k < 40; ++k)
          loop.advance(1ms);
      }
      for (int k = 0; k < 100; ++k)
        loop.advance(1ms);
    });
  }
  for (auto& t : threads)
    t.join();
  loops.clear();
  CHECK(most <= 3);
  CHECK(inside == 0);
  CHECK(layer.in_use() == 0);
}

TEST_CASE("bulkhead: with more places those who wait go in when the next one leaves") {
  const kit::setting<bulkhead_limits> limits(
      bulkhead_limits{.max_concurrent = 1, .max_queue = 10, .max_wait = 1h});
  fixture f({.limits = limits});
  for (int i = 0; i < 5; ++i)
    (void)f.ask();
  limits.set({.max_concurrent = 10, .max_queue = 10, .max_wait = 1h});
  f.loop.advance(200ms);
  CHECK(f.layer.in_use() == 4);
}

TEST_CASE("bulkhead: those who wait on strands may end with their loop") {
  fixture f({.limits = bulkhead_limits{.max_concurrent = 1, .max_queue = 10, .max_wait = 1h}});
  {
    asio::io_context io(1);
    (void)kit::timer_wheel::of(io);  // before the first strand, so that it goes after them
    for (int i = 0; i < 3; ++i) {
      asio::co_spawn(asio::make_strand(io), f.call.try_call(test::request{"wait"}),
                     [](const auto&...) {});
    }
    io.poll();
    CHECK(f.layer.in_use() == 1);
  }
  CHECK(f.layer.in_use() == 0);
}
