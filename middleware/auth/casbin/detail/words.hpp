#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Small things that models, policies and expressions are read with.
namespace kit::casbin::detail {

constexpr bool is_space(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
/// Letters of other scripts included.
constexpr bool is_name_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool is_name_part(char c) noexcept {
  return is_name_start(c) || is_digit(c);
}
constexpr bool is_name(std::string_view text) noexcept {
  return !text.empty() && is_name_start(text.front()) &&
         std::all_of(text.begin(), text.end(), is_name_part);
}

constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

/// The next line, less its end, taken off the text.
constexpr std::string_view take_line(std::string_view& text) noexcept {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

/// What stands between commas, trimmed.
inline std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto comma = text.find(',');
    out.push_back(trim(text.substr(0, comma)));
    if (comma == text.npos) return out;
    text.remove_prefix(comma + 1);
  }
}

/// Text from outside for a message: short, in quotes, nothing in it that harms a log.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t most = 80;
  std::string out(1, '\'');
  for (const char c : text.substr(0, most))
    out += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? '?' : c;
  if (text.size() > most) out += "...";
  return out += '\'';
}

}  // namespace kit::casbin::detail
