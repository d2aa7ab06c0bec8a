#include <kit/otlp/common.hpp>

#include <charconv>

#include <kit/config.hpp>
#include <kit/http/syntax.hpp>

namespace kit::otlp {

scope cokit_scope() {
  return {.name = "cokit", .version = KIT_VERSION, .attributes = {}};
}

namespace detail {

bool parse_hex(std::string_view text, std::byte* bytes, std::size_t size) noexcept {
  if (text.size() != 2 * size) return false;
  for (std::size_t i = 0; i < size; ++i) {
    const int high = http::hex_value(text[2 * i]);
    const int low = http::hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = static_cast<std::byte>(high << 4 | low);
  }
  return true;
}

template <class Number>
static bool parse(std::string_view text, Number& v) noexcept {
  const auto r = std::from_chars(text.data(), text.data() + text.size(), v);
  return r.ec == std::errc() && r.ptr == text.data() + text.size();
}

bool parse_integer(std::string_view text, std::uint64_t& v) noexcept {
  return parse(text, v);
}
bool parse_integer(std::string_view text, std::int64_t& v) noexcept {
  return parse(text, v);
}

bool parse_real(std::string_view text, double& v) noexcept {
  for (const double special : {HUGE_VAL, -HUGE_VAL, std::nan("")}) {
    if (text != name_of_real(special)) continue;
    v = special;
    return true;
  }
  return parse(text, v) && std::isfinite(v);
}

std::string_view name_of_real(double v) noexcept {
  return std::isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity";
}

}  // namespace detail
}  // namespace kit::otlp
