#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/jwt/claims.hpp>
#include <kit/jwt/failure.hpp>
#include <kit/jwt/key_set.hpp>
#include <kit/result.hpp>

namespace kit::jwt {

/// Settings of a `verifier`: what has to be right about a token besides its signature.
struct verifier_options {
  /// Who may have issued it: `iss` is one of these. Empty: anybody who has a key.
  std::vector<std::string> issuers = {};
  /// Whom it may be for: `aud` has one of these. Empty: whoever takes it.
  std::vector<std::string> audiences = {};
  /// By how much clocks may differ, for all times. Not negative, up to an hour.
  std::chrono::milliseconds leeway{0};
  /// Refuses a token that never expires.
  bool require_exp = false;
  /// Refuses one that says it comes from the future (`iat`); where clocks differ, give some leeway.
  bool check_iat = true;
  /// How old it may be, by its `iat`, which it then must have. 0: of any age.
  std::chrono::seconds max_age{0};
  /// What its `typ` must be, such as `at+jwt`, without regard to case, and with `application/`
  /// before it or without (RFC 7515 4.1.9, RFC 8725 3.11). Empty: anything, or nothing.
  std::string type = {};
  /// Longest token, in bytes.
  std::size_t max_bytes = 16 * 1024;
  std::function<wall_time()> clock = std::chrono::system_clock::now;
};

/// Verifies tokens (RFC 7519 7.2, RFC 8725).
///
/// Of several problems the first counts: malformed, an extension in `crit`, another algorithm,
/// expired, not valid yet, an unknown key, a wrong signature, and then whatever else is wrong with
/// the claims. So `expired` and `not_yet_valid` are said of a token that anybody may have made;
/// nothing else is believed of it. A token is expired from the second of its `exp` on (RFC 7519
/// 4.1.4), and valid from that of its `nbf`.
///
/// Threads: any, at the same time. Library: `cokit-jwt`.
/// Source: Go kit's package auth/jwt, NewParser.
class verifier {
 public:
  /// Errors: throws `errc::invalid_argument` for options out of range.
  explicit verifier(key_set keys, verifier_options options = {});

  /// Errors: `errc::unauthenticated` with a `failure`.
  result<claims> verify(std::string_view token) const { return verify(token, keys_); }
  /// With other keys.
  result<claims> verify(std::string_view token, const key_set& keys) const;

  const key_set& keys() const noexcept { return keys_; }

 private:
  std::optional<failure> check_times(const claims& c) const;
  std::optional<failure> check_rest(const claims& c, std::string_view typ) const;

  key_set keys_;
  verifier_options options_;
};

}  // namespace kit::jwt
