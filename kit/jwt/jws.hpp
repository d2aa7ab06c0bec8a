#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <kit/jwt/algorithm.hpp>
#include <kit/jwt/failure.hpp>
#include <kit/jwt/key_set.hpp>
#include <kit/result.hpp>

/// JSON Web Signature, the compact form (RFC 7515 3.1): what a token is below its claims.
namespace kit::jwt {

/// What a header says that matters here. Keys that it brings along (`jwk`, `jku`, `x5c`, `x5u`) are
/// never looked at: they are the sender's (RFC 8725 3.5).
struct header {
  /// Nothing for a name that isn't known, `none` included.
  std::optional<algorithm> alg;
  std::string kid, typ;
  /// It has `crit`, so that it needs an extension (RFC 7515 4.1.11).
  bool critical = false;
};

/// A text that is signed, taken apart; nothing of it is verified yet.
class jws {
 public:
  /// Strict: three parts in base64url without padding, a header that is a JSON object in UTF-8
  /// without a name that stands there twice.
  /// Errors:   `failure::malformed`, also past `max_bytes`; the cause says more.
  /// Lifetime: refers to the text.
  static result<jws> parse(std::string_view token, std::size_t max_bytes = 16 * 1024);

  const header& head() const noexcept { return head_; }
  const std::string& payload() const noexcept { return payload_; }
  std::string& payload() noexcept { return payload_; }

  /// Why no key of the set can have signed this, from what the header says: `unexpected_algorithm`
  /// where its key is for another one, or `unknown_key`. A key that has no `kid` is one for any
  /// `kid`, and a token that has none may be signed by any key: all of its algorithm are tried.
  std::optional<failure> rules_out(const key_set& keys) const;
  /// Whether a key of the set that has the right `kid` and algorithm has signed it.
  bool signed_by(const key_set& keys) const;

 private:
  bool may_be_by(const key& k) const noexcept;

  header head_;
  std::string payload_, signature_;
  std::string_view signed_;
};

/// Verifies a text with any payload. Of a token `verifier` also checks the claims.
/// Errors: `malformed`, `critical_extension`, `unexpected_algorithm`, `unknown_key`,
///         `bad_signature`.
result<std::string> verify_jws(std::string_view token, const key_set& keys,
                               std::size_t max_bytes = 16 * 1024);

/// Signs any payload. The header has `alg`, the key's `kid` and, where given, `typ`, in this order.
/// Errors: as `key::sign`.
/// Source: Go kit's package auth/jwt, NewSigner, has the header so.
result<std::string> sign_jws(std::string_view payload, const key& k, std::string_view typ = {});

}  // namespace kit::jwt
