#include <kit/constraints/rules.hpp>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <kit/constraints.hpp>

using namespace std::chrono_literals;

namespace {

enum class color { red, green, blue };

/// One constraint of one field; `Rule` makes it.
template <class V, auto Rule>
struct holder {
  V value = {};
};

/// What is wrong with the value, in words; nothing: "".
template <auto Rule, class V>
std::string wrong(V value) {
  return kit::check(holder<V, Rule>{std::move(value)}).text(1);
}

bool is_even(const int& n) {
  return n % 2 == 0;
}

/// A constraint of somebody's own.
struct divides {
  int number;
  bool holds(const int& v) const { return v != 0 && number % v == 0; }
  std::string wanted() const { return "a divisor of " + std::to_string(number); }
  static std::string got(const int& v) { return "the number " + std::to_string(v); }
};

}  // namespace

template <class V, auto Rule>
struct kit::constraints<holder<V, Rule>> {
  static constexpr auto fields = kit::constrain(kit::field<&holder<V, Rule>::value>(Rule()));
};

TEST_CASE("constraints: numbers in a range") {
  constexpr auto one_to_five = [] { return kit::range(1, 5); };
  CHECK(wrong<one_to_five>(1) == "");
  CHECK(wrong<one_to_five>(5) == "");
  CHECK(wrong<one_to_five>(0) == "value: expected 1 to 5, got 0");
  CHECK(wrong<one_to_five>(6U) == "value: expected 1 to 5, got 6");
  CHECK(wrong<one_to_five>(std::uint64_t{1} << 63) ==
        "value: expected 1 to 5, got 9223372036854775808");
  CHECK(wrong<one_to_five>(std::int8_t{-1}) == "value: expected 1 to 5, got -1");
  CHECK(wrong<one_to_five>(5.0) == "");
  CHECK(wrong<one_to_five>(5.5) == "value: expected 1 to 5, got 5.5");
  CHECK(wrong<one_to_five>(std::nan("")) == "value: expected 1 to 5, got nan");
  CHECK(wrong<one_to_five>(std::numeric_limits<double>::infinity()) ==
        "value: expected 1 to 5, got inf");
  constexpr auto negative = [] { return kit::at_least(-1); };
  CHECK(wrong<negative>(0U) == "");  // compared as numbers, not as unsigned ones
  CHECK(wrong<negative>(-2) == "value: expected at least -1, got -2");
}

TEST_CASE("constraints: numbers with one limit, and limits that are none of them") {
  CHECK(wrong<[] { return kit::at_most(3); }>(3) == "");
  CHECK(wrong<[] { return kit::at_most(3); }>(4) == "value: expected at most 3, got 4");
  CHECK(wrong<[] { return kit::above(0); }>(1) == "");
  CHECK(wrong<[] { return kit::above(0); }>(0) == "value: expected more than 0, got 0");
  CHECK(wrong<[] { return kit::above(0.0); }>(1e-300) == "");
  CHECK(wrong<[] { return kit::below(1.5); }>(1.5) == "value: expected less than 1.5, got 1.5");
  CHECK(wrong<[] { return kit::below(1.5); }>(1) == "");
  CHECK(wrong<[] { return kit::below(1.5); }>(2) == "value: expected less than 1.5, got 2");
  CHECK(wrong<[] { return kit::at_least(0.1); }>(0.1F) == "");
  CHECK(wrong<[] { return kit::at_most(0.1); }>(0.1F) == "");
  CHECK(wrong<[] { return kit::above(0.1); }>(0.1F) == "value: expected more than 0.1, got 0.1");
}

TEST_CASE("constraints: durations") {
  constexpr auto rule = [] { return kit::range(1s, 2min); };
  CHECK(wrong<rule>(2000ms) == "");
  CHECK(wrong<rule>(120'000ms) == "");
  CHECK(wrong<rule>(999ms) == "value: expected 1s to 120s, got 0.999s");
  CHECK(wrong<rule>(3min) == "value: expected 1s to 120s, got 180s");
}

TEST_CASE("constraints: multiples") {
  constexpr auto of_five = [] { return kit::multiple_of(5); };
  CHECK(wrong<of_five>(-10) == "");
  CHECK(wrong<of_five>(0U) == "");
  CHECK(wrong<of_five>(7) == "value: expected a multiple of 5, got 7");
  CHECK(wrong<of_five>(std::int8_t{-128}) == "value: expected a multiple of 5, got -128");
  CHECK(wrong<of_five>(std::numeric_limits<std::uint64_t>::max()) == "");
  CHECK(wrong<[] { return kit::multiple_of(1000); }>(std::int8_t{100}) ==
        "value: expected a multiple of 1000, got 100");
  constexpr auto huge = [] { return kit::multiple_of(std::uint64_t{1} << 63); };
  CHECK(wrong<huge>(std::int64_t{0}) == "");
  CHECK(wrong<huge>(std::int64_t{8}) != "");
  constexpr auto cents = [] { return kit::multiple_of(0.01); };
  CHECK(wrong<cents>(19.99) == "");
  CHECK(wrong<cents>(1e9 + 0.07) == "");
  CHECK(wrong<cents>(0.015) == "value: expected a multiple of 0.01, got 0.015");
  CHECK(wrong<cents>(3) == "");
  CHECK(wrong<cents>(std::numeric_limits<double>::infinity()) != "");
  CHECK(wrong<cents>(std::nan("")) != "");
}

TEST_CASE("constraints: the length of a text is in code points") {
  constexpr auto rule = [] { return kit::length(2, 3); };
  CHECK(wrong<rule>(std::string("ab")) == "");
  CHECK(wrong<rule>(std::string("äöü")) == "");
  CHECK(wrong<rule>(std::string("\xf0\x9f\x8d\xb5\xf0\x9f\x8d\xb5\xf0\x9f\x8d\xb5")) == "");
  CHECK(wrong<rule>(std::string("a")) == "value: expected 2 to 3 characters, got 1 character");
  CHECK(wrong<rule>(std::string("ä")) == "value: expected 2 to 3 characters, got 1 character");
  CHECK(wrong<rule>(std::string("äöüß")) == "value: expected 2 to 3 characters, got 4 characters");
  CHECK(wrong<rule>(std::string("\xff\xc3")) == "");  // two bytes that are nothing
  CHECK(wrong<[] { return kit::length(2, 2); }>(std::string()) ==
        "value: expected 2 characters, got 0 characters");
  CHECK(wrong<[] { return kit::min_length(1); }>(std::string()) ==
        "value: expected at least 1 character, got 0 characters");
  CHECK(wrong<[] { return kit::max_length(1); }>(std::string("ab")) ==
        "value: expected at most 1 character, got 2 characters");
}

TEST_CASE("constraints: not empty, and the number of elements") {
  constexpr auto rule = [] { return kit::not_empty(); };
  CHECK(wrong<rule>(std::string("a")) == "");
  CHECK(wrong<rule>(std::string()) == R"(value: expected something that isn't empty, got "")");
  CHECK(wrong<rule>(std::vector<int>{1}) == "");
  CHECK(wrong<rule>(std::map<int, int>()) ==
        "value: expected something that isn't empty, got 0 items");
  constexpr auto few = [] { return kit::items(1, 2); };
  CHECK(wrong<few>(std::set{1, 2}) == "");
  CHECK(wrong<few>(std::vector<bool>(3)) == "value: expected 1 to 2 items, got 3 items");
  CHECK(wrong<[] { return kit::min_items(3); }>(std::array{1, 2}) ==
        "value: expected at least 3 items, got 2 items");
  CHECK(wrong<[] { return kit::max_items(1); }>(std::vector<std::byte>(2)) ==
        "value: expected at most 1 item, got 2 items");
}

TEST_CASE("constraints: items that differ") {
  constexpr auto rule = [] { return kit::unique_items(); };
  CHECK(wrong<rule>(std::vector<int>()) == "");
  CHECK(wrong<rule>(std::vector{3, 1, 2}) == "");
  CHECK(wrong<rule>(std::vector{3, 1, 2, 1}) ==
        "value: expected items that differ, got [1] and [3] alike");
  std::vector<std::string> many;
  many.reserve(1001);
  for (int i = 0; i < 1000; ++i)
    many.push_back(std::to_string(i * 7919 % 1000));
  CHECK(wrong<rule>(many) == "");
  many.push_back(many[17]);
  CHECK(wrong<rule>(many) == "value: expected items that differ, got [17] and [1000] alike");
  const double none = std::nan("");
  CHECK(wrong<rule>(std::vector{none, 1.0, none}) ==
        "value: expected items that differ, got [0] and [2] alike");
  std::vector<double> numbers(100, none);
  CHECK(wrong<rule>(numbers) != "");
}

TEST_CASE("constraints: one of some constants") {
  constexpr auto words = [] { return kit::one_of("red", "green"); };
  CHECK(wrong<words>(std::string("green")) == "");
  CHECK(wrong<words>(std::string("blue")) ==
        R"(value: expected one of "red", "green", got "blue")");
  constexpr auto numbers = [] { return kit::one_of(1, 2, -3); };
  CHECK(wrong<numbers>(2U) == "");
  CHECK(wrong<numbers>(4294967293U) == "value: expected one of 1, 2, -3, got 4294967293");
  CHECK(wrong<numbers>(2.0) == "");
  CHECK(wrong<numbers>(2.5) == "value: expected one of 1, 2, -3, got 2.5");
  constexpr auto colors = [] { return kit::one_of(color::red, color::blue); };
  CHECK(wrong<colors>(color::blue) == "");
  CHECK(wrong<colors>(color::green) == "value: expected one of red, blue, got green");
  CHECK(wrong<colors>(color{77}) == "value: expected one of red, blue, got 77");
  CHECK(wrong<[] { return kit::one_of("only"); }>(std::string("x")) ==
        R"(value: expected "only", got "x")");
}

TEST_CASE("constraints: optionals and pointers hold what holds, or are required") {
  constexpr auto rule = [] { return kit::at_least(1); };
  CHECK(wrong<rule>(std::optional<int>()) == "");
  CHECK(wrong<rule>(std::optional(1)) == "");
  CHECK(wrong<rule>(std::optional(0)) == "value: expected at least 1, got 0");
  CHECK(wrong<rule>(std::make_unique<int>(0)) == "value: expected at least 1, got 0");
  CHECK(wrong<rule>(std::shared_ptr<int>()) == "");
  constexpr auto there = [] { return kit::required(); };
  CHECK(wrong<there>(std::optional(0)) == "");
  CHECK(wrong<there>(std::optional<int>()) == "value: expected a value, got nothing");
  CHECK(wrong<there>(std::unique_ptr<int>()) == "value: expected a value, got nothing");
  CHECK(wrong<there>(std::variant<std::monostate, int>()) ==
        "value: expected a value, got nothing");
  CHECK(wrong<there>(std::variant<std::monostate, int>(1)) == "");
}

TEST_CASE("constraints: of elements, and of keys") {
  constexpr auto rule = [] { return kit::each(kit::not_empty(), kit::max_length(2)); };
  CHECK(wrong<rule>(std::vector<std::string>{"a", "bc"}) == "");
  CHECK(wrong<rule>(std::vector<std::string>{"a", "bcd"}) ==
        "value[1]: expected at most 2 characters, got 3 characters");
  CHECK(wrong<rule>(std::optional(std::vector<std::string>{""})) ==
        R"(value[0]: expected something that isn't empty, got "")");
  CHECK(wrong<rule>(std::vector<std::optional<std::string>>{std::nullopt, "abc"}) ==
        "value[1]: expected at most 2 characters, got 3 characters");
  CHECK(wrong<rule>(std::map<std::string, std::string>{{"k", "abc"}}) ==
        "value.k: expected at most 2 characters, got 3 characters");
  constexpr auto nested = [] { return kit::each(kit::max_items(2), kit::each(kit::above(0))); };
  CHECK(wrong<nested>(std::vector<std::vector<int>>{{1}, {1, 0}}) ==
        "value[1][1]: expected more than 0, got 0");
  constexpr auto keys = [] { return kit::keys(kit::max_length(3)); };
  CHECK(wrong<keys>(std::map<std::string, int>{{"abc", 1}}) == "");
  CHECK(wrong<keys>(std::map<std::string, int>{{"a b\n", 1}}) ==
        R"(value["a b\n"]: expected at most 3 characters, got 4 characters)");
  CHECK(wrong<[] { return kit::keys(kit::above(0)); }>(std::map<int, int>{{-1, 1}}) ==
        "value.-1: expected more than 0, got -1");
  CHECK(wrong<[] { return kit::keys(kit::one_of(color::red)); }>(
            std::map<color, int>{{color::green, 1}}) == "value.green: expected red, got green");
}

TEST_CASE("constraints: predicates, and constraints of one's own") {
  constexpr auto rule = [] { return kit::satisfies<is_even>("an even number"); };
  CHECK(wrong<rule>(2) == "");
  CHECK(wrong<rule>(3) == "value: expected an even number, got 3");
  constexpr auto own = [] { return divides{12}; };
  CHECK(wrong<own>(4) == "");
  CHECK(wrong<own>(5) == "value: expected a divisor of 12, got the number 5");
}

TEST_CASE("constraints: values are cut, and quoted as JSON") {
  constexpr auto rule = [] { return kit::one_of("x"); };
  CHECK(wrong<rule>(std::string("a\"\n\x01")) == R"(value: expected "x", got "a\"\n\u0001")");
  CHECK(wrong<rule>(std::string("\xff")) == "value: expected \"x\", got \"\xef\xbf\xbd\"");
  const auto text = wrong<rule>(std::string(1 << 20, 'a'));
  CHECK(text == R"(value: expected "x", got ")" + std::string(64, 'a') + R"("...)");
  const auto umlauts = wrong<rule>("a" + std::string(1000, 'a') + "ä");
  CHECK(umlauts.size() < 120);
  constexpr auto keys = [] { return kit::keys(kit::max_length(3)); };
  CHECK(wrong<keys>(std::map<std::string, int>{{std::string(5000, 'k'), 1}}).size() < 200);
}
