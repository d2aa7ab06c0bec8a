#include <kit/metrics/labelled.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/metrics/registry.hpp>
#include <kit/testing/metrics.hpp>

#include "refusal.hpp"

using kit::metrics::counter_family;
using kit::metrics::registry;
using kit::testing::value_in;
using test::refusal;

namespace {

template <class Family, class... Values>
concept can_make = requires(const Family& f, const Values&... v) { f.with(v...); };
template <class Family, class... Values>
concept can_remove = requires(const Family& f, const Values&... v) { f.remove(v...); };

}  // namespace

TEST_CASE(
    "labels: a wrong number of values does not compile [metrics/prometheus:5] [metrics/labels:2]") {
  using two = counter_family<2>;
  CHECK(can_make<two, std::string, std::string>);
  CHECK(can_make<two, const char*, bool>);
  CHECK(can_make<two, char[4], int>);
  CHECK_FALSE(can_make<two, std::string>);
  CHECK_FALSE(can_make<two, std::string, std::string, std::string>);
  CHECK_FALSE(can_make<two>);
  CHECK_FALSE(can_remove<two, std::string>);
}

TEST_CASE("labels: what is neither text nor an integer is no value") {
  using one = counter_family<1>;
  CHECK(can_make<one, std::string_view>);
  CHECK(can_make<one, std::uint64_t>);
  CHECK_FALSE(can_make<one, double>);
  CHECK_FALSE(can_make<one, char>);  // a letter, or a number?
  CHECK_FALSE(can_make<one, std::nullptr_t>);
}

TEST_CASE(
    "labels: the order in which they are named means nothing [metrics/labels:4] "
    "[metrics/prometheus:1]") {
  const registry r;
  const auto ab = r.counter({.name = "c"}, {"alpha", "beta"});
  const auto ba = r.counter({.name = "c"}, {"beta", "alpha"});
  ab.with("a", "b").add(1);
  ba.with("b", "a").add(2);
  const auto s = r.collect();
  REQUIRE(s.families.size() == 1);
  CHECK(s.families[0].labels == std::vector<std::string>{"alpha", "beta"});
  REQUIRE(s.families[0].points.size() == 1);
  CHECK(s.families[0].points[0].values == std::vector<std::string>{"a", "b"});
  CHECK(s.families[0].points[0].value == 3);
}

TEST_CASE(
    "labels: all are given at once, by the handle's family [metrics/labels:3] "
    "[metrics/prometheus:2]") {
  const registry r;
  const auto f = r.gauge({.name = "g"}, {"c", "a", "b"});
  f.with("3", "1", "2").set(7);
  CHECK(value_in(r.collect(), "g", {"1", "2", "3"}) == 7);
}

TEST_CASE(
    "labels: children are independent and start from zero [metrics/labels:1] [metrics/generic:4]") {
  const registry r;
  const auto f = r.gauge({.name = "g"}, {"x"});
  const auto one = f.with("1");
  one.set(5);
  const auto two = f.with("2");
  CHECK(two.value() == 0);  // not what another one had
  two.add(1);
  CHECK(one.value() == 5);
  CHECK(two.value() == 1);
}

TEST_CASE("labels: the same values give the same storage [metrics/generic:5]") {
  const registry r;
  const auto f = r.histogram({.name = "h"}, {"x"});
  const auto first = f.with("1");
  const auto second = f.with(std::string("1"));
  first.observe(1);
  second.observe(2);
  CHECK(first.data().count == 2);
}

TEST_CASE("labels: the name survives [metrics/generic:3]") {
  const registry r;
  r.counter({.name = "my_name"}, {"x"}).with("1").add(1);
  CHECK(r.collect().families.at(0).name == "my_name");
}

TEST_CASE("labels: label sets of one metric stay apart, and each adds up [metrics/labels:6]") {
  const registry r;
  const auto plain = r.counter({.name = "plain"});
  const auto f = r.counter({.name = "metric_one"}, {"a", "b"});
  for (int i = 0; i < 3; ++i) {
    plain.add(1);
    f.with(1, 2).add(10);
    f.with(1, 3).add(100);
  }
  const auto s = r.collect();
  CHECK(value_in(s, "plain") == 3);
  CHECK(value_in(s, "metric_one", {"1", "2"}) == 30);
  CHECK(value_in(s, "metric_one", {"1", "3"}) == 300);
}

TEST_CASE(
    "labels: each series that there is comes once, sorted; a metric without any doesn't "
    "[metrics/labels:5]") {
  const registry r;
  r.counter({.name = "unused"}, {"x"});
  const auto f = r.counter({.name = "c"}, {"x", "y"});
  for (const auto* x : {"b", "a", "b"}) {
    for (const auto* y : {"", "b", "a"})
      f.with(x, y);
  }
  const auto s = r.collect();
  REQUIRE(s.families.size() == 1);
  std::string order;
  for (const auto& p : s.families[0].points)
    order += p.values[0] + "," + p.values[1] + " ";
  CHECK(order == "a, a,a a,b b, b,a b,b ");
}

TEST_CASE("labels: numbers and bools become text") {
  const registry r;
  const auto f = r.counter({.name = "c"}, {"x"});
  f.with(true).add(1);
  f.with(false).add(2);
  f.with(404).add(3);
  f.with(std::numeric_limits<std::int64_t>::min()).add(4);
  f.with(std::numeric_limits<std::uint64_t>::max()).add(5);
  const auto s = r.collect();
  CHECK(value_in(s, "c", {"true"}) == 1);
  CHECK(value_in(s, "c", {"false"}) == 2);
  CHECK(value_in(s, "c", {"404"}) == 3);
  CHECK(value_in(s, "c", {"-9223372036854775808"}) == 4);
  CHECK(value_in(s, "c", {"18446744073709551615"}) == 5);
}

TEST_CASE("labels: values that are no UTF-8 become such") {
  const registry r;
  const auto f = r.counter({.name = "c"}, {"x"});
  f.with("\xc3\xa4").add(1);
  f.with("a\xff\xc3").add(2);
  f.with("a\xfe\xc4").add(3);  // the same now
  f.with(std::string("a\0b", 3)).add(4);
  const auto s = r.collect();
  CHECK(s.families.at(0).points.size() == 3);
  CHECK(value_in(s, "c", {"\xc3\xa4"}) == 1);
  CHECK(value_in(s, "c", {"a??"}) == 5);
  CHECK(value_in(s, "c", {std::string_view("a\0b", 3)}) == 4);
}

TEST_CASE("labels: wrong names are refused") {
  const registry r;
  for (const char* wrong : {"", "1", "a-b", "a:b", "__a", "\xc3\xa4"}) {
    CAPTURE(wrong);
    CHECK(refusal([&] { r.counter({.name = "c"}, {"good", wrong}); }) ==
          "invalid_argument: metric 'c': '" + std::string(wrong) + "' is no label name");
  }
  CHECK(refusal([&] { r.counter({.name = "c"}, {"a", "b", "a"}); }) ==
        "invalid_argument: metric 'c': label 'a' is there twice");
  for (const char* own : {"le", "quantile"}) {
    CHECK(refusal([&] { r.histogram({.name = "h"}, {own}); }) ==
          "invalid_argument: metric 'h': a histogram has a label '" + std::string(own) +
              "' of its own");
  }
  CHECK(refusal([&] { r.counter({.name = "c"}, {"le", "_a", "A1"}); }) == "");
}

TEST_CASE("labels: a series that was removed is gone; a new one starts from zero") {
  const registry r;
  const auto f = r.counter({.name = "c"}, {"x", "y"});
  const auto old = f.with("1", "2");
  old.add(5);
  CHECK_FALSE(f.remove("2", "1"));
  CHECK(f.remove("1", "2"));
  CHECK_FALSE(f.remove("1", "2"));
  CHECK(r.collect().families.empty());
  old.add(1);
  f.with("1", "2").add(2);
  CHECK(value_in(r.collect(), "c", {"1", "2"}) == 2);
}

TEST_CASE("labels: beyond the limit all count in one row, and a counter says how often") {
  const registry r({.max_series = 2});
  const auto f = r.counter({.name = "c"}, {"user", "path"});
  for (int user = 0; user < 5; ++user)
    f.with(user, "/").add(1);
  f.with(0, "/").add(10);  // is there already
  auto s = r.collect();
  CHECK(s.find("c")->points.size() == 3);
  CHECK(value_in(s, "c", {"/", "0"}) == 11);
  CHECK(value_in(s, "c", {"/", "1"}) == 1);
  CHECK(value_in(s, "c", {"other", "other"}) == 3);
  CHECK(value_in(s, "cokit_metrics_overflow_total", {"c"}) == 3);

  f.remove(0, "/");  // makes room
  f.with(7, "/").add(1);
  s = r.collect();
  CHECK(value_in(s, "c", {"/", "7"}) == 1);
  CHECK(value_in(s, "cokit_metrics_overflow_total", {"c"}) == 3);
}

TEST_CASE("labels: a metric may have a limit of its own; a series called other is the row") {
  const registry r({.max_series = 1});
  const auto f = r.histogram({.name = "h", .max_series = 2}, {"x"});
  f.with("other").observe(1);
  f.with("a").observe(2);
  f.with("b").observe(3);
  CHECK(f.with("other").data().count == 2);
  CHECK(r.collect().find("h")->points.size() == 2);
  CHECK(f.remove("other"));
  f.with("c").observe(4);
  CHECK(f.with("c").data().count == 1);
}
