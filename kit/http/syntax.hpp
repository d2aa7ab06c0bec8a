#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The lexical rules that HTTP's grammars share (RFC 9110 5.6). Pure functions.
namespace kit::http {

namespace detail {
enum char_class : std::uint8_t {
  token_char = 1,   // tchar, RFC 9110 5.6.2
  value_char = 2,   // field-vchar, SP, HTAB and obs-text
  target_char = 4,  // what may stand in a request target
  digit_char = 8,
  hex_char = 16,
  host_char = 32,  // unreserved and sub-delims, RFC 3986 2
};
extern const std::array<std::uint8_t, 256> char_classes;
inline bool has_class(char c, std::uint8_t wanted) noexcept {
  return (char_classes[static_cast<unsigned char>(c)] & wanted) != 0;
}
}  // namespace detail

inline bool is_token_char(char c) noexcept {
  return detail::has_class(c, detail::token_char);
}
/// Visible ASCII, space, tab and obs-text (0x80-0xff, opaque): all that a field value may hold.
inline bool is_value_char(char c) noexcept {
  return detail::has_class(c, detail::value_char);
}
/// Visible ASCII without `"`, `#`, `<`, `>` and `\`. This is RFC 3986's set, and the few characters
/// that browsers send unencoded (`[ ] ^ ` { | }`).
inline bool is_target_char(char c) noexcept {
  return detail::has_class(c, detail::target_char);
}
/// What a registered host name is made of, besides percent-encoded bytes (RFC 3986 3.2.2).
inline bool is_host_char(char c) noexcept {
  return detail::has_class(c, detail::host_char);
}
inline bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
/// 0-15, or -1 when `c` is no hexadecimal digit.
int hex_value(char c) noexcept;

/// Of ASCII letters; all else stays.
inline char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
std::string to_lower(std::string_view text);
/// An ASCII letter.
inline bool is_alpha(char c) noexcept {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

/// One or more `tchar`: a method, a field name, a coding name.
bool is_token(std::string_view text) noexcept;
/// No CR, LF, NUL or other control character except HTAB.
bool is_field_value(std::string_view text) noexcept;

/// Without the spaces and tabs around it (RFC 9110 5.6.3).
std::string_view trim_ows(std::string_view text) noexcept;

/// Equal when upper and lower case of ASCII letters count as the same.
bool iequals(std::string_view a, std::string_view b) noexcept;

/// Takes the next non-empty member off the front of a comma-separated list, trimmed; commas inside
/// quoted strings do not separate. Empty when the list is used up (RFC 9110 5.6.1).
std::string_view next_list_member(std::string_view& list) noexcept;
/// Whether the comma-separated list has that member, without regard to case.
bool list_contains(std::string_view list, std::string_view member) noexcept;

}  // namespace kit::http
