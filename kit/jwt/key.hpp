#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <kit/jwt/algorithm.hpp>
#include <kit/result.hpp>

namespace kit::jwt {

namespace detail {
struct key_parts;
}

/// Settings of a key. Plain data.
struct key_options {
  /// What it is for. Needed where neither its text nor its kind says that: for RSA, and for
  /// secrets. Where they do, they have to agree.
  std::optional<jwt::algorithm> algorithm = {};
  /// Its `kid`, where its text has none. What a JWK says has to agree.
  std::string id = {};
  /// Takes secrets that are shorter than the hash (RFC 7518 3.2), and RSA keys of 1,024 bits and
  /// more, not of 2,048 (3.3): for partners who can't be helped.
  bool allow_weak = false;
};

/// A key, and the one algorithm it is used with, so that what is signed by another, such as HMAC
/// with the text of a public key, is never verified by it (RFC 8725 3.1).
///
/// A small handle; copies share. OpenSSL does the cryptography.
///
/// Errors:  the functions that make one throw `errc::invalid_argument`, and say what is wrong with
///          it, never what it is: text that can't be read, what is no key for signatures (`use`,
///          `key_ops`), a curve or an algorithm that isn't known or isn't that of the key, halves
///          that don't belong together, points that aren't on the curve, RSA keys out of range
///          (moduli of 2,048 to 8,192 bits; public exponents from 3 and up to 64 bits) or made by
///          the broken generator of CVE-2017-15361.
/// Threads: any, at the same time.
/// Library: `cokit-jwt`.
class key {
 public:
  /// A secret of HS256, HS384 or HS512: bytes, of any length from that of the hash.
  static key secret(std::string_view bytes, jwt::algorithm a, key_options options = {});
  /// The first key of a PEM text: public (SPKI, PKCS#1) or private (PKCS#8, PKCS#1, SEC1), not
  /// encrypted; or that of its first certificate (X.509), which is taken as it is: nobody looks at
  /// its issuer, its dates or its extensions.
  static key from_pem(std::string_view pem, key_options options = {});
  /// A JSON Web Key (RFC 7517, RFC 7518 6, RFC 8037 2): `oct`, `RSA`, `EC` with P-256, P-384 or
  /// P-521, `OKP` with Ed25519 or Ed448. Members that aren't known, such as `x5c`, don't count.
  static key from_jwk(std::string_view json, key_options options = {});

  jwt::algorithm algorithm() const noexcept;
  /// Its `kid`; empty where it has none.
  const std::string& id() const noexcept;
  /// A secret, or the private half of a pair, that may be used so.
  bool can_sign() const noexcept;
  /// False where `key_ops` says that it is for signing only.
  bool can_verify() const noexcept;
  /// Whether it is a secret that signs and verifies.
  bool symmetric() const noexcept;

  /// The signature as bytes; that of ECDSA is r and s, each as long as the curve's order.
  /// Errors: `errc::failed_precondition` where it can't sign, `errc::internal`.
  result<std::string> sign(std::string_view message) const;
  /// Whether the signature is that of the message. A wrong one takes as long as a right one.
  bool verify(std::string_view message, std::string_view signature) const;

 private:
  struct impl;
  static key make(detail::key_parts parts, key_options options);
  explicit key(std::shared_ptr<const impl> i) noexcept : impl_(std::move(i)) {}

  std::shared_ptr<const impl> impl_;
};

}  // namespace kit::jwt
