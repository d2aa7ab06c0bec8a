#include <kit/detail/utf8.hpp>

#include <cstdint>
#include <cstring>

namespace kit::detail {
namespace {

constexpr unsigned byte(char c) {
  return static_cast<unsigned char>(c);
}

}  // namespace

std::size_t utf8_length(const char* p, const char* end) noexcept {
  const auto trail = [&](int i, unsigned low = 0x80, unsigned high = 0xbf) {
    return end - p > i && byte(p[i]) >= low && byte(p[i]) <= high;
  };
  const unsigned lead = byte(*p);
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return trail(1) ? 2 : 0;
  if (lead < 0xf0) {
    // No overlong forms, no surrogates.
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;
    return trail(1, low, high) && trail(2) ? 3 : 0;
  }
  if (lead > 0xf4) return 0;
  const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
  return trail(1, low, high) && trail(2) && trail(3) ? 4 : 0;
}

const char* find_invalid_utf8(std::string_view text) noexcept {
  const char* p = text.data();
  const char* const end = p + text.size();
  while (p != end) {
    std::uint64_t word;
    if (end - p >= 8 && (std::memcpy(&word, p, 8), (word & 0x8080808080808080) == 0)) {
      p += 8;
      continue;
    }
    const std::size_t n = utf8_length(p, end);
    if (n == 0) return p;
    p += n;
  }
  return nullptr;
}

std::size_t utf8_cut(std::string_view text, std::size_t most) noexcept {
  constexpr std::size_t longest_tail = 3;
  if (text.size() <= most) return text.size();
  std::size_t end = most;
  while (end > 0 && most - end < longest_tail && (byte(text[end]) & 0xc0) == 0x80)
    --end;
  return end;
}

}  // namespace kit::detail
