#include <kit/http/syntax.hpp>

#include <algorithm>
#include <cstring>

namespace kit::http {
namespace {

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view chars, std::uint8_t c) {
    for (char ch : chars)
      table[static_cast<unsigned char>(ch)] |= c;
  };
  for (unsigned c = 0x20; c < 256; ++c) {
    if (c != 0x7f) table[c] |= detail::value_char;
    if (c > 0x20 && c < 0x7f) table[c] |= detail::target_char;
  }
  add("\t", detail::value_char);
  for (char c : std::string_view("\"#<>\\")) {
    table[static_cast<unsigned char>(c)] &= static_cast<std::uint8_t>(~detail::target_char);
  }
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  add("0123456789", detail::token_char | detail::digit_char | detail::hex_char | detail::host_char);
  add(letters, detail::token_char | detail::host_char);
  add("abcdefABCDEF", detail::hex_char);
  add("!#$%&'*+-.^_`|~", detail::token_char);
  add("-._~!$&'()*+,;=", detail::host_char);
  return table;
}

// Whether one of eight characters is below 0x20 or 0x7f.
bool has_control_char(const char* text) noexcept {
  constexpr std::uint64_t each = 0x0101'0101'0101'0101;
  std::uint64_t chars = 0;
  std::memcpy(&chars, text, sizeof chars);
  const std::uint64_t low = (chars - each * 0x20) & ~chars;
  const std::uint64_t del = chars ^ (each * 0x7f);  // zero where it is
  return ((low | ((del - each) & ~del)) & (each * 0x80)) != 0;
}

bool all_value_chars(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), is_value_char);
}

}  // namespace

constinit const std::array<std::uint8_t, 256> detail::char_classes = make_classes();

int hex_value(char c) noexcept {
  if (!detail::has_class(c, detail::hex_char)) return -1;
  return is_digit(c) ? c - '0' : to_lower(c) - 'a' + 10;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = to_lower(c);
  return out;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_field_value(std::string_view text) noexcept {
  // Eight at a time: a tab or a bad character is rare, and looked at more closely.
  for (; text.size() >= 8; text.remove_prefix(8)) {
    if (has_control_char(text.data()) && !all_value_chars(text.substr(0, 8))) return false;
  }
  return all_value_chars(text);
}

std::string_view trim_ows(std::string_view text) noexcept {
  const auto is_ows = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_ows(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_ows(text.back()))
    text.remove_suffix(1);
  return text;
}

bool iequals(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::string_view next_list_member(std::string_view& list) noexcept {
  while (!list.empty()) {
    bool quoted = false;
    std::size_t end = 0;
    for (; end < list.size() && (quoted || list[end] != ','); ++end) {
      if (list[end] == '"') quoted = !quoted;
      if (quoted && list[end] == '\\' && end + 1 < list.size()) ++end;
    }
    const auto member = trim_ows(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (!member.empty()) return member;
  }
  return {};
}

bool list_contains(std::string_view list, std::string_view member) noexcept {
  for (;;) {
    const auto next = next_list_member(list);
    if (next.empty()) return false;
    if (iequals(next, member)) return true;
  }
}

}  // namespace kit::http
