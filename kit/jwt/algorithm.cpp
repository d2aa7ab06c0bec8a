#include <kit/jwt/algorithm.hpp>

#include <array>

namespace kit::jwt {
namespace {

constexpr std::array<std::string_view, algorithm_count> names{
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512",   "PS256", "PS384",
    "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "Ed448"};

}  // namespace

std::string_view name(algorithm a) noexcept {
  return names[static_cast<std::size_t>(a)];
}

std::optional<algorithm> algorithm_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<algorithm>(i);
  }
  return std::nullopt;
}

}  // namespace kit::jwt
