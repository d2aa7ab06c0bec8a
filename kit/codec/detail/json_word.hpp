#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

/// Looks at eight bytes at once: internal to the codec. The first byte is the lowest.
namespace kit::json::detail {

inline std::uint64_t load_word(const char* p) noexcept {
  std::uint64_t word;
  std::memcpy(&word, p, 8);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

constexpr std::uint64_t each_byte(unsigned char c) noexcept {
  return std::uint64_t{0x0101010101010101} * c;
}

// Marks are the high bits of bytes. Only the first mark is sure: a borrow may add further ones.

constexpr std::uint64_t mark_equal(std::uint64_t word, char c) noexcept {
  const std::uint64_t x = word ^ each_byte(static_cast<unsigned char>(c));
  return (x - each_byte(1)) & ~x & each_byte(0x80);
}

/// What ends a string or is more than a character of it: quotes, backslashes, control characters,
/// bytes beyond ASCII.
constexpr std::uint64_t mark_special(std::uint64_t word) noexcept {
  return (((word - each_byte(' ')) | word) & each_byte(0x80)) | mark_equal(word, '"') |
         mark_equal(word, '\\');
}

constexpr bool is_special(char c) noexcept {
  return static_cast<unsigned char>(c - 0x20) >= 0x60 || c == '"' || c == '\\';
}

/// The place of the first mark, in bytes.
constexpr int first_mark(std::uint64_t marks) noexcept {
  return std::countr_zero(marks) / 8;
}

}  // namespace kit::json::detail
