#include <middleware/rate_limit.hpp>

#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/metadata.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::duration;
using kit::errc;
using kit::middleware::by_metadata;
using kit::middleware::rate_limit;
using kit::middleware::rate_limit_options;
using kit::middleware::token_rate;

namespace {

constexpr token_rate one_a_minute{.per_second = 1.0 / 60, .burst = 1};

struct fixture {
  explicit fixture(rate_limit_options options)
      : call(kit::chain(rate_limit(std::move(options)))(
            test::endpoint([this](test::request) -> asio::awaitable<test::response> {
              ++handled;
              co_return test::response{};
            }),
            "sum")) {}

  auto ask(const kit::context& ctx = {}) {
    return loop.start(kit::with_context(ctx, call.try_call(test::request{})));
  }
  bool passes(const kit::context& ctx = {}) {
    const auto r = ask(ctx);
    return r.done() && r.value();
  }

  kit::testing::loop loop;
  int handled = 0;
  test::endpoint call;
};

kit::context from(const std::string& client) {
  return kit::context().with(kit::metadata{{"client", client}});
}

}  // namespace

TEST_CASE("rate_limit: refuses beyond the rate, and says when to come again [ratelimit:1]") {
  fixture f({.rate = one_a_minute});
  CHECK(f.passes());
  const auto refused = f.ask().error();
  CHECK(refused == kit::error(errc::resource_exhausted, "rate limit exceeded"));
  CHECK(refused.refused());
  CHECK(refused.retry_after() == 60s);
  f.loop.advance(60s);
  CHECK(f.passes());
}

TEST_CASE("rate_limit: a call refused doesn't reach the endpoint [ratelimit:3]") {
  fixture f({.rate = one_a_minute});
  for (int i = 0; i < 10; ++i)
    (void)f.ask();
  CHECK(f.handled == 1);
}

TEST_CASE("rate_limit: refuses at once who would have to wait beyond his deadline [ratelimit:2]") {
  fixture f({.rate = one_a_minute, .max_wait = duration::max()});
  const kit::cancel_source source({}, f.loop.now() + 500ms);
  CHECK(f.passes(source.context()));
  const auto refused = f.ask(source.context()).error();
  CHECK(refused == errc::resource_exhausted);
  CHECK(std::string(refused.what()).find("exceed context deadline") != std::string::npos);
  CHECK(f.handled == 1);
}

TEST_CASE("rate_limit: lets wait, in the order of arrival [ratelimit:6]") {
  fixture f({.rate = token_rate{.per_second = 10, .burst = 1}, .max_wait = 250ms});
  CHECK(f.passes());
  const auto second = f.ask(), third = f.ask(), fourth = f.ask();
  CHECK(second.pending());
  CHECK(fourth.error() == kit::error(errc::resource_exhausted, "rate limit exceeded"));
  CHECK(fourth.error().retry_after() == 300ms);
  f.loop.advance(100ms);
  CHECK(second.done());
  CHECK(third.pending());
  f.loop.advance(100ms);
  CHECK(third.value());
  CHECK(f.handled == 3);
}

TEST_CASE("rate_limit: in a context that is cancelled it takes no token [ratelimit:5]") {
  fixture f({.rate = one_a_minute, .max_wait = duration::max()});
  const kit::cancel_source source;
  // A call that is under way when its context is cancelled, unlike one that doesn't start.
  kit::context seen = source.context();
  source.cancel();
  struct in_cancelled {
    kit::context ctx;
    void enter(kit::call& c) { c.set_context(ctx); }
  };
  const auto call = kit::chain(in_cancelled{seen}, [&](test::endpoint) { return f.call; })(f.call);
  CHECK(f.loop.start(call.try_call(test::request{})).error() == errc::canceled);
  CHECK(f.passes());
}

TEST_CASE("rate_limit: who is cancelled while he waits gives his token back [ratelimit:5]") {
  fixture f({.rate = token_rate{.per_second = 10, .burst = 1}, .max_wait = 1s});
  CHECK(f.passes());
  auto second = f.ask();
  f.loop.advance(50ms);
  SUBCASE("as Asio cancels") {
    second.cancel();
    f.loop.run();
    CHECK(second.error() == errc::canceled);
  }
  SUBCASE("by its context") {
    const kit::cancel_source source;
    auto third = f.ask(source.context());
    source.cancel();
    f.loop.run();
    CHECK(third.error() == errc::canceled);
    second.cancel();
    f.loop.run();
  }
  auto next = f.ask();
  f.loop.advance(49ms);
  CHECK(next.pending());
  f.loop.advance(1ms);
  CHECK(next.value());
}

TEST_CASE("rate_limit: a token waited for by a call whose loop goes is given back [ratelimit:5]") {
  const rate_limit limit({.rate = token_rate{.per_second = 10, .burst = 1}, .max_wait = 1s});
  const auto call = kit::chain(limit)(test::endpoint(test::handle));
  {
    kit::testing::loop first;
    CHECK(first.start(call.try_call(test::request{})).value());
    CHECK(first.start(call.try_call(test::request{})).pending());
  }
  kit::testing::loop second;
  auto r = second.start(call.try_call(test::request{}));
  CHECK(r.pending());
  second.advance(100ms);
  CHECK(r.value());
}

TEST_CASE("rate_limit: what can't pass at all is refused without a time to come again") {
  SUBCASE("a burst of 0 [ratelimit:4]") {
    fixture f({.rate = token_rate{.per_second = 10, .burst = 0}, .max_wait = duration::max()});
    const auto refused = f.ask().error();
    CHECK(refused == errc::resource_exhausted);
    CHECK_FALSE(refused.retry_after());
  }
  SUBCASE("a rate of 0") {
    fixture f({.rate = token_rate{.per_second = 0, .burst = 1}});
    CHECK(f.passes());
    CHECK_FALSE(f.ask().error().retry_after());
  }
}

TEST_CASE("rate_limit: each key has a bucket of its own") {
  fixture f({.rate = one_a_minute, .key = by_metadata("client")});
  CHECK(f.passes(from("a")));
  CHECK_FALSE(f.passes(from("a")));
  CHECK(f.passes(from("b")));
  CHECK(f.passes());
  CHECK_FALSE(f.passes());
}

TEST_CASE("rate_limit: calls may cost more or less than a token") {
  double cost = 3;
  fixture f({.rate = token_rate{.per_second = 1, .burst = 5},
             .cost = [&](const kit::call& c) { return c.name() == "sum" ? cost : 100; }});
  CHECK(f.passes());
  CHECK(f.ask().error().retry_after() == 1s);
  cost = 2;
  CHECK(f.passes());
  for (const double nothing : {0.0, -1.0, std::nan("")}) {
    cost = nothing;
    CHECK(f.passes());
  }
  cost = 6;
  CHECK_FALSE(f.ask().error().retry_after());
}

TEST_CASE("rate_limit: the rate is turned at run time") {
  const kit::setting<token_rate> rate(one_a_minute);
  fixture f({.rate = rate});
  CHECK(f.passes());
  CHECK_FALSE(f.passes());
  rate.set({.per_second = 100, .burst = 2});
  f.loop.advance(20ms);
  CHECK(f.passes());
  CHECK(f.passes());
  CHECK_FALSE(f.passes());
  CHECK_THROWS_AS(rate.set({.per_second = -1}), kit::error);
}

TEST_CASE("rate_limit: its copies, and what they are around, share the bucket") {
  kit::testing::loop loop;
  const rate_limit limit({.rate = one_a_minute});
  const auto one = kit::chain(limit)(test::endpoint(test::handle), "one");
  const auto two = kit::chain(rate_limit(limit))(test::endpoint(test::handle), "two");
  CHECK(loop.start(one.try_call(test::request{})).value());
  CHECK(loop.start(two.try_call(test::request{})).error() == errc::resource_exhausted);
}

TEST_CASE("rate_limit: says on which numbers it refused or let wait") {
  fixture f({.rate = token_rate{.per_second = 10, .burst = 1},
             .max_wait = 100ms,
             .key = by_metadata("client")});
  const auto ctx = from("a").with(kit::decision_log());
  CHECK(f.passes(ctx));
  const auto second = f.ask(ctx), third = f.ask(ctx);
  const auto made = ctx.get<kit::decision_log>()->decisions();
  REQUIRE(made.size() == 2);
  CHECK(made[0].text() ==
        "rate_limit delayed a: 0 tokens there, 1 at most and 10 a second; waits 100 ms");
  CHECK(made[1].text() ==
        "rate_limit refused a: -1 tokens there, 1 at most and 10 a second; next in 200 ms");
  CHECK(made[0].endpoint == "sum");
}

TEST_CASE("rate_limit: options out of range") {
  CHECK_THROWS_AS(rate_limit({.max_keys = 0}), kit::error);
}
