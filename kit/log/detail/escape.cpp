#include <kit/log/detail/escape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <kit/detail/utf8.hpp>

namespace kit::log::detail {
namespace {

enum : std::uint8_t {
  plain = 0,
  quotes = 1,   // logfmt quotes what holds it; nothing else
  escapes = 2,  // is written as an escape; quoted in logfmt
  slash = 4,    // is written as an escape, alone no reason for quotes
  beyond = 8,   // beyond ASCII: depends
};

constexpr auto classes = [] {
  std::array<std::uint8_t, 256> c{};
  for (std::size_t i = 0; i < 256; ++i)
    c[i] = i < 0x20 ? escapes : i < 0x80 ? plain : beyond;
  c[' '] = c['='] = quotes;
  c['"'] = escapes;
  c['\\'] = slash;
  return c;
}();

constexpr std::uint8_t class_of(char c) noexcept {
  return classes[static_cast<unsigned char>(c)];
}

struct character {
  std::size_t size = 0;
  unsigned escaped = 0;  // the code point to be written as an escape; 0: it may stand as it is
};

/// The character beyond ASCII at `p`.
character read_beyond(const char* p, const char* end) noexcept {
  const auto byte = [p](int i) { return static_cast<unsigned char>(p[i]); };
  const std::size_t n = kit::detail::utf8_length(p, end);
  if (n == 0) return {1, 0xfffd};
  if (n == 2 && byte(0) == 0xc2 && byte(1) < 0xa0) return {2, byte(1)};
  if (n == 3 && byte(0) == 0xe2 && byte(1) == 0x80 && (byte(2) == 0xa8 || byte(2) == 0xa9)) {
    return {3, 0x2000U | (byte(2) & 0x3fU)};
  }
  return {n, 0};
}

void append_escape(std::string& out, unsigned code_unit) {
  constexpr std::string_view codes = "\"\\\n\r\t", letters = "\"\\nrt";
  constexpr char digits[] = "0123456789abcdef";
  const auto i = code_unit < 0x80 ? codes.find(static_cast<char>(code_unit)) : codes.npos;
  if (i != codes.npos) {
    out += {'\\', letters[i]};
  } else {
    out += {'\\',
            'u',
            digits[code_unit >> 12],
            digits[(code_unit >> 8) & 15],
            digits[(code_unit >> 4) & 15],
            digits[code_unit & 15]};
  }
}

/// The first character from `p` on of one of these classes.
const char* find_class(const char* p, const char* end, unsigned which) noexcept {
  return std::find_if(p, end, [which](char c) { return (class_of(c) & which) != 0; });
}

}  // namespace

bool is_bare(std::string_view text) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
  for (;;) {
    p = find_class(p, end, quotes | escapes | beyond);
    if (p == end) return true;
    if (class_of(*p) != beyond) return false;
    const auto c = read_beyond(p, end);
    if (c.escaped != 0) return false;
    p += c.size;
  }
}

void append_bare(std::string& out, std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    const char* const next = find_class(p, end, quotes | escapes | beyond);
    out.append(p, static_cast<std::size_t>(next - p));
    if (next == end) return;
    p = next + 1;
    if (class_of(*next) == beyond) {
      const auto c = read_beyond(next, end);
      if (c.escaped == 0) out.append(next, c.size);
      p = next + c.size;
    }
  }
}

void append_escaped(std::string& out, std::string_view text) {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    const char* const next = find_class(p, end, escapes | slash | beyond);
    out.append(p, static_cast<std::size_t>(next - p));
    if (next == end) return;
    p = next + 1;
    if (class_of(*next) != beyond) {
      append_escape(out, static_cast<unsigned char>(*next));
      continue;
    }
    const auto c = read_beyond(next, end);
    if (c.escaped != 0) {
      append_escape(out, c.escaped);
    } else {
      out.append(next, c.size);
    }
    p = next + c.size;
  }
}

void append_json(std::string& out, std::string_view json) {
  const char* p = json.data();
  const char* const end = p + json.size();
  while (p != end) {
    const char* const next = find_class(p, end, escapes | beyond);
    out.append(p, static_cast<std::size_t>(next - p));
    if (next == end) return;
    p = next + 1;
    if (class_of(*next) != beyond) {
      out += *next == '"' ? '"' : ' ';
      continue;
    }
    const auto c = read_beyond(next, end);
    if (c.escaped != 0) {
      append_escape(out, c.escaped);
    } else {
      out.append(next, c.size);
    }
    p = next + c.size;
  }
}

}  // namespace kit::log::detail
