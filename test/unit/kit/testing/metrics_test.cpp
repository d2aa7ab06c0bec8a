#include <kit/testing/metrics.hpp>

#include <algorithm>
#include <cmath>
#include <regex>
#include <set>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/metrics/registry.hpp>

using kit::metrics::registry;
using namespace kit::testing;

namespace {

// A counter that loses every tenth addition.
struct lossy {
  kit::metrics::counter inside;
  mutable int calls = 0;
  void add(double d) const {
    if (++calls % 10 != 0) inside.add(d);
  }
};

}  // namespace

TEST_CASE(
    "testing metrics: a counter gets different numbers below 100, at least one "
    "[metrics/teststat:1]") {
  kit::random_source random(1);
  for (int i = 0; i < 1'000; ++i) {
    const auto numbers = some_numbers(random);
    REQUIRE_FALSE(numbers.empty());
    const std::set<double> distinct(numbers.begin(), numbers.end());
    REQUIRE(distinct.size() == numbers.size());
    REQUIRE(*distinct.begin() >= 0);
    REQUIRE(*distinct.rbegin() <= 99);
  }
}

TEST_CASE("testing metrics: the counter check wants the exact sum [metrics/teststat:1]") {
  const registry r;
  const auto c = r.counter({.name = "c"});
  CHECK(check_counter(c, [&] { return c.value(); }) == "");
  const lossy l{r.counter({.name = "l"})};
  CHECK(check_counter(l, [&] { return l.inside.value(); }).starts_with("want "));
  CHECK(wrong_value(1.5, 2) == "want 1.5, have 2");
}

TEST_CASE("testing metrics: the gauge check takes the last value, or all [metrics/teststat:2]") {
  const registry r;
  const auto g = r.gauge({.name = "g"});
  CHECK(check_gauge(g, [&] { return std::vector{g.value()}; }) == "");
  auto reader = r.read_samples({.rate = [](auto, auto) { return 1.0; }});
  CHECK(check_gauge(g, [&] {
          auto values = reader.take().series.at(0).values;
          std::ranges::reverse(values);
          return values;
        }) == "");
  CHECK(check_gauge(g, [] { return std::vector<double>(); }) == "no value is shown");
  CHECK(check_gauge(g, [&] { return std::vector{g.value() + 1}; }).starts_with("want "));
  CHECK(wrong_gauge({1, 2}, {2, 2}) == "want 2 values, the last 2; have 2, not the same");
}

TEST_CASE(
    "testing metrics: the histogram check tells every miss in one message [metrics/teststat:3]") {
  const registry r;
  const auto h = r.histogram({.name = "h", .buckets = kit::metrics::exponential_buckets{}});
  CHECK(check_histogram(h, [&](double q) { return h.data().quantile(q); }) == "");
  const auto wrong =
      check_histogram(h, [&](double q) { return q > 0.92 ? 0 : h.data().quantile(q); });
  CHECK(wrong.starts_with("quantile 0.95: want 541.1"));
  CHECK(wrong.find("; quantile 0.99: want 558.1") != std::string::npos);
}

TEST_CASE("testing metrics: the normal distribution") {
  const normal n;
  CHECK(std::abs(n.quantile(0.5) - 500) < 1e-9);
  CHECK(std::abs(n.quantile(0.99) - 558.158697) < 1e-5);
  CHECK(std::abs(n.quantile(0.01) - 441.841303) < 1e-5);
  CHECK(std::abs(n.count_below(525) - 12'345 * 0.841344746) < 1e-3);
  kit::random_source random(7);
  const auto values = normal{.count = 1'000, .mean = 0, .deviation = 1}.values(random);
  CHECK(values.size() == 1'000);
  CHECK(std::ranges::min(values) == 0);
  CHECK(std::ranges::count(values, 0.0) > 400);
}

TEST_CASE("testing metrics: numbers in lines") {
  const std::string text = "a:1.5|c\nb:7|g\na:2|c|@0.5\n\na:-3|c";
  const std::string a = "a:([-0-9.]+)\\|c.*";
  CHECK(numbers_in_lines(text, a) == std::vector<double>{1.5, 2, -3});
  CHECK(sum_lines(text, a) == 0.5);
  CHECK(last_line(text, a) == -3);
  CHECK(quantile_of_lines(text, a, 0) == -3);
  CHECK(quantile_of_lines(text, a, 0.5) == 1.5);
  CHECK(quantile_of_lines(text, a, 1) == 2);
  CHECK(sum_lines(text, "x(.*)") == 0);
  CHECK_THROWS_AS(last_line(text, "x(.*)"), kit::error);
  CHECK_THROWS_AS(quantile_of_lines("", "x(.*)", 0.5), kit::error);
  CHECK_THROWS_AS(numbers_in_lines(text, "(.*)"), kit::error);
  CHECK_THROWS_AS(numbers_in_lines(text, "b:7\\|g"), kit::error);
  CHECK_THROWS_AS(numbers_in_lines(text, "("), std::regex_error);
}

TEST_CASE("testing metrics: values in a snapshot") {
  const registry r;
  r.counter({.name = "c"}, {"x"}).with(1).add(2);
  r.histogram({.name = "h"}).observe(3);
  const auto s = r.collect();
  CHECK(value_in(s, "c", {"1"}) == 2);
  CHECK(histogram_in(s, "h").sum == 3);
  try {
    value_in(s, "c", {"2"});
    FAIL("found");
  } catch (const kit::error& e) {
    CHECK(e.message() == "the snapshot has no series c 2");
  }
}
