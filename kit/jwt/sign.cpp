#include <kit/jwt/sign.hpp>

namespace kit::jwt::detail {

result<std::string> sign_claims(std::string_view json, const key& k, std::string_view typ) {
  if (!json.starts_with('{')) return fail(errc::internal, "jwt: claims must be an object");
  return sign_jws(json, k, typ);
}

}  // namespace kit::jwt::detail
