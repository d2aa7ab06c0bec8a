#include <kit/metrics/histogram.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/metrics/detail/histograms.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/testing/metrics.hpp>

using namespace std::chrono_literals;
using kit::metrics::explicit_buckets;
using kit::metrics::explicit_counts;
using kit::metrics::exponential_buckets;
using kit::metrics::exponential_counts;
using kit::metrics::histogram;
using kit::metrics::registry;

namespace {

histogram make(kit::metrics::bucket_layout buckets) {
  return registry().histogram({.name = "h", .buckets = std::move(buckets)});
}

std::vector<std::uint64_t> counts(const histogram& h) {
  return std::get<explicit_counts>(h.data().buckets).counts;
}
exponential_counts powers(const histogram& h) {
  return std::get<exponential_counts>(h.data().buckets);
}

}  // namespace

TEST_CASE("histogram: an upper bound belongs to its bucket") {
  const auto h = make(explicit_buckets{{1, 2, 4}});
  for (const double v : {-5.0, 0.0, 1.0, std::nextafter(1.0, 2.0), 2.0, 4.0, 4.5, 1e300})
    h.observe(v);
  CHECK(counts(h) == std::vector<std::uint64_t>{3, 2, 1, 2});
  const auto d = h.data();
  CHECK(d.count == 8);
  CHECK(d.min == -5.0);
  CHECK(d.max == 1e300);
}

TEST_CASE("histogram: any number of bounds finds the bucket") {
  for (std::size_t n = 1; n <= 100; ++n) {
    CAPTURE(n);
    const auto h = make(kit::metrics::linear_buckets(0, 1, n));
    for (std::size_t i = 0; i <= n; ++i)
      h.observe(static_cast<double>(i) - 0.5);
    h.observe(0);
    std::vector<std::uint64_t> want(n + 1, 1);
    want[0] = 2;
    CHECK(counts(h) == want);
  }
}

TEST_CASE("histogram: values that are not finite don't count") {
  for (const auto& h : {make(explicit_buckets{{1}}), make(exponential_buckets{})}) {
    h.observe(std::numeric_limits<double>::quiet_NaN());
    h.observe(std::numeric_limits<double>::infinity());
    h.observe(-std::numeric_limits<double>::infinity(), {{"id", "1"}});
    const auto d = h.data();
    CHECK(d.count == 0);
    CHECK(d.sum == 0);
    CHECK_FALSE(d.min);
    CHECK(d.exemplars.empty());
  }
}

TEST_CASE("histogram: sum, minimum and maximum") {
  const auto h = make(exponential_buckets{});
  CHECK_FALSE(h.data().min);
  h.observe(3);
  CHECK(h.data().min == 3.0);
  CHECK(h.data().max == 3.0);
  h.observe(-1);
  h.observe(8);
  const auto d = h.data();
  CHECK(d.sum == 10);
  CHECK(d.min == -1.0);
  CHECK(d.max == 8.0);
  CHECK(d.mean() == 10.0 / 3);
}

TEST_CASE("histogram: quantiles of a normal distribution, from any buckets [metrics/generic:6]") {
  const auto exponential = make(exponential_buckets{});
  CHECK(kit::testing::check_histogram(
            exponential, [&](double q) { return exponential.data().quantile(q); }) == "");
  const auto linear = make(kit::metrics::linear_buckets(400, 10, 21));
  CHECK(kit::testing::check_histogram(linear,
                                      [&](double q) { return linear.data().quantile(q); }) == "");
}

TEST_CASE(
    "histogram: exponential buckets in place of adaptive bins: two values are told apart "
    "[metrics/generic:9]") {
  const auto h = make(exponential_buckets{});
  h.observe(10);
  h.observe(50);
  CHECK(std::abs(h.data().quantile(0.5) - 10) < 0.11);
  CHECK(std::abs(h.data().quantile(0.9) - 50) < 0.55);
}

TEST_CASE("histogram: an exponential quantile is off by 1.1 % at most, whatever the values are") {
  const auto h = make(exponential_buckets{});
  std::vector<double> values;
  kit::random_source random(5);
  for (int i = 0; i < 999; ++i)
    values.push_back(std::exp2(std::floor(random.uniform(-20, 20))) * random.uniform(1, 1.2));
  for (const double v : values)
    h.observe(v);
  std::ranges::sort(values);
  const auto d = h.data();
  for (std::size_t i = 1; i <= values.size(); ++i) {
    const double have = d.quantile(static_cast<double>(i) / 999);
    CHECK(std::abs(have / values[i - 1] - 1) < 0.011);
  }
}

TEST_CASE("histogram: exponential bounds belong to the bucket below, at every scale") {
  for (int scale = 0; scale <= 8; ++scale) {
    CAPTURE(scale);
    const auto n = std::int32_t{1} << scale;
    const exponential_buckets options{.scale = scale, .min_exponent = -3, .max_exponent = 3};
    const exponential_counts all{.scale = scale, .offset = -3 * n};
    for (std::int32_t i = 0; i < 6 * n; ++i) {
      const auto h = make(options);
      const auto index = static_cast<std::size_t>(i);
      const double upper = all.lower_bound(index + 1);
      h.observe(upper);
      h.observe(std::nextafter(all.lower_bound(index), HUGE_VAL));
      const auto e = powers(h);
      REQUIRE(e.offset == all.offset + i);
      REQUIRE(e.counts == std::vector<std::uint64_t>{2});
    }
  }
}

TEST_CASE("histogram: outside the range only the number is known") {
  const auto h = make(exponential_buckets{.scale = 2, .min_exponent = -3, .max_exponent = 4});
  for (const double v : {-7.0, 0.0, 1e-320, 0.125})
    h.observe(v);
  h.observe(std::nextafter(0.125, 1));
  h.observe(16);
  for (const double v : {std::nextafter(16.0, 17.0), 1e308})
    h.observe(v);
  const auto e = powers(h);
  CHECK(e.zero_count == 4);
  CHECK(e.zero_threshold == 0.125);
  CHECK(e.overflow == 2);
  CHECK(e.overflow_bound == 16);
  CHECK(e.counts.size() == 28);
  CHECK(e.counts.front() == 1);
  CHECK(e.counts.back() == 1);
  CHECK(h.data().count == 8);
}

TEST_CASE("histogram: the widest range there is") {
  const auto h = make(exponential_buckets{.scale = 8, .min_exponent = -1022, .max_exponent = 1023});
  const double largest = std::ldexp(1.0, 1023);
  const double smallest = std::nextafter(std::numeric_limits<double>::min(), 1);
  h.observe(largest);
  h.observe(smallest);
  const auto e = powers(h);
  CHECK(e.counts.size() == 2045 * 256);
  CHECK(e.counts.front() + e.counts.back() == 2);
  CHECK(h.data().quantile(0) == smallest);
  CHECK(h.data().quantile(1) == largest);
}

TEST_CASE("histogram: series of bounds") {
  CHECK(kit::metrics::linear_buckets(1, 2, 3).bounds == std::vector<double>{1, 3, 5});
  CHECK(kit::metrics::geometric_buckets(1, 10, 4).bounds == std::vector<double>{1, 10, 100, 1000});
  CHECK(kit::metrics::latency_buckets().bounds.size() == 14);
  CHECK_THROWS_AS(kit::metrics::linear_buckets(1, 0, 3), kit::error);
  CHECK_THROWS_AS(kit::metrics::linear_buckets(1, 1, 0), kit::error);
  CHECK_THROWS_AS(kit::metrics::linear_buckets(1, 1, 1'000'000'000'000), kit::error);
  CHECK_THROWS_AS(kit::metrics::geometric_buckets(0, 2, 3), kit::error);
  CHECK_THROWS_AS(kit::metrics::geometric_buckets(1, 1, 3), kit::error);
  CHECK_THROWS_AS(kit::metrics::geometric_buckets(1e300, 1e10, 3), kit::error);
}

TEST_CASE("histogram: each bucket keeps its newest exemplar") {
  auto now = kit::metrics::wall_time(100s);
  const registry r({.now = [&] { return now; }});
  const auto h = r.histogram({.name = "h", .buckets = explicit_buckets{{1, 2}}});
  h.observe(1.5, {{"id", "old"}});
  h.observe(5, {{"id", "high"}});
  now += 1s;
  h.observe(1.7, {{"id", "new"}});
  h.observe(0.5);
  const auto e = h.data().exemplars;
  REQUIRE(e.size() == 2);
  CHECK(e[0] == kit::metrics::exemplar{{{"id", "new"}}, 1.7, kit::metrics::wall_time(101s)});
  CHECK(e[1].labels == std::vector<kit::metrics::label>{{"id", "high"}});
  CHECK(h.data().count == 4);
}

TEST_CASE("histogram: an exponential one keeps an exemplar for each power of two") {
  const auto h = make(exponential_buckets{.min_exponent = -2, .max_exponent = 4});
  for (const double v : {-1.0, 0.25, 1.5, 1.6, 2.0, 3.0, 16.0, 17.0, 18.0})
    h.observe(v, {{"id", "x"}});
  std::vector<double> kept;
  for (const auto& e : h.data().exemplars)
    kept.push_back(e.value);
  CHECK(kept == std::vector<double>{0.25, 2, 3, 16, 18});
}

TEST_CASE("histogram: exemplars that OpenMetrics does not allow are left out, the value counts") {
  const auto h = make(explicit_buckets{{1}});
  h.observe(1, {{"id", std::string(126, 'x')}});
  CHECK(h.data().exemplars.size() == 1);
  const auto other = make(explicit_buckets{{1}});
  other.observe(1, {{"id", std::string(127, 'x')}});
  other.observe(1, {{"no name", "x"}});
  other.observe(1, {{"a", "x"}, {"a", "y"}});
  other.observe(1, {{"a", "\xff"}});
  CHECK(other.data().count == 4);
  CHECK(other.data().exemplars.empty());
}

TEST_CASE("histogram: a sampled span is an exemplar, another one is not") {
  kit::tracing::span_context span{.trace_id = {0x0af7651916cd43dd, 0x8448eb211c80319c},
                                  .span_id = {0xb7ad6b7169203331},
                                  .flags = kit::tracing::trace_flags::sampled};
  const auto h = make(explicit_buckets{{1}});
  h.observe(2, span);
  REQUIRE(h.data().exemplars.size() == 1);
  CHECK(h.data().exemplars[0].labels ==
        std::vector<kit::metrics::label>{{"trace_id", "0af7651916cd43dd8448eb211c80319c"},
                                         {"span_id", "b7ad6b7169203331"}});
  span.flags = {};
  h.observe(0.5, span);
  h.observe(0.5, kit::tracing::span_context());
  CHECK(h.data().exemplars.size() == 1);
  CHECK(h.data().count == 3);
}
