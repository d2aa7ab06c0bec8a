#include <kit/jwt/sign.hpp>

#include <map>
#include <string>

#include <doctest/doctest.h>

#include "keys.hpp"

using kit::errc;
using kit::jwt::algorithm;
using kit::jwt::claims;
using kit::jwt::key;
using kit::jwt::sign;

namespace json = kit::json;

namespace {

// Go kit's: 16 bytes, too few by RFC 7518 3.2.
key gokit_key() {
  return key::secret("test_signing_key", algorithm::hs256, {.id = "kid", .allow_weak = true});
}

const std::string head = "eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZCIsInR5cCI6IkpXVCJ9.";

struct user_claims {
  std::string user;
};
struct my_claims {
  std::string my_property;
  std::string aud;
};

}  // namespace

TEST_CASE("jwt::sign: Go kit's tokens, byte for byte [auth/jwt:1]") {
  CHECK(sign(std::map<std::string, std::string>{{"user", "go-kit"}}, gokit_key()).value() ==
        head + "eyJ1c2VyIjoiZ28ta2l0In0.14M2VmYyApdSlV_LZ88ajjwuaLeIFplB8JpyNy0A19E");
  CHECK(sign(user_claims{"go-kit"}, gokit_key()).value() ==
        head + "eyJ1c2VyIjoiZ28ta2l0In0.14M2VmYyApdSlV_LZ88ajjwuaLeIFplB8JpyNy0A19E");
  CHECK(sign(claims{.aud = {"go-kit"}}, gokit_key()).value() ==
        head + "eyJhdWQiOiJnby1raXQifQ.L5ypIJjCOOv3jJ8G5SelaHvR04UJuxmcBN5QW3m_aoY");
  CHECK(sign(my_claims{"some value", "go-kit"}, gokit_key()).value() ==
        head +
            "eyJteV9wcm9wZXJ0eSI6InNvbWUgdmFsdWUiLCJhdWQiOiJnby1raXQifQ."
            "s8F-IDrV4WPJUsqr7qfDi-3GRlcKR0SRnkTeUT_U-i0");
}

TEST_CASE("jwt::sign: the header has what there is") {
  const auto plain = sign(claims{}, test::secret_of('a'), "").value();
  CHECK(plain.starts_with("eyJhbGciOiJIUzI1NiJ9.e30."));
  CHECK_FALSE(sign(claims{}, test::secret_of('a', "\xff")));  // no JSON
}

TEST_CASE("jwt::sign: what can't be signed [auth/jwt:2]") {
  CHECK(sign(claims{}, key::from_jwk(test::ed25519_public)).error() == errc::failed_precondition);
  CHECK(sign(json::raw::parse("[1]").value(), gokit_key()).error() == errc::internal);
  CHECK(sign(std::string("x"), gokit_key()).error().message() == "jwt: claims must be an object");
  CHECK(sign(user_claims{"\xff"}, gokit_key()).error() == errc::internal);
}
