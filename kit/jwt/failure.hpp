#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <kit/error.hpp>

namespace kit::jwt {

/// Why a token was refused. Attached to the error: `e.get<jwt::failure>()`.
enum class failure : std::uint8_t {
  missing,               ///< There was none.
  malformed,             ///< Not a signed token, not claims, or too long.
  unexpected_algorithm,  ///< `none`, or not the one that its key is for.
  expired,               ///< Said of a token whose signature may be wrong, too.
  not_yet_valid,         ///< As is this.
  critical_extension,    ///< `crit` names an extension, none of which is understood.
  unknown_key,           ///< No key of its `kid`.
  bad_signature,
  issued_in_future,
  too_old,
  missing_claim,  ///< It never expires, or doesn't say when it was issued, but has to.
  wrong_type,
  wrong_issuer,
  wrong_audience,
  keys_unavailable,  ///< Nobody knows: the keys could not be fetched.
};
inline constexpr std::size_t failure_count = 15;

/// The message for the caller; for what Go kit knows it is Go kit's.
/// Source: Go kit's package auth/jwt, its errors.
std::string_view text(failure f) noexcept;

/// `errc::unauthenticated` (for `keys_unavailable` it is `errc::unavailable`), with the text and
/// the reason attached.
error make_error(failure f);

}  // namespace kit::jwt
