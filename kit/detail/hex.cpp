#include <kit/detail/hex.hpp>

#include <string_view>

namespace kit::detail {

void append_hex(std::string& out, std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  out.reserve(out.size() + 2 * bytes.size());
  for (const auto byte : bytes) {
    const auto n = std::to_integer<unsigned>(byte);
    out += digits[n >> 4U];
    out += digits[n & 15U];
  }
}

}  // namespace kit::detail
