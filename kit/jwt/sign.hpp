#pragma once

#include <string>
#include <string_view>

#include <kit/codec/json.hpp>
#include <kit/jwt/claims.hpp>
#include <kit/jwt/jws.hpp>
#include <kit/jwt/key.hpp>
#include <kit/result.hpp>

namespace kit::jwt {

namespace detail {
result<std::string> sign_claims(std::string_view json, const key& k, std::string_view typ);
}

/// A token with these claims: `jwt::claims`, a struct or map of one's own, or a `json::raw`, whose
/// text is signed as it is.
/// Errors: as `json::encode` and `key::sign`; `errc::internal` where they are no object.
template <class T>
result<std::string> sign(const T& claims, const key& k, std::string_view typ = "JWT") {
  const auto text = json::encode(claims);
  if (!text) return fail(text.error());
  return detail::sign_claims(*text, k, typ);
}

}  // namespace kit::jwt
