#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <kit/jwt/algorithm.hpp>
#include <kit/jwt/detail/openssl.hpp>
#include <kit/result.hpp>

namespace kit::jwt::detail {

/// What a key has to be for an algorithm.
enum class family : unsigned char { hmac, rsa, ec, okp };
family family_of(algorithm a) noexcept;

/// Of the hash; 0 for EdDSA, which has its own.
std::size_t hash_bytes(algorithm a) noexcept;
/// By OpenSSL's name. Null for EdDSA.
digest_ptr hash_of(algorithm a);
const char* hash_name(algorithm a) noexcept;

/// An algorithm with a key. Threads: any, at the same time.
class primitive {
 public:
  primitive() = default;
  primitive(const primitive&) = delete;
  primitive& operator=(const primitive&) = delete;
  virtual ~primitive() = default;

  /// Errors: `errc::internal`.
  virtual result<std::string> sign(std::string_view message) const = 0;
  virtual bool verify(std::string_view message, std::string_view signature) const = 0;
};

/// Both: the key is that of the algorithm. Errors: throw `errc::internal`.
std::unique_ptr<primitive> make_hmac(algorithm a, std::string_view secret);
std::unique_ptr<primitive> make_signature(algorithm a, pkey_ptr key);

}  // namespace kit::jwt::detail
