#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>

namespace json = kit::json;

namespace {

std::size_t count_digits(std::string_view text) {
  std::size_t n = 0;
  bool leading = true;
  std::size_t zeros = 0;
  for (char c : text.substr(0, text.find('e'))) {
    if (c < '0' || c > '9') continue;
    leading = leading && c == '0';
    if (leading) continue;
    zeros = c == '0' ? zeros + 1 : 0;
    ++n;
  }
  return n - zeros;
}

// The same bits come back, from as few digits as the standard library needs.
template <class Float>
void check_round_trip(Float v) {
  const std::string text = json::encode(v).value();
  CAPTURE(text);
  const auto back = json::decode<Float>(text);
  REQUIRE(back.has_value());
  REQUIRE(*back == v);
  REQUIRE(std::signbit(*back) == std::signbit(v));
  char shortest[64];
  const auto end = std::to_chars(shortest, shortest + 64, v, std::chars_format::scientific).ptr;
  REQUIRE(count_digits(text) == count_digits({shortest, static_cast<std::size_t>(end - shortest)}));
  REQUIRE(json::raw::parse(text).has_value());
}

}  // namespace

TEST_CASE_TEMPLATE("json: random floating-point numbers come back from their shortest text", Float,
                   double, float) {
  using bits = std::conditional_t<sizeof(Float) == 8, std::uint64_t, std::uint32_t>;
  std::mt19937_64 random(7);
  for (int i = 0; i < 50'000; ++i) {
    const auto v = std::bit_cast<Float>(static_cast<bits>(random()));
    if (std::isfinite(v)) check_round_trip(v);
  }
}

TEST_CASE_TEMPLATE("json: floating-point numbers that people use come back", Float, double, float) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 50'000; ++i) {
    const auto whole = static_cast<std::int64_t>(random() % 2'000'001) - 1'000'000;
    const int decimals = static_cast<int>(random() % 6);
    check_round_trip(static_cast<Float>(static_cast<double>(whole) / std::pow(10, decimals)));
  }
}

TEST_CASE_TEMPLATE("json: floating-point numbers at the edges come back", Float, double, float) {
  using limits = std::numeric_limits<Float>;
  for (Float v : {limits::min(), limits::max(), limits::lowest(), limits::denorm_min(),
                  limits::epsilon(), Float{0}, -Float{0}, Float{1}}) {
    check_round_trip(v);
  }
  for (int e = limits::min_exponent10 - 5; e <= limits::max_exponent10; ++e) {
    const Float power = static_cast<Float>(std::pow(10.0L, e));
    check_round_trip(power);
    check_round_trip(std::nextafter(power, Float{0}));
    check_round_trip(-std::nextafter(power, limits::max()));
  }
  for (int e = 0; e < 64; ++e) {
    check_round_trip(std::ldexp(Float{1}, e));
    check_round_trip(std::ldexp(Float{1}, e) - 1);
    check_round_trip(std::ldexp(Float{1}, e) + 1);
  }
}
