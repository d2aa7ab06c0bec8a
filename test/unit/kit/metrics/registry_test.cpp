#include <kit/metrics/registry.hpp>

#include <array>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

using namespace std::chrono_literals;
using kit::metrics::metric_kind;
using kit::metrics::registry;

namespace {

std::string why(auto f) {
  try {
    f();
  } catch (const kit::error& e) {
    return std::string(name(e.code())) + ": " + std::string(e.message());
  }
  return "";
}

double value(const registry& r, std::string_view name, std::vector<std::string_view> labels = {}) {
  const auto s = r.collect();
  const auto* f = s.find(name);
  const auto* p = f ? f->find(labels) : nullptr;
  REQUIRE(p);
  return p->value;
}

template <class Family, class... Values>
concept can_make = requires(const Family& f, const Values&... v) { f.with(v...); };

}  // namespace

TEST_CASE("registry: a counter without labels is there at once, with 0") {
  const registry r;
  const auto c = r.counter({.name = "c_total", .help = "Things.", .unit = "things"});
  CHECK(value(r, "c_total") == 0);
  c.add();
  c.add(2.5);
  CHECK(c.value() == 3.5);
  const auto s = r.collect();
  REQUIRE(s.families.size() == 1);
  CHECK(s.families[0].kind == metric_kind::counter);
  CHECK(s.families[0].help == "Things.");
  CHECK(s.families[0].unit == "things");
  CHECK(s.families[0].points.at(0).value == 3.5);
}

TEST_CASE("registry: a counter only grows") {
  const registry r;
  const auto c = r.counter({.name = "c"});
  c.add(3);
  for (const double wrong :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    c.add(wrong);
    CHECK(c.value() == 3);
  }
}

TEST_CASE("registry: an up-down counter also shrinks, and takes finite numbers only") {
  const registry r;
  const auto c = r.up_down_counter({.name = "c"});
  c.add(3);
  c.subtract(5);
  c.add(std::numeric_limits<double>::infinity());
  c.add(std::numeric_limits<double>::quiet_NaN());
  CHECK(c.value() == -2);
  CHECK(r.collect().families.at(0).kind == metric_kind::up_down_counter);
}

TEST_CASE(
    "registry: another number of values than of labels does not compile [metrics/prometheus:5]") {
  using two = kit::metrics::counter_family<2>;
  CHECK(can_make<two, std::string, std::string>);
  CHECK(can_make<two, const char*, bool>);
  CHECK(can_make<two, char[4], int>);
  CHECK_FALSE(can_make<two, std::string>);
  CHECK_FALSE(can_make<two, std::string, std::string, std::string>);
  CHECK_FALSE(can_make<two>);
  CHECK_FALSE(can_make<two, double, std::string>);
  CHECK_FALSE(can_make<two, char, std::string>);
}

TEST_CASE("registry: the order in which labels are named means nothing [metrics/prometheus:1]") {
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
