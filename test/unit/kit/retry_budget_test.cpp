#include <kit/retry_budget.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/random.hpp>

using namespace std::chrono_literals;
using kit::retry_budget;
using kit::retry_budget_limits;
using kit::retry_window;
using kit::time_point;

TEST_CASE("retry_budget: a share of the calls, and a floor for those who make few") {
  const time_point now(1h);
  SUBCASE("the share") {
    const retry_budget b(retry_budget_limits{.ratio = 0.1, .min_per_second = 0});
    CHECK_FALSE(b.take(now));
    for (int i = 0; i < 25; ++i)
      b.add_call(now);
    CHECK(b.take(now));
    CHECK(b.take(now));
    CHECK_FALSE(b.take(now));
    b.give_back(now);
    CHECK(b.take(now));
    CHECK_FALSE(b.take(now + 9s));
    CHECK_FALSE(b.take(now + 10s));  // the calls have slid out, too
  }
  SUBCASE("the floor") {
    const retry_budget b(retry_budget_limits{.ratio = 0, .min_per_second = 0.5});
    for (int i = 0; i < 5; ++i)
      CHECK(b.take(now));
    CHECK_FALSE(b.take(now));
    CHECK(b.take(now + 10s));
  }
}

TEST_CASE("retry_budget: its limits are turned at run time") {
  const kit::setting<retry_budget_limits> limits(
      retry_budget_limits{.ratio = 0, .min_per_second = 0});
  const retry_budget b(limits), same = b;
  CHECK_FALSE(b.take({}));
  limits.set({.ratio = 0, .min_per_second = 1});
  CHECK(same.take({}));
  CHECK_THROWS_AS(limits.set({.ratio = -1}), kit::error);
  CHECK_THROWS_AS(limits.set({.min_per_second = -1}), kit::error);
}

TEST_CASE("retry_window: random calls against a list of them") {
  kit::random_source random(2);
  for (int round = 0; round < 100; ++round) {
    CAPTURE(round);
    const retry_budget_limits limits{.ratio = random.uniform(0, 1),
                                     .min_per_second = random.uniform(0, 1)};
    retry_window window;
    std::deque<time_point> calls, retries;
    time_point now(std::chrono::seconds(random.below(100)));
    for (int i = 0; i < 300; ++i) {
      now += std::chrono::milliseconds(random.below(i % 50 == 0 ? 20'000 : 200));
      const auto second = [](time_point t) {
        return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch());
      };
      for (auto* all : {&calls, &retries}) {
        while (!all->empty() && second(all->front()) <= second(now) - 10s)
          all->pop_front();
      }
      if (random.below(3)) {
        window.add_call(now);
        calls.push_back(now);
      } else {
        const double left = static_cast<double>(calls.size()) * limits.ratio +
                            10 * limits.min_per_second - static_cast<double>(retries.size());
        CHECK(window.left(now, limits) == doctest::Approx(left));
        if (window.take(now, limits)) {
          CHECK(left > 1 - 1e-6);
          retries.push_back(now);
        } else {
          CHECK(left < 1);
        }
      }
    }
  }
}

TEST_CASE("retry_budget: from several threads") {
  const retry_budget b(retry_budget_limits{.ratio = 0.5, .min_per_second = 0});
  std::vector<std::thread> threads;
  std::atomic<int> taken = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        b.add_call(time_point(1h));
        if (b.take(time_point(1h))) ++taken;
      }
    });
  }
  for (auto& t : threads)
    t.join();
  CHECK(taken <= 2000);
  CHECK(taken >= 1990);
}
