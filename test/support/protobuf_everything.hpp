#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <kit/reflect/traits.hpp>

/// A message with every type that the protobuf codec knows, which contains itself.
namespace test {

enum class hue : std::int32_t { none = 0, dark_red = 1, green = 7, infra_red = -3 };

struct point {
  double x = 0;
  std::int32_t y = 0;
};
struct empty_message {};

struct everything;
struct tree {
  std::vector<everything> leaves;
};

struct everything {
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint16_t small = 0;
  std::int32_t i32 = 0;
  std::uint32_t u32 = 0;
  std::int64_t i64 = 0;
  std::uint64_t u64 = 0;
  std::int32_t s32 = 0;
  std::int64_t s64 = 0;
  std::uint32_t f32 = 0;
  std::uint64_t f64 = 0;
  std::int32_t sf32 = 0;
  std::int64_t sf64 = 0;
  float real = 0;
  double real64 = 0;
  std::string text;
  std::vector<std::byte> bytes;
  std::array<std::byte, 4> four_bytes{};
  hue color = hue::none;
  point at;
  std::optional<std::int32_t> maybe_int;
  std::optional<std::string> maybe_text;
  std::optional<point> maybe_at;
  std::unique_ptr<everything> next;
  std::vector<std::int32_t> ints;
  std::vector<std::int64_t> zigzags;
  std::deque<std::uint64_t> fixeds;
  std::vector<double> reals;
  std::vector<bool> flags;
  std::vector<hue> colors;
  std::vector<std::string> texts;
  std::vector<everything> list;
  std::set<std::uint32_t> unique;
  std::map<std::string, std::int64_t> by_text;
  std::map<std::int32_t, point> by_int;
  std::map<bool, hue> by_flag;
  std::variant<std::monostate, std::string, std::int64_t, point, tree, empty_message,
               std::vector<std::byte>, std::unique_ptr<everything>>
      either;
  std::chrono::nanoseconds took{};
  std::chrono::system_clock::time_point when{};
  std::vector<std::chrono::milliseconds> pauses;
  int left_out = 0;
};

}  // namespace test

template <>
struct kit::reflect_traits<test::everything> {
  using e = test::everything;
  static constexpr std::string_view comment = "One of each.";
  static constexpr auto fields = kit::fields(
      kit::field<&e::flag>().number(1).comment("A field that\nhas much to say."),
      kit::field<&e::tiny>().number(2), kit::field<&e::small>().number(3),
      kit::field<&e::i32>().number(4), kit::field<&e::u32>().number(5),
      kit::field<&e::i64>().number(6), kit::field<&e::u64>().number(7),
      kit::field<&e::s32>().number(8).zigzag(), kit::field<&e::s64>().number(9).zigzag(),
      kit::field<&e::f32>().number(10).fixed(), kit::field<&e::f64>().number(11).fixed(),
      kit::field<&e::sf32>().number(12).fixed(), kit::field<&e::sf64>().number(13).fixed(),
      kit::field<&e::real>().number(14), kit::field<&e::real64>().number(15),
      kit::field<&e::text>().number(16), kit::field<&e::bytes>().number(17),
      kit::field<&e::four_bytes>().number(18), kit::field<&e::color>().number(19),
      kit::field<&e::at>().number(20), kit::field<&e::maybe_int>().number(21),
      kit::field<&e::maybe_text>().number(22), kit::field<&e::maybe_at>().number(23),
      kit::field<&e::next>().number(24), kit::field<&e::ints>().number(25),
      kit::field<&e::zigzags>().number(26).zigzag(), kit::field<&e::fixeds>().number(27).fixed(),
      kit::field<&e::reals>().number(28), kit::field<&e::flags>().number(29),
      kit::field<&e::colors>().number(30), kit::field<&e::texts>().number(31),
      kit::field<&e::list>().number(32), kit::field<&e::unique>().number(33),
      kit::field<&e::by_text>().number(34).zigzag(), kit::field<&e::by_int>().number(35).fixed(),
      kit::field<&e::by_flag>().number(36),
      kit::field<&e::either>()
          .comment("What it is.")
          .alternatives(kit::alternative("either_text").number(40),
                        kit::alternative("either_int").number(38).fixed().comment("A number."),
                        kit::alternative("either_at").number(41),
                        kit::alternative("either_tree").number(42),
                        kit::alternative("either_empty").number(43),
                        kit::alternative("either_bytes").number(44),
                        kit::alternative("either_next").number(45)),
      kit::field<&e::took>().number(50), kit::field<&e::when>().number(51),
      kit::field<&e::pauses>().number(536870911), kit::field<&e::left_out>().skip());
};
