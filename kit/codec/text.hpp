#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include <kit/codec/detail/json_time.hpp>
#include <kit/codec/detail/time_text.hpp>
#include <kit/codec/json_reader.hpp>
#include <kit/reflect/enums.hpp>

/// Single values as plain text, as they stand in paths, query strings and header fields.
namespace kit::text {

namespace detail {
bool parse_signed(std::string_view text, std::int64_t& v, std::int64_t least, std::int64_t most,
                  std::string& expected);
bool parse_unsigned(std::string_view text, std::uint64_t& v, std::uint64_t most,
                    std::string& expected);
void append_signed(std::string& out, std::int64_t v);
void append_unsigned(std::string& out, std::uint64_t v);
/// Adds a name to `one of "red", "green"`.
void expect_name(std::string& expected, std::string_view name, bool first);

using codec_detail::time_parts;
using codec_detail::time_status;

time_status parse_duration(std::string_view text, time_parts& d) noexcept;
time_status parse_time(std::string_view text, time_parts& t) noexcept;
/// True for `ok`; else says what was expected.
bool accept(time_status status, std::string_view what, std::string& expected);
bool append_duration(std::string& out, time_parts d, bool in_range, std::string& problem);
bool append_time(std::string& out, time_parts t, bool in_range, std::string& problem);

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;
template <class T>
inline constexpr bool is_time = false;
template <class D>
inline constexpr bool is_time<std::chrono::time_point<std::chrono::system_clock, D>> = true;
}  // namespace detail

using json::integer;

/// An enum whose values have names; not std::byte.
template <class T>
concept named_enum = std::is_enum_v<T> && !std::same_as<T, std::byte>;

/// What can be written as one text: bool, integers, float and double, std::string, enums by name,
/// durations and system_clock times.
template <class T>
concept scalar =
    std::same_as<T, bool> || integer<T> || std::same_as<T, float> || std::same_as<T, double> ||
    std::same_as<T, std::string> || named_enum<T> || detail::is_duration<T> || detail::is_time<T>;

/// Reads a value of which the whole text must be the form. On failure returns false and says in
/// `expected` what would have been right, e.g. `integer from 0 to 255`; `v` is unspecified then.
///
/// bool is `true`, `1`, `false`, `0`, and an empty text is true, so that `?verbose` works. Integers
/// are decimal. Floats are as in JSON, and `+`, `inf` and `nan` are none. Strings are valid UTF-8.
/// Durations and times are as in JSON, without the quotes: `1.5s`, `1h30m`; RFC 3339.
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

template <class Rep, class Period>
bool parse(std::string_view text, std::chrono::duration<Rep, Period>& v, std::string& expected) {
  detail::time_parts parts;
  auto status = detail::parse_duration(text, parts);
  if (status == detail::time_status::ok) status = json::detail::from_parts(parts, v);
  return detail::accept(status, "duration such as 1.5s", expected);
}
template <class Duration>
bool parse(std::string_view text, std::chrono::time_point<std::chrono::system_clock, Duration>& v,
           std::string& expected) {
  detail::time_parts parts;
  Duration since_epoch{};
  auto status = detail::parse_time(text, parts);
  if (status == detail::time_status::ok) status = json::detail::from_parts(parts, since_epoch);
  v = std::chrono::time_point<std::chrono::system_clock, Duration>(since_epoch);
  return detail::accept(status, "RFC 3339 time", expected);
}

/// Appends the text that `parse` reads back. On failure returns false, says in `problem` why, and
/// may have appended a part: a float that is no number, a string that isn't UTF-8, an enum's value
/// without a name, a time outside the years 0 to 9999.
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
template <class Rep, class Period>
bool append(std::string& out, std::chrono::duration<Rep, Period> v, std::string& problem) {
  detail::time_parts parts;
  const bool in_range = json::detail::to_parts(v, parts);
  return detail::append_duration(out, parts, in_range, problem);
}
template <class Duration>
bool append(std::string& out, std::chrono::time_point<std::chrono::system_clock, Duration> v,
            std::string& problem) {
  detail::time_parts parts;
  const bool in_range = json::detail::to_parts(v.time_since_epoch(), parts);
  return detail::append_time(out, parts, in_range, problem);
}

}  // namespace kit::text
