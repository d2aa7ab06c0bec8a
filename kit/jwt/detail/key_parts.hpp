#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kit/jwt/algorithm.hpp>
#include <kit/jwt/detail/openssl.hpp>

namespace kit::jwt::detail {

/// What a text says of a key.
struct key_parts {
  std::optional<jwt::algorithm> algorithm = {};
  std::string id = {};
  std::string secret = {};
  pkey_ptr pkey = {};  // null: it is a secret
  bool is_private = false;
  bool may_sign = true, may_verify = true;

  key_parts() = default;
  key_parts(key_parts&&) = default;
  key_parts& operator=(key_parts&&) = default;
  ~key_parts();  // overwrites the secret
};

/// All throw `errc::invalid_argument`.
key_parts parts_of_pem(std::string_view pem);
key_parts parts_of_jwk(std::string_view json);
/// Refuses what nobody should use.
void check_rsa(const evp_pkey_st& key, bool allow_weak);

}  // namespace kit::jwt::detail
