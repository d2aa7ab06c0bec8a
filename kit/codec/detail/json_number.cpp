#include <kit/codec/detail/json_number.hpp>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <system_error>

#include <kit/codec/detail/json_scan.hpp>

namespace kit::json::detail {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Whether a number that no float can hold is too small for it, rather than too large.
bool is_tiny(const char* p, const char* end) noexcept {
  long long exponent = 0;  // of ten, of the first digit that isn't zero
  bool point = false, found = false;
  for (; p != end && *p != 'e' && *p != 'E'; ++p) {
    if (*p == '.') point = true;
    if (!is_digit(*p)) continue;
    found = found || *p != '0';
    if (found && !point) ++exponent;
    if (!found && point) --exponent;
  }
  if (p == end) return exponent <= 0;
  if (*++p == '+') ++p;
  long long e = 0;
  if (std::from_chars(p, end, e).ec != std::errc()) return *p == '-';
  return e < -exponent;
}

template <class Float>
bool parse(const char* p, const char* end, Float& v) noexcept {
  const auto [last, status] = std::from_chars(p, end, v);
  if (status == std::errc() && last == end) return std::isfinite(v);
  if (status != std::errc::result_out_of_range || !is_tiny(p, end)) return false;
  v = *p == '-' ? -Float{0} : Float{0};
  return true;
}

/// `digits` are the significant ones, the point stands behind the first `point` of them.
char* lay_out(char* out, const char* digits, int n, int point) noexcept {
  const auto put = [&out](const char* from, int count) {
    std::memcpy(out, from, static_cast<std::size_t>(count));
    out += count;
  };
  const auto zeros = [&out](int count) {
    std::memset(out, '0', static_cast<std::size_t>(count));
    out += count;
  };
  if (point > 21 || point < -5) {
    *out++ = digits[0];
    if (n > 1) {
      *out++ = '.';
      put(digits + 1, n - 1);
    }
    *out++ = 'e';
    if (point > 0) *out++ = '+';
    return std::to_chars(out, out + 8, point - 1).ptr;
  }
  if (point <= 0) {
    *out++ = '0';
    *out++ = '.';
    zeros(-point);
    put(digits, n);
  } else if (n <= point) {
    put(digits, n);
    zeros(point - n);
  } else {
    put(digits, point);
    *out++ = '.';
    put(digits + point, n - point);
  }
  return out;
}

template <class Float>
char* format(char* out, Float v) noexcept {
  // Whole numbers are frequent, and their digits are the shortest text.
  if (std::fabs(v) < Float{1 << 24} && v == std::trunc(v) && !(v == 0 && std::signbit(v))) {
    return std::to_chars(out, out + number_room, static_cast<int>(v)).ptr;
  }
  // d.ddde-xx, then put into the form that people write
  char text[number_room];
  const char* const last =
      std::to_chars(text, text + sizeof text, v, std::chars_format::scientific).ptr;
  const char* p = text;
  if (*p == '-') *out++ = *p++;
  char digits[number_room];
  int n = 0;
  for (; p != last && *p != 'e'; ++p) {
    if (*p != '.') digits[n++] = *p;
  }
  if (n == 1 && digits[0] == '0') {
    *out++ = '0';
    return out;
  }
  if (*++p == '+') ++p;
  int exponent = 0;
  std::from_chars(p, last, exponent);
  return lay_out(out, digits, n, exponent + 1);
}

}  // namespace

parsed_integer parse_integer(const char* p, const char* end) noexcept {
  const char* const start = p;
  parsed_integer out{0, false, number_status::ok, nullptr};
  if (p != end && *p == '-') {
    out.negative = true;
    ++p;
  }
  const char* const first = p;
  for (; p != end && is_digit(*p); ++p) {
    const auto digit = static_cast<std::uint64_t>(*p - '0');
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    if (out.magnitude > most / 10 || (out.magnitude == most / 10 && digit > most % 10)) {
      out.status = number_status::out_of_range;
    }
    out.magnitude = out.magnitude * 10 + digit;
  }
  const bool leading_zero = p - first > 1 && *first == '0';
  if (p != first && !leading_zero &&
      (p == end || *p == ',' || *p == '}' || *p == ']' || is_space(*p))) {
    out.end = p;
    return out;
  }
  bool integer = false;
  out.end = number_end(start, end, integer);
  out.status = out.end && !integer ? number_status::not_integer : number_status::malformed;
  return out;
}

bool parse_float(const char* p, const char* end, double& v) noexcept {
  return parse(p, end, v);
}
bool parse_float(const char* p, const char* end, float& v) noexcept {
  return parse(p, end, v);
}

char* format_float(char* out, double v) noexcept {
  return format(out, v);
}
char* format_float(char* out, float v) noexcept {
  return format(out, v);
}

}  // namespace kit::json::detail
