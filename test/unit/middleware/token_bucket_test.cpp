#include <middleware/token_bucket.hpp>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/random.hpp>
#include <middleware/detail/keyed_buckets.hpp>

using namespace std::chrono_literals;
using kit::duration;
using kit::time_point;
using kit::middleware::token_bucket;
using kit::middleware::token_rate;

namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();
const time_point start{1h};

bool takes(token_bucket& b, time_point now, const token_rate& rate, double n = 1) {
  return b.take(now, rate, n, 0s).at.has_value();
}

}  // namespace

TEST_CASE("token_bucket: starts full and fills up again, to the burst [ratelimit:4]") {
  token_bucket b;
  const token_rate rate{.per_second = 10, .burst = 3};
  for (int i = 0; i < 3; ++i)
    CHECK(takes(b, start, rate));
  const auto refused = b.take(start, rate, 1, 0s);
  CHECK_FALSE(refused.at);
  CHECK(refused.wait == 100ms);
  CHECK(refused.tokens == 0);
  CHECK_FALSE(takes(b, start + 99ms, rate));
  CHECK(takes(b, start + 100ms, rate));
  CHECK_FALSE(takes(b, start + 100ms, rate));
  CHECK(b.tokens(start + 1h, rate) == 3);
  for (int i = 0; i < 3; ++i)
    CHECK(takes(b, start + 1h, rate));
  CHECK_FALSE(takes(b, start + 1h, rate));
}

TEST_CASE("token_bucket: a burst of 0 lets nothing through [ratelimit:4]") {
  token_bucket b;
  const auto refused = b.take(start, {.per_second = 10, .burst = 0}, 1, duration::max());
  CHECK_FALSE(refused.at);
  CHECK(refused.wait == duration::max());
  CHECK(takes(b, start, {.per_second = 10, .burst = 0}, 0));
}

TEST_CASE("token_bucket: at an infinite rate there is always a token [ratelimit:4]") {
  token_bucket b;
  for (int i = 0; i < 1000; ++i)
    CHECK(takes(b, start, {.per_second = infinite, .burst = 0}, 5));
}

TEST_CASE("token_bucket: at a rate of 0 the first burst passes and no more [ratelimit:4]") {
  token_bucket b;
  const token_rate rate{.per_second = 0, .burst = 2};
  CHECK(takes(b, start, rate));
  CHECK(takes(b, start, rate));
  const auto refused = b.take(start + 1000h, rate, 1, duration::max());
  CHECK_FALSE(refused.at);
  CHECK(refused.wait == duration::max());
}

TEST_CASE("token_bucket: tokens are taken in advance, in the order of asking [ratelimit:6]") {
  token_bucket b;
  const token_rate rate{.per_second = 10, .burst = 1};
  CHECK(b.take(start, rate, 1, 1s).wait == 0s);
  CHECK(b.take(start, rate, 1, 1s).at == start + 100ms);
  CHECK(b.take(start, rate, 1, 1s).at == start + 200ms);
  CHECK(b.take(start + 50ms, rate, 1, 1s).at == start + 300ms);
  CHECK(b.tokens(start + 50ms, rate) == doctest::Approx(-2.5));
  const auto refused = b.take(start + 50ms, rate, 1, 349ms);
  CHECK_FALSE(refused.at);
  CHECK(refused.wait == 350ms);
}

TEST_CASE("token_bucket: a token is given back as far as nobody counts on it [ratelimit:5]") {
  const token_rate rate{.per_second = 10, .burst = 1};
  SUBCASE("the last one's, wholly") {
    token_bucket b;
    (void)b.take(start, rate, 1, 1s);
    const auto mine = b.take(start, rate, 1, 1s);
    b.give_back(start + 10ms, rate, 1, *mine.at);
    CHECK(b.take(start + 10ms, rate, 1, 1s).at == start + 100ms);
  }
  SUBCASE("not one after which somebody has asked") {
    token_bucket b;
    (void)b.take(start, rate, 1, 1s);
    const auto mine = b.take(start, rate, 1, 1s);
    const auto other = b.take(start, rate, 1, 1s);
    b.give_back(start + 10ms, rate, 1, *mine.at);
    CHECK(other.at == start + 200ms);
    CHECK(b.take(start + 10ms, rate, 1, 1s).at == start + 300ms);
  }
  SUBCASE("several in a row, each wholly") {
    token_bucket b;
    (void)b.take(start, rate, 1, 1s);
    const auto first = b.take(start, rate, 1, 1s);
    const auto second = b.take(start, rate, 1, 1s);
    b.give_back(start, rate, 1, *second.at);
    b.give_back(start, rate, 1, *first.at);
    CHECK(b.take(start, rate, 1, 1s).at == start + 100ms);
  }
  SUBCASE("not one whose time has come") {
    token_bucket b;
    const auto mine = b.take(start, rate, 1, 1s);
    b.give_back(start, rate, 1, *mine.at);
    CHECK_FALSE(takes(b, start, rate));
  }
}

TEST_CASE("token_bucket: a change of the rate leaves the tokens there, and counts from then on") {
  token_bucket b;
  CHECK(takes(b, start, {.per_second = 1.0 / 60, .burst = 1}));
  CHECK_FALSE(takes(b, start, {.per_second = 100, .burst = 10}));
  CHECK(takes(b, start + 10ms, {.per_second = 100, .burst = 10}));
  CHECK(b.tokens(start + 1s, {.per_second = 0, .burst = 5}) < 1);
}

TEST_CASE("token_bucket: time that runs backwards gives nothing away") {
  token_bucket b;
  const token_rate rate{.per_second = 10, .burst = 1};
  CHECK(takes(b, start, rate));
  CHECK_FALSE(takes(b, start - 1h, rate));
  CHECK_FALSE(takes(b, start + 99ms, rate));
  CHECK(takes(b, start + 100ms, rate));
}

TEST_CASE("token_bucket: what no rate can be") {
  for (const double bad : {-1.0, std::nan("")}) {
    CHECK_THROWS_AS(require_valid(token_rate{.per_second = bad}), kit::error);
    CHECK_THROWS_AS(require_valid(token_rate{.burst = bad}), kit::error);
  }
}

// In no span of time do more pass than a burst and what comes meanwhile; who is refused is told
// when exactly he would have passed.
TEST_CASE("token_bucket: random calls against what the limit means") {
  kit::random_source random(7);
  for (int round = 0; round < 200; ++round) {
    CAPTURE(round);
    const token_rate rate{.per_second = random.uniform(0.5, 2000),
                          .burst = static_cast<double>(1 + random.below(20))};
    token_bucket b;
    time_point now = start;
    std::vector<std::pair<time_point, double>> passed;
    for (int i = 0; i < 60; ++i) {
      now += std::chrono::microseconds(random.below(3) == 0 ? random.below(2'000'000)
                                                            : random.below(2'000));
      const double n = static_cast<double>(1 + random.below(3));
      const auto max_wait = std::chrono::milliseconds(random.below(2) * random.below(500));
      auto before = b;
      const auto a = b.take(now, rate, n, max_wait);
      if (a.at) {
        CHECK(a.wait <= max_wait);
        if (random.below(4) == 0 && *a.at > now) {
          b.give_back(now, rate, n, *a.at);
        } else {
          passed.emplace_back(*a.at, n);
        }
      } else if (n <= rate.burst) {
        CHECK(before.take(now + a.wait, rate, n, 0s).at);
        CHECK_FALSE(token_bucket(b).take(now + a.wait - 1us, rate, n, 0s).at);
      }
    }
    for (std::size_t i = 0; i < passed.size(); ++i) {
      double sum = 0;
      for (std::size_t k = i; k < passed.size(); ++k) {
        sum += passed[k].second;
        const std::chrono::duration<double> span = passed[k].first - passed[i].first;
        CHECK(sum <= rate.burst + span.count() * rate.per_second + 1e-4);
      }
    }
  }
}

TEST_CASE("keyed_buckets: each key has its own, and idle ones make room for new ones") {
  const token_rate rate{.per_second = 1, .burst = 1};
  kit::middleware::detail::keyed_buckets all(64, kit::random_source(1));
  const auto takes = [&](const std::string& key, time_point now) {
    return all.with(key, now, rate, [&](token_bucket& b) { return ::takes(b, now, rate); });
  };
  CHECK(takes("a", start));
  CHECK_FALSE(takes("a", start));
  CHECK(takes("b", start));
  for (int i = 0; i < 10'000; ++i)
    CHECK(takes("other " + std::to_string(i), start + 10s));
  CHECK(takes("a", start + 10s));
}

TEST_CASE("keyed_buckets: keys that differ little have different buckets") {
  const token_rate rate{.per_second = 0, .burst = 1};
  kit::middleware::detail::keyed_buckets all(100'000, kit::random_source(3));
  const auto takes = [&](const std::string& key) {
    return all.with(key, start, rate, [&](token_bucket& b) { return ::takes(b, start, rate); });
  };
  std::string key;
  for (int i = 0; i < 300; ++i) {
    CHECK(takes(key));
    CHECK(takes(key + "1"));
    CHECK_FALSE(takes(key));
    key += 'x';
  }
}
