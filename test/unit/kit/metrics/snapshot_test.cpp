#include <kit/metrics/snapshot.hpp>

#include <cmath>
#include <cstdint>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using kit::metrics::explicit_counts;
using kit::metrics::exponential_counts;
using kit::metrics::family;
using kit::metrics::histogram_data;
using kit::metrics::snapshot;

namespace {

histogram_data of(explicit_counts buckets) {
  histogram_data h;
  for (const auto n : buckets.counts)
    h.count += n;
  h.buckets = std::move(buckets);
  return h;
}
histogram_data of(exponential_counts buckets) {
  histogram_data h;
  h.count = buckets.zero_count + buckets.overflow;
  for (const auto n : buckets.counts)
    h.count += n;
  h.buckets = std::move(buckets);
  return h;
}

}  // namespace

TEST_CASE("snapshot: an empty histogram has no quantiles [metrics/generic:8]") {
  CHECK(histogram_data().quantile(0.5) == -1);
  CHECK(of(explicit_counts{{1, 2}, {0, 0, 0}}).quantile(0.5) == -1);
  CHECK(histogram_data().mean() == 0);
}

TEST_CASE("snapshot: quantiles lie in their bucket, as far as its part says") {
  const auto h = of(explicit_counts{{10, 20, 40}, {10, 10, 20, 0}});
  CHECK(h.quantile(0) == 0);
  CHECK(h.quantile(0.125) == 5);
  CHECK(h.quantile(0.25) == 10);
  CHECK(h.quantile(0.375) == 15);
  CHECK(h.quantile(0.75) == 30);
  CHECK(h.quantile(1) == 40);
  CHECK(h.quantile(-3) == 0);
  CHECK(h.quantile(7) == 40);
}

TEST_CASE("snapshot: empty buckets between have no quantiles") {
  const auto h = of(explicit_counts{{10, 20, 30}, {1, 0, 1, 0}});
  CHECK(h.quantile(0.5) == 10);
  CHECK(h.quantile(0.75) == 25);
}

TEST_CASE("snapshot: what lies outside the bounds is known by minimum and maximum only") {
  auto h = of(explicit_counts{{10, 20}, {2, 0, 2}});
  CHECK(h.quantile(0.25) == 5);
  CHECK(h.quantile(1) == 20);
  h.min = -10;
  h.max = 100;
  CHECK(h.quantile(0) == -10);
  CHECK(h.quantile(0.25) == 0);
  CHECK(h.quantile(0.75) == 60);
  CHECK(h.quantile(1) == 100);
  auto below = of(explicit_counts{{-10, 20}, {2, 0, 0}});
  CHECK(below.quantile(0.5) == -10);
}

TEST_CASE("snapshot: minimum and maximum narrow any bucket") {
  auto h = of(explicit_counts{{10, 20}, {0, 4, 0}});
  h.min = 12;
  h.max = 16;
  CHECK(h.quantile(0) == 12);
  CHECK(h.quantile(0.5) == 14);
  CHECK(h.quantile(1) == 16);
  h.min = 17;  // read while values were added: still a value of the range
  CHECK(h.quantile(0.5) == 17);
}

TEST_CASE("snapshot: bounds of exponential buckets are powers of 2^(2^-scale)") {
  CHECK(exponential_counts{.scale = 0, .offset = 3}.lower_bound(0) == 8);
  CHECK(exponential_counts{.scale = 0, .offset = -1}.lower_bound(3) == 4);
  CHECK(exponential_counts{.scale = 1, .offset = 2}.lower_bound(0) == 2);
  CHECK(exponential_counts{.scale = 1, .offset = 1}.lower_bound(0) == std::sqrt(2.0));
  CHECK(exponential_counts{.scale = 1, .offset = -1}.lower_bound(0) == std::sqrt(0.5));
  CHECK(exponential_counts{.scale = -2, .offset = 1}.lower_bound(0) == 16);
  CHECK(exponential_counts{.scale = -2, .offset = -1}.lower_bound(0) == 1.0 / 16);
}

TEST_CASE("snapshot: downscaling merges pairs whose bounds stay") {
  for (const std::int32_t offset : {-7, -6, -1, 0, 1, 2, 5}) {
    CAPTURE(offset);
    exponential_counts fine{.scale = 3, .zero_count = 2, .offset = offset, .overflow = 3};
    for (std::uint64_t n = 1; n <= 20; ++n)
      fine.counts.push_back(n);
    for (const std::size_t most : {20U, 19U, 10U, 5U, 2U}) {
      CAPTURE(most);
      const auto coarse = fine.downscaled(most);
      CHECK(coarse.counts.size() <= most);
      CHECK(coarse.zero_count == 2);
      CHECK(coarse.overflow == 3);
      for (std::size_t i = 0; i < coarse.counts.size(); ++i) {
        std::uint64_t inside = 0;
        for (std::size_t j = 0; j < fine.counts.size(); ++j) {
          const bool here = fine.lower_bound(j) >= coarse.lower_bound(i) &&
                            fine.lower_bound(j + 1) <= coarse.lower_bound(i + 1);
          if (here) inside += fine.counts[j];
        }
        CHECK(coarse.counts[i] == inside);
      }
    }
    CHECK(fine.downscaled(20) == fine);
    CHECK(fine.downscaled(0).counts.size() <= 2);
  }
}

TEST_CASE("snapshot: exponential buckets as bounds") {
  const exponential_counts e{.scale = 0,
                             .zero_count = 2,
                             .zero_threshold = 0.25,
                             .offset = 1,
                             .counts = {3, 0, 4},
                             .overflow = 5,
                             .overflow_bound = 1024};
  CHECK(of(e).with_bounds() == explicit_counts{{0.25, 2, 4, 8, 16, 1024}, {2, 0, 3, 0, 4, 0, 5}});
  CHECK(of(exponential_counts{.scale = 0, .offset = 1, .counts = {3}}).with_bounds() ==
        explicit_counts{{2, 4}, {0, 3, 0}});
  CHECK(of(exponential_counts{}).with_bounds() == explicit_counts{{}, {0}});
  const explicit_counts plain{{1}, {2, 3}};
  CHECK(of(plain).with_bounds(1) == plain);
}

TEST_CASE("snapshot: quantiles of exponential buckets") {
  const auto h = of(exponential_counts{.scale = 0,
                                       .zero_count = 2,
                                       .zero_threshold = 0.5,
                                       .offset = 1,
                                       .counts = {4},
                                       .overflow = 2,
                                       .overflow_bound = 64});
  CHECK(h.quantile(0.125) == 0.25);
  CHECK(h.quantile(0.5) == std::sqrt(8.0));  // in the middle of 2 to 4, by factors
  CHECK(h.quantile(0.75) == 4);
  CHECK(h.quantile(1) == 64);
}

TEST_CASE("snapshot: trimming leaves out empty ends only") {
  exponential_counts e{.scale = 0, .offset = -2, .counts = {0, 0, 1, 0, 2, 0}};
  e.trim();
  CHECK(e.offset == 0);
  CHECK(e.counts == std::vector<std::uint64_t>{1, 0, 2});
  e.counts = {0, 0};
  e.trim();
  CHECK(e.counts.empty());
}

TEST_CASE("snapshot: finds metrics and points") {
  snapshot s;
  s.families = {family{.name = "a"}, family{.name = "c"}};
  s.families[0].points = {{.values = {"1", "2"}}, {.values = {"1", "3"}}};
  CHECK(s.find("c") == &s.families[1]);
  CHECK(s.find("b") == nullptr);
  CHECK(s.find("d") == nullptr);
  const std::vector<std::string_view> there{"1", "3"};
  const std::vector<std::string_view> not_there{"1"};
  CHECK(s.families[0].find(there) == &s.families[0].points[1]);
  CHECK(s.families[0].find(not_there) == nullptr);
}
