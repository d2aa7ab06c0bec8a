#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// For signatures of requests, which the core makes without OpenSSL.
namespace kit::detail {

using sha256_digest = std::array<std::uint8_t, 32>;

/// Source: FIPS 180-4.
sha256_digest sha256(std::string_view text) noexcept;
/// Source: RFC 2104.
sha256_digest hmac_sha256(std::string_view key, std::string_view text);

/// The same bytes as text, for the next round.
inline std::string_view view(const sha256_digest& d) noexcept {
  return {reinterpret_cast<const char*>(d.data()), d.size()};
}
/// In lower case.
std::string hex(const sha256_digest& d);

}  // namespace kit::detail
