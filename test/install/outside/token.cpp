// A program outside Cokit's tree that uses an installed cokit-jwt. It answers 0 when all is well.
#include <string>

#include <kit/jwt/sign.hpp>
#include <kit/jwt/verifier.hpp>
#include <middleware/auth/jwt_verifier.hpp>

int main() {
  const auto key = kit::jwt::key::secret(std::string(32, 's'), kit::jwt::algorithm::hs256);
  const kit::jwt::verifier verifier(key);
  const kit::middleware::auth::jwt_verifier middleware(verifier);
  const auto token = kit::jwt::sign(kit::jwt::claims{.sub = "alice"}, key);
  const auto claims = verifier.verify(token.value());
  return claims && claims->sub == "alice" ? 0 : 1;
}
