#include <kit/tracing/span_context.hpp>

#include <cstddef>

#include <kit/http/syntax.hpp>

namespace kit::tracing {
namespace {

constexpr std::size_t digits = 16;  // of a number

void append_number(std::string& out, std::uint64_t n) {
  char text[digits];
  for (std::size_t i = digits; i-- > 0; n >>= 4)
    text[i] = "0123456789abcdef"[n & 15];
  out.append(text, digits);
}

void put_number(std::byte* at, std::uint64_t n) noexcept {
  for (std::size_t i = 8; i-- > 0; n >>= 8)
    at[i] = static_cast<std::byte>(n & 0xff);
}

std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  std::uint64_t n = 0;
  for (const char c : text) {
    const int digit = http::hex_value(c);
    if (digit < 0) return std::nullopt;
    n = n << 4 | static_cast<std::uint64_t>(digit);
  }
  return n;
}

}  // namespace

void append(std::string& out, trace_id id) {
  append_number(out, id.high);
  append_number(out, id.low);
}

void append(std::string& out, span_id id) {
  append_number(out, id.value);
}

std::string to_string(trace_id id) {
  std::string text;
  append(text, id);
  return text;
}

std::string to_string(span_id id) {
  std::string text;
  append(text, id);
  return text;
}

std::array<std::byte, 16> to_bytes(trace_id id) noexcept {
  std::array<std::byte, 16> bytes{};
  put_number(&bytes[0], id.high);
  put_number(&bytes[8], id.low);
  return bytes;
}

std::array<std::byte, 8> to_bytes(span_id id) noexcept {
  std::array<std::byte, 8> bytes{};
  put_number(bytes.data(), id.value);
  return bytes;
}

std::optional<trace_id> parse_trace_id(std::string_view text) noexcept {
  if (text.size() != 2 * digits) return std::nullopt;
  const auto high = parse_number(text.substr(0, digits));
  const auto low = parse_number(text.substr(digits));
  if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
  return trace_id{*high, *low};
}

std::optional<span_id> parse_span_id(std::string_view text) noexcept {
  if (text.size() != digits) return std::nullopt;
  const auto value = parse_number(text);
  if (!value || *value == 0) return std::nullopt;
  return span_id{*value};
}

}  // namespace kit::tracing
