#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include <kit/reflect/enums.hpp>

/// Single values as plain text, as they stand in paths, query strings and header fields.
namespace kit::text {

namespace detail {
template <class T>
concept character =
    std::same_as<T, wchar_t> || std::same_as<T, char8_t> || std::same_as<T, char16_t> ||
    std::same_as<T, char32_t>;

bool parse_signed(std::string_view text, std::int64_t& v, std::int64_t least, std::int64_t most,
                  std::string& expected);
bool parse_unsigned(std::string_view text, std::uint64_t& v, std::uint64_t most,
                    std::string& expected);
void append_signed(std::string& out, std::int64_t v);
void append_unsigned(std::string& out, std::uint64_t v);
/// Adds a name to `one of "red", "green"`.
void expect_name(std::string& expected, std::string_view name, bool first);
}  // namespace detail

/// An integer; not bool, nor a character of more than one byte.
template <class T>
concept integer = std::integral<T> && !std::same_as<T, bool> && !detail::character<T>;

/// An enum whose values have names; not std::byte.
template <class T>
concept named_enum = std::is_enum_v<T> && !std::same_as<T, std::byte>;

/// What can be written as one text: bool, integers, float and double, std::string, enums by name.
template <class T>
concept scalar = std::same_as<T, bool> || integer<T> || std::same_as<T, float> ||
                 std::same_as<T, double> || std::same_as<T, std::string> || named_enum<T>;

/// Reads a value of which the whole text must be the form. On failure returns false and says in
/// `expected` what would have been right, e.g. `integer from 0 to 255`; `v` is unspecified then.
///
/// bool is `true`, `1`, `false`, `0`, and an empty text is true, so that `?verbose` works. Integers
/// are decimal. Floats are as in JSON, and `+`, `inf` and `nan` are none. Strings are valid UTF-8.
bool parse(std::string_view text, bool& v, std::string& expected);
bool parse(std::string_view text, float& v, std::string& expected);
bool parse(std::string_view text, double& v, std::string& expected);
bool parse(std::string_view text, std::string& v, std::string& expected);
template <integer I>
bool parse(std::string_view text, I& v, std::string& expected) {
  using limits = std::numeric_limits<I>;
  if constexpr (std::is_signed_v<I>) {
    std::int64_t wide = 0;
    if (!detail::parse_signed(text, wide, limits::min(), limits::max(), expected)) return false;
    v = static_cast<I>(wide);
  } else {
    std::uint64_t wide = 0;
    if (!detail::parse_unsigned(text, wide, limits::max(), expected)) return false;
    v = static_cast<I>(wide);
  }
  return true;
}
template <named_enum E>
bool parse(std::string_view text, E& v, std::string& expected) {
  if (const auto found = reflect::enum_from_name<E>(text)) {
    v = *found;
    return true;
  }
  bool first = true;
  for (const auto& entry : reflect::enum_entries<E>) {
    detail::expect_name(expected, entry.name, first);
    first = false;
  }
  return false;
}

/// Appends the text that `parse` reads back. On failure returns false, says in `problem` why, and
/// may have appended a part: a float that is no number, a string that isn't UTF-8, an enum's value
/// without a name.
bool append(std::string& out, bool v, std::string& problem);
bool append(std::string& out, float v, std::string& problem);
bool append(std::string& out, double v, std::string& problem);
bool append(std::string& out, const std::string& v, std::string& problem);
template <integer I>
bool append(std::string& out, I v, std::string&) {
  if constexpr (std::is_signed_v<I>) {
    detail::append_signed(out, v);
  } else {
    detail::append_unsigned(out, v);
  }
  return true;
}
template <named_enum E>
bool append(std::string& out, E v, std::string& problem) {
  const auto name = reflect::enum_name(v);
  if (name.empty()) {
    problem = "the enum has no name for its value";
    return false;
  }
  out += name;
  return true;
}

}  // namespace kit::text
