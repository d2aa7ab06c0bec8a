#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kit::jwt {

/// How a token is signed (RFC 7518 3.1, RFC 8037 3.1, RFC 9864). `none` is not among them.
enum class algorithm : std::uint8_t {
  hs256,  ///< HMAC with SHA-2.
  hs384,
  hs512,
  rs256,  ///< RSASSA-PKCS1-v1_5 with SHA-2.
  rs384,
  rs512,
  ps256,  ///< RSASSA-PSS with SHA-2, and a salt as long as the hash.
  ps384,
  ps512,
  es256,    ///< ECDSA on P-256 with SHA-256.
  es384,    ///< ECDSA on P-384 with SHA-384.
  es512,    ///< ECDSA on P-521 with SHA-512.
  eddsa,    ///< `EdDSA`: Ed25519 or Ed448, whichever the key is for.
  ed25519,  ///< The same by its own name, as RFC 9864 wants it.
  ed448,
};
inline constexpr std::size_t algorithm_count = 15;

/// As in a token's header: `HS256`, `EdDSA`.
std::string_view name(algorithm a) noexcept;
/// The algorithm of that name, in that case; nothing for any other text.
std::optional<algorithm> algorithm_from_name(std::string_view name) noexcept;

}  // namespace kit::jwt
