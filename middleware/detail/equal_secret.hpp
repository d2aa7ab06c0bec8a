#pragma once

#include <cstddef>
#include <string_view>

namespace kit::middleware::detail {

/// Whether somebody has given the secret. How long that takes depends on what was given alone: not
/// on the secret, its length, or how much of it is right.
inline bool equal_secret(std::string_view given, std::string_view secret) noexcept {
  // The compiler must not see that the answer is known before the end.
  volatile unsigned char differs = given.size() == secret.size() ? 0 : 1;
  if (secret.empty()) return differs == 0;
  std::size_t at = 0;
  for (const char c : given) {
    differs = static_cast<unsigned char>(
        differs | (static_cast<unsigned char>(c) ^ static_cast<unsigned char>(secret[at])));
    ++at;
    at = at == secret.size() ? 0 : at;
  }
  return differs == 0;
}

}  // namespace kit::middleware::detail
