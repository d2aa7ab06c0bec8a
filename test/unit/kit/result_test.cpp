#include <kit/result.hpp>

#include <memory>
#include <string>
#include <type_traits>

#include <doctest/doctest.h>

using kit::errc;
using kit::fail;
using kit::result;

namespace {

result<int> half(int n) {
  if (n % 2 != 0) return fail(errc::invalid_argument, "odd");
  return n / 2;
}
result<void> check(int n) {
  if (n < 0) return fail(errc::out_of_range);
  return {};
}
result<int> checked_half(int n) {
  if (auto ok = check(n); !ok) return fail(std::move(ok).error());
  return half(n);
}

struct no_default {
  explicit no_default(int v) : value(v) {}
  int value;
};

}  // namespace

TEST_CASE("result: holds a value or an error") {
  const auto good = half(8);
  REQUIRE(good);
  CHECK(*good == 4);
  const auto bad = half(7);
  REQUIRE_FALSE(bad);
  CHECK(bad.error() == kit::error(errc::invalid_argument, "odd"));
}

TEST_CASE("result: fail takes a code, a code and a message, or an error of another result") {
  CHECK(checked_half(-1).error() == errc::out_of_range);
  CHECK(checked_half(-1).error().message() == "out_of_range");
  CHECK(checked_half(3).error().message() == "odd");
  CHECK(checked_half(4) == 2);
}

TEST_CASE("result: of void, of what can only be moved, of what has no default") {
  CHECK(check(1));
  CHECK_FALSE(check(-1));
  result<std::unique_ptr<int>> r = std::make_unique<int>(5);
  const std::unique_ptr<int> taken = *std::move(r);
  CHECK(*taken == 5);
  result<no_default> n = no_default(3);
  n = fail(errc::internal);
  CHECK_FALSE(n);
  n = no_default(4);
  CHECK(n->value == 4);
}

TEST_CASE("result: moving it can't fail where moving the value can't") {
  static_assert(std::is_nothrow_move_constructible_v<result<int>>);
  static_assert(std::is_nothrow_move_constructible_v<result<std::string>>);
  static_assert(!std::is_copy_constructible_v<result<std::unique_ptr<int>>>);
  result<std::string> r = "text";
  auto moved = std::move(r);
  CHECK(moved == "text");
}
