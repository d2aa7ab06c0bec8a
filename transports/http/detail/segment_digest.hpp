#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace kit::http::detail {

/// Up to 8 bytes as a number: texts of the same size have the same only when they are equal.
inline std::uint64_t load_upto_8(const char* p, std::size_t size) noexcept {
  std::uint64_t word = 0;
  if (size >= 8) {
    std::memcpy(&word, p, 8);
  } else if (size >= 4) {
    std::uint32_t low;
    std::uint32_t high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + size - 4, 4);
    word = std::uint64_t{high} << 32 | low;
  } else if (size > 0) {
    const auto byte = [p](std::size_t i) {
      return std::uint64_t{static_cast<unsigned char>(p[i])};
    };
    word = byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
  }
  return word;
}

/// What a hash table looks a path segment up by. Head, tail and size together tell all texts of at
/// most 16 bytes apart.
struct segment_digest {
  std::uint64_t head = 0;  ///< of the first 8 bytes
  std::uint64_t tail = 0;  ///< of the last 8 bytes; 0 when there are at most 8
  std::size_t hash = 0;    ///< of the whole, and of where it stands
};

inline segment_digest digest_of(std::uint32_t from, std::string_view text) noexcept {
  const auto mix = [](std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 32;
  };
  const char* const p = text.data();
  const auto size = text.size();
  segment_digest d;
  d.head = load_upto_8(p, size);
  auto hash = mix(std::uint64_t{from} << 32 | (size & UINT32_MAX), d.head);
  if (size > 8) {
    for (std::size_t i = 8; i + 8 < size; i += 8)
      hash = mix(hash, load_upto_8(p + i, 8));
    d.tail = load_upto_8(p + size - 8, 8);
    hash = mix(hash, d.tail);
  }
  d.hash = static_cast<std::size_t>(hash);
  return d;
}

}  // namespace kit::http::detail
