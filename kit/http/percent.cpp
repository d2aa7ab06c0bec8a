#include <kit/http/percent.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

constexpr std::uint8_t mask_of(encode_set set) {
  return static_cast<std::uint8_t>(1u << static_cast<unsigned>(set));
}

// For each byte the sets that leave it alone, as bits.
constexpr std::array<std::uint8_t, 256> make_kept() {
  std::array<std::uint8_t, 256> table{};
  const auto keep = [&table](std::string_view chars, unsigned sets) {
    for (char c : chars) {
      auto& at = table[static_cast<unsigned char>(c)];
      at = static_cast<std::uint8_t>(at | sets);
    }
  };
  keep("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", 0xff);
  keep("~", 0xffu & ~unsigned{mask_of(encode_set::form)});
  keep("*", mask_of(encode_set::form));
  keep("!$&'()*+,;=:@", mask_of(encode_set::path_segment) | mask_of(encode_set::path));
  keep("/", mask_of(encode_set::path));
  return table;
}
constexpr auto kept = make_kept();

bool append_decoded(std::string& out, std::string_view text, char space) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (text.size() - i < 3) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out.push_back(static_cast<char>(high * 16 + low));
      i += 2;
    } else {
      out.push_back(text[i] == space ? ' ' : text[i]);
    }
  }
  return true;
}

}  // namespace

bool append_percent_decoded(std::string& out, std::string_view text) {
  return append_decoded(out, text, ' ');
}

bool append_form_decoded(std::string& out, std::string_view text) {
  return append_decoded(out, text, '+');
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (!append_percent_decoded(out, text)) return std::nullopt;
  return out;
}

std::optional<std::string> form_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  if (!append_form_decoded(out, text)) return std::nullopt;
  return out;
}

bool is_percent_encoded(std::string_view text) noexcept {
  for (auto at = text.find('%'); at != text.npos; at = text.find('%', at + 3)) {
    if (text.size() - at < 3) return false;
    if (hex_value(text[at + 1]) < 0 || hex_value(text[at + 2]) < 0) return false;
  }
  return true;
}

void append_percent_encoded(std::string& out, std::string_view bytes, encode_set set) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if ((kept[byte] & mask_of(set)) != 0) {
      out.push_back(c);
    } else if (c == ' ' && set == encode_set::form) {
      out.push_back('+');
    } else {
      out.push_back('%');
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    }
  }
}

std::string percent_encode(std::string_view bytes, encode_set set) {
  std::string out;
  out.reserve(bytes.size() + 16);
  append_percent_encoded(out, bytes, set);
  return out;
}

}  // namespace kit::http
