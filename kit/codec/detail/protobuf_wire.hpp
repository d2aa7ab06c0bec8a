#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The wire format's small change: internal to the codec.
/// Source: https://protobuf.dev/programming-guides/encoding
namespace kit::protobuf::detail {

/// How a field's value is written: the low three bits of its tag.
enum class wire : std::uint8_t {
  varint = 0,
  fixed64 = 1,
  delimited = 2,
  group = 3,
  group_end = 4,
  fixed32 = 5,
};

constexpr std::uint32_t make_tag(std::uint32_t number, wire w) {
  return number << 3 | static_cast<std::uint32_t>(w);
}

constexpr std::size_t varint_size(std::uint64_t v) noexcept {
  return (static_cast<std::size_t>(std::bit_width(v | 1)) * 9 + 64) / 64;
}

/// Writes `varint_size(v)` bytes; returns their end.
constexpr char* write_varint(char* p, std::uint64_t v) noexcept {
  while (v >= 0x80) {
    *p++ = static_cast<char>(v | 0x80);
    v >>= 7;
  }
  *p++ = static_cast<char>(v);
  return p;
}

/// A tag as it is on the wire.
template <std::uint32_t Tag>
inline constexpr auto tag_bytes = [] {
  std::array<char, varint_size(Tag)> out{};
  write_varint(out.data(), Tag);
  return out;
}();

template <std::unsigned_integral U>
constexpr U little_endian(U v) noexcept {
  if constexpr (std::endian::native == std::endian::big) {
    if constexpr (sizeof(U) == 8) return __builtin_bswap64(v);
    return __builtin_bswap32(v);
  }
  return v;
}

constexpr std::uint32_t zigzag(std::int32_t v) noexcept {
  return static_cast<std::uint32_t>(v) << 1 ^ static_cast<std::uint32_t>(v >> 31);
}
constexpr std::uint64_t zigzag(std::int64_t v) noexcept {
  return static_cast<std::uint64_t>(v) << 1 ^ static_cast<std::uint64_t>(v >> 63);
}
constexpr std::int32_t unzigzag(std::uint32_t v) noexcept {
  return static_cast<std::int32_t>(v >> 1 ^ (0 - (v & 1)));
}
constexpr std::int64_t unzigzag(std::uint64_t v) noexcept {
  return static_cast<std::int64_t>(v >> 1 ^ (0 - (v & 1)));
}

/// What is wrong, and where: fields and elements are added to the front on the way out.
struct failure {
  std::string path = {};
  std::string what = {};

  void in_field(std::string_view name);
  void in_element(std::size_t index);
  /// `items[3].price: truncated varint`
  std::string text() const;
};

}  // namespace kit::protobuf::detail
