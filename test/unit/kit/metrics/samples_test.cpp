#include <kit/metrics/samples.hpp>

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/metrics/registry.hpp>

#include "refusal.hpp"

using kit::metrics::label;
using kit::metrics::metric_kind;
using kit::metrics::registry;

namespace {

double all(std::string_view, metric_kind) {
  return 1;
}

}  // namespace

TEST_CASE("samples: a reader gets each value once, from when it began") {
  const registry r;
  const auto h = r.histogram(
      {.name = "h", .unit = "bytes", .buckets = kit::metrics::explicit_buckets{{1}}}, {"b", "a"});
  h.with("2", "1").observe(0);
  auto reader = r.read_samples({});
  h.with("2", "1").observe(1);
  h.with("2", "1").observe(2);
  h.with("3", "1").observe(3);
  const auto s = reader.take();
  REQUIRE(s.series.size() == 2);
  CHECK(s.series[0].name == "h");
  CHECK(s.series[0].kind == metric_kind::histogram);
  CHECK(s.series[0].unit == "bytes");
  CHECK(s.series[0].labels == std::vector<label>{{"a", "1"}, {"b", "2"}});
  CHECK(s.series[0].rate == 1);
  CHECK(s.series[0].values == std::vector<double>{1, 2});
  CHECK(s.series[1].values == std::vector<double>{3});
  CHECK(s.dropped == 0);
  CHECK(reader.take().series.empty());
  h.with("2", "1").observe(4);
  CHECK(reader.take().series.at(0).values == std::vector<double>{4});
}

TEST_CASE("samples: of gauges every value that they had, where wanted") {
  const registry r;
  const auto g = r.gauge({.name = "g"});
  auto histograms_only = r.read_samples({});
  auto reader = r.read_samples({.rate = all});
  g.set(9);
  g.set(8);
  g.add(3);
  CHECK(reader.take().series.at(0).values == std::vector<double>{9, 8, 11});
  CHECK(histograms_only.take().series.empty());
}

TEST_CASE("samples: counters have none") {
  const registry r;
  auto reader = r.read_samples({.rate = all});
  r.counter({.name = "c"}).add(1);
  r.up_down_counter({.name = "u"}).add(1);
  CHECK(reader.take().series.empty());
}

TEST_CASE("samples: rates are kept by metric, also for those that come later [metrics/labels:8]") {
  const registry r;
  const auto before = r.histogram({.name = "before"});
  const auto rate = [](std::string_view name, metric_kind) { return name == "never" ? 0.0 : 0.25; };
  auto reader = r.read_samples({.rate = rate, .random = kit::random_source(1)});
  const auto after = r.histogram({.name = "later"});
  const auto never = r.histogram({.name = "never"});
  for (int i = 0; i < 10'000; ++i) {
    before.observe(1);
    after.observe(1);
    never.observe(1);
  }
  const auto s = reader.take();
  REQUIRE(s.series.size() == 2);
  for (const auto& one : s.series) {
    CHECK(one.rate == 0.25);
    CHECK(std::abs(static_cast<double>(one.values.size()) - 2'500) < 200);
  }
  CHECK(before.data().count == 10'000);
}

TEST_CASE("samples: what there is no room for is counted") {
  const registry r;
  const auto h = r.histogram({.name = "h"});
  auto reader = r.read_samples({.capacity = 3});
  for (int i = 0; i < 5; ++i)
    h.observe(i);
  auto s = reader.take();
  CHECK(s.series.at(0).values == std::vector<double>{0, 1, 2});
  CHECK(s.dropped == 2);
  h.observe(7);
  s = reader.take();
  CHECK(s.series.at(0).values == std::vector<double>{7});
  CHECK(s.dropped == 0);
  CHECK(test::refusal([&] { r.read_samples({.capacity = 0}); }) ==
        "invalid_argument: sampling::capacity: is 0");
}

TEST_CASE("samples: several readers, each with its own; none after it ended") {
  const registry r;
  const auto h = r.histogram({.name = "h"});
  auto one = std::optional(r.read_samples({}));
  auto two = r.read_samples({});
  h.observe(1);
  CHECK(one->take().series.size() == 1);
  one.reset();
  h.observe(2);
  CHECK(two.take().series.at(0).values == std::vector<double>{1, 2});
}

TEST_CASE("samples: a series that was removed still hands over what it had") {
  const registry r;
  const auto f = r.histogram({.name = "h"}, {"x"});
  auto reader = r.read_samples({});
  f.with("1").observe(5);
  f.remove("1");
  CHECK(reader.take().series.at(0).values == std::vector<double>{5});
}
