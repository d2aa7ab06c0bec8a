#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Bytes as text (RFC 4648).
namespace kit::base64 {

/// Characters that `n` bytes take, with padding.
constexpr std::size_t encoded_size(std::size_t n) noexcept {
  return (n + 2) / 3 * 4;
}

/// The standard alphabet with padding (section 4).
std::string encode(std::span<const std::byte> bytes);
void append(std::string& out, std::span<const std::byte> bytes);

/// Reads the standard and the URL-safe alphabet, with padding or without. Nothing for any other
/// text, such as one with line breaks, or with bits behind the last byte that aren't zero.
std::optional<std::vector<std::byte>> decode(std::string_view text);

/// The URL-safe alphabet without padding (section 5), as RFC 7515 has it.
std::string encode_url(std::span<const std::byte> bytes);
void append_url(std::string& out, std::span<const std::byte> bytes);

/// Reads that and nothing else: neither padding nor the standard alphabet. So each text has one
/// encoding, and each encoding is of one text.
std::optional<std::string> decode_url(std::string_view text);

}  // namespace kit::base64
