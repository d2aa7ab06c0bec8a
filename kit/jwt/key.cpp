#include <kit/jwt/key.hpp>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/evp.h>

#include <kit/error.hpp>
#include <kit/jwt/detail/key_parts.hpp>
#include <kit/jwt/detail/primitive.hpp>

namespace kit::jwt {

using detail::family;
using detail::refuse_key;

struct key::impl {
  jwt::algorithm algorithm{};
  std::string id;
  bool can_sign = false;
  bool can_verify = false;
  std::unique_ptr<detail::primitive> primitive;
};

namespace {

std::string curve_of(const EVP_PKEY* k) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(k, name.data(), name.size(), &size) != 1) return "";
  return {name.data(), size};
}

/// What the key can be used with by its kind: the one algorithm, or the first of several.
struct choice {
  jwt::algorithm algorithm;
  bool only;
};

choice choice_of(const EVP_PKEY* k) {
  if (!k) return {algorithm::hs256, false};
  switch (EVP_PKEY_get_base_id(k)) {
    case EVP_PKEY_RSA:
      return {algorithm::rs256, false};
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return {algorithm::eddsa, true};
    case EVP_PKEY_EC: {
      const auto curve = curve_of(k);
      if (curve == "prime256v1") return {algorithm::es256, true};
      if (curve == "secp384r1") return {algorithm::es384, true};
      if (curve == "secp521r1") return {algorithm::es512, true};
      refuse_key("its curve is not known");
    }
    default:
      refuse_key("it is of a kind that signs no tokens");
  }
}

bool fits(jwt::algorithm a, const choice& c, const EVP_PKEY* k) {
  if (detail::family_of(a) != detail::family_of(c.algorithm)) return false;
  if (detail::family_of(a) == family::ec) return a == c.algorithm;
  if (a == algorithm::ed25519) return EVP_PKEY_get_base_id(k) == EVP_PKEY_ED25519;
  if (a == algorithm::ed448) return EVP_PKEY_get_base_id(k) == EVP_PKEY_ED448;
  return true;
}

jwt::algorithm algorithm_of(const detail::key_parts& parts, const key_options& options) {
  const auto& said = parts.algorithm;
  const auto& wanted = options.algorithm;
  if (said && wanted && said != wanted) refuse_key("it is for another algorithm");
  const auto by_kind = choice_of(parts.pkey.get());
  if (!said && !wanted && !by_kind.only) refuse_key("nothing says for which algorithm it is");
  const auto a = said ? *said : wanted ? *wanted : by_kind.algorithm;
  if (!fits(a, by_kind, parts.pkey.get())) refuse_key("its algorithm is not one for its kind");
  return a;
}

std::string id_of(detail::key_parts& parts, key_options& options) {
  if (parts.id.empty()) return std::move(options.id);
  if (!options.id.empty() && options.id != parts.id) refuse_key("its kid is another one");
  return std::move(parts.id);
}

std::unique_ptr<detail::primitive> primitive_of(jwt::algorithm a, detail::key_parts& parts,
                                                bool allow_weak) {
  if (!parts.pkey) {
    const auto least = allow_weak ? 1 : detail::hash_bytes(a);
    if (parts.secret.size() < least) {
      refuse_key("the secret must be as long as the hash (RFC 7518 3.2)");
    }
    return detail::make_hmac(a, parts.secret);
  }
  if (detail::family_of(a) == family::rsa) detail::check_rsa(*parts.pkey, allow_weak);
  auto made = detail::make_signature(a, std::move(parts.pkey));
  if (parts.is_private) {
    constexpr std::string_view message = "do the halves belong together?";
    const auto signature = made->sign(message);
    if (!signature || !made->verify(message, *signature)) {
      refuse_key("its halves don't belong together");
    }
  }
  return made;
}

}  // namespace

key key::make(detail::key_parts parts, key_options options) {
  const detail::error_scope scope;
  auto made = std::make_shared<impl>();
  made->algorithm = algorithm_of(parts, options);
  made->id = id_of(parts, options);
  made->can_sign = parts.may_sign && (parts.is_private || !parts.pkey);
  made->can_verify = parts.may_verify;
  made->primitive = primitive_of(made->algorithm, parts, options.allow_weak);
  return key(std::move(made));
}

key key::secret(std::string_view bytes, jwt::algorithm a, key_options options) {
  detail::key_parts parts;
  parts.secret = bytes;
  parts.algorithm = a;
  return make(std::move(parts), std::move(options));
}

key key::from_pem(std::string_view pem, key_options options) {
  return make(detail::parts_of_pem(pem), std::move(options));
}

key key::from_jwk(std::string_view json, key_options options) {
  return make(detail::parts_of_jwk(json), std::move(options));
}

jwt::algorithm key::algorithm() const noexcept {
  return impl_->algorithm;
}
const std::string& key::id() const noexcept {
  return impl_->id;
}
bool key::can_sign() const noexcept {
  return impl_->can_sign;
}
bool key::can_verify() const noexcept {
  return impl_->can_verify;
}
bool key::symmetric() const noexcept {
  return detail::family_of(impl_->algorithm) == family::hmac;
}

result<std::string> key::sign(std::string_view message) const {
  if (!impl_->can_sign) return fail(errc::failed_precondition, "jwt: the key can't sign");
  const detail::error_scope scope;
  return impl_->primitive->sign(message);
}

bool key::verify(std::string_view message, std::string_view signature) const {
  if (!impl_->can_verify) return false;
  const detail::error_scope scope;
  return impl_->primitive->verify(message, signature);
}

}  // namespace kit::jwt
