#include <middleware/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/random.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <middleware/recent_quantile.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::duration;
using kit::errc;
using kit::middleware::deadline;
using kit::middleware::deadline_limits;
using kit::middleware::recent_quantile;

namespace {

struct fixture {
  kit::testing::loop loop;
  kit::setting<deadline_limits> limits = deadline_limits{};
  int handled = 0;
  test::endpoint call =
      kit::chain(deadline({.limits = limits}))(test::endpoint([this](test::request r) {
                                                 ++handled;
                                                 return test::handle(std::move(r));
                                               }),
                                               "sum");
  kit::context log = kit::context().with(kit::decision_log());

  auto ask(duration left, const std::string& want = "slow") {
    const kit::cancel_source source(log, loop.now() + left);
    return loop.start(in(source.context(), want));
  }
  // Not by `with_context`, which itself begins nothing in a context whose time is over.
  asio::awaitable<kit::result<test::response>> in(kit::context ctx, std::string want) {
    struct within {
      kit::context ctx;
      void enter(kit::call& c) { c.set_context(ctx); }
    };
    return kit::chain(within{std::move(ctx)}, [this](test::endpoint) { return call; })(call)
        .try_call(test::request{std::move(want)});
  }
  // So that it knows that calls take 200 ms.
  void learn() {
    for (int i = 0; i < 80; ++i)
      (void)loop.start(call.try_call(test::request{"slow"}));
    loop.advance(200ms);
    handled = 0;
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "deadline: a call whose deadline has passed is refused") {
  const auto e = ask(-5ms, "").error();
  CHECK(e == errc::deadline_exceeded);
  CHECK(e.refused());
  CHECK(handled == 0);
  CHECK(log.get<kit::decision_log>()->decisions().at(0).text() ==
        "deadline refused: its deadline passed 5 ms ago");
  CHECK(ask(0ms, "").error().refused());
}

TEST_CASE_FIXTURE(fixture, "deadline: a call with time left, or without a deadline, passes") {
  CHECK(ask(1ms, "").value());
  CHECK(loop.start(call.try_call(test::request{})).value());
}

TEST_CASE_FIXTURE(fixture,
                  "deadline: too little time for nine of ten recent calls is refused, a "
                  "fifth of the traffic at most") {
  learn();
  int refused = 0;
  for (int i = 0; i < 100; ++i) {
    const auto c = ask(50ms);
    if (c.done() && c.error().refused()) {
      CHECK(c.error() == kit::error(errc::deadline_exceeded, "too little time is left"));
      ++refused;
    }
    loop.advance(200ms);
  }
  CHECK(refused == 20);
  CHECK(handled == 80);
  CHECK(log.get<kit::decision_log>()->decisions().at(0).text() ==
        "deadline refused_hopeless: 50 ms are left, nine of ten calls take 200 ms or more");
}

TEST_CASE_FIXTURE(fixture, "deadline: the share is turned at run time") {
  learn();
  limits.set({.max_refused = 0.99});
  CHECK(ask(50ms).pending());
  for (int i = 0; i < 10; ++i)
    CHECK(ask(50ms).error().refused());
  limits.set({.max_refused = 0});
  CHECK(ask(50ms).pending());
  CHECK_THROWS_AS(limits.set({.max_refused = 1}), kit::error);  // none would tell of better times
}

TEST_CASE_FIXTURE(fixture, "deadline: calls that fail tell nothing, and few calls too little") {
  for (int i = 0; i < 15; ++i)
    (void)loop.start(call.try_call(test::request{"slow"}));
  loop.advance(200ms);
  for (int i = 0; i < 100; ++i)
    (void)loop.start(call.try_call(test::request{"error"}));
  limits.set({.max_refused = 0.99});
  CHECK(ask(1ms).pending());
}

TEST_CASE_FIXTURE(fixture, "deadline: each endpoint has its own estimate") {
  const deadline layer({.limits = deadline_limits{.max_refused = 0.99}});
  const auto slow = kit::chain(layer)(test::endpoint(test::handle), "slow");
  call = kit::chain(layer)(test::endpoint(test::handle), "quick");
  for (int i = 0; i < 80; ++i)
    (void)loop.start(slow.try_call(test::request{"slow"}));
  loop.advance(200ms);
  CHECK(ask(1ms, "").value());
}

TEST_CASE("recent_quantile: against sorting the latest") {
  kit::random_source random(3);
  for (const double q : {0.0, 0.1, 0.5, 0.95, 1.0}) {
    recent_quantile quantile(q);
    std::vector<duration> all;
    for (int i = 0; i < 1024; ++i) {
      all.push_back(std::chrono::microseconds(random.below(100'000)));
      quantile.add(all.back());
      if (all.size() < recent_quantile::enough) {
        CHECK_FALSE(quantile.value());
      } else if (all.size() % recent_quantile::kept == 0) {
        std::vector<duration> latest(all.end() - recent_quantile::kept, all.end());
        std::ranges::sort(latest);
        const auto rank = static_cast<std::size_t>(std::lround(q * (recent_quantile::kept - 1)));
        CHECK(quantile.value() == latest[rank]);
      }
    }
  }
}
