#include <kit/codec/base64.hpp>

#include <array>
#include <cstdint>

namespace kit::base64 {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t no_digit = 0xff;

constexpr std::array<std::uint8_t, 256> digits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  table['-'] = 62;
  table['_'] = 63;
  return table;
}();

constexpr std::array<std::uint8_t, 256> url_digits = [] {
  auto table = digits;
  table['+'] = no_digit;
  table['/'] = no_digit;
  return table;
}();

void write(char* p, std::span<const std::byte> bytes, std::string_view letters) {
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (std::byte b : bytes) {
    bits = bits << 8 | std::to_integer<std::uint32_t>(b);
    for (count += 8; count >= 6; count -= 6)
      *p++ = letters[bits >> (count - 6) & 63];
  }
  if (count > 0) *p = letters[bits << (6 - count) & 63];
}

}  // namespace

void append(std::string& out, std::span<const std::byte> bytes) {
  const std::size_t start = out.size();
  out.resize(start + encoded_size(bytes.size()), '=');
  write(out.data() + start, bytes, alphabet);
}

void append_url(std::string& out, std::span<const std::byte> bytes) {
  const std::size_t start = out.size();
  out.resize(start + (bytes.size() * 4 + 2) / 3);
  write(out.data() + start, bytes, url_alphabet);
}

std::string encode_url(std::span<const std::byte> bytes) {
  std::string out;
  append_url(out, bytes);
  return out;
}

std::string encode(std::span<const std::byte> bytes) {
  std::string out;
  append(out, bytes);
  return out;
}

std::optional<std::vector<std::byte>> decode(std::string_view text) {
  if (text.size() % 4 == 0) {
    for (int i = 0; i < 2 && text.ends_with('='); ++i)
      text.remove_suffix(1);
  }
  if (text.size() % 4 == 1) return std::nullopt;
  std::vector<std::byte> out;
  out.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (char c : text) {
    const std::uint8_t digit = digits[static_cast<unsigned char>(c)];
    if (digit == no_digit) return std::nullopt;
    bits = bits << 6 | digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<std::byte>(bits >> count & 0xff));
  }
  if (bits & ((1U << count) - 1)) return std::nullopt;
  return out;
}

std::optional<std::string> decode_url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out(text.size() * 3 / 4, '\0');
  char* p = out.data();
  std::uint32_t bits = 0;
  unsigned count = 0;
  std::uint8_t all = 0;  // more than six bits: one of them was no digit
  for (char c : text) {
    const std::uint8_t digit = url_digits[static_cast<unsigned char>(c)];
    all |= digit;
    bits = bits << 6 | digit;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    *p++ = static_cast<char>(bits >> count & 0xff);
  }
  if (all > 63 || bits & ((1U << count) - 1)) return std::nullopt;
  return out;
}

}  // namespace kit::base64
