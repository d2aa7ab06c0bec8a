#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace kit::http {

/// Length of an HTTP date as it is sent: `Sun, 06 Nov 1994 08:49:37 GMT`.
inline constexpr std::size_t date_size = 29;
using date_text = std::array<char, date_size>;

/// Formats as IMF-fixdate (RFC 9110 5.6.7). Years from 0 to 9999; others are clamped.
date_text format_date(std::chrono::sys_seconds time) noexcept;
inline std::string_view to_view(const date_text& text) noexcept {
  return {text.data(), text.size()};
}

/// Parses IMF-fixdate and the two obsolete forms (`Sunday, 06-Nov-94 08:49:37 GMT` and
/// `Sun Nov  6 08:49:37 1994`). A two-digit year that would be more than 50 years after `now` is in
/// the past. The name of the day must be one, but need not be the right one; a leap second is taken
/// as the second before it. Nothing when the text is none of the three.
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text,
                                                   std::chrono::sys_seconds now) noexcept;

}  // namespace kit::http
