// Keys as JSON: RFC 7517, RFC 7518 6, RFC 8037 2.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <kit/codec/base64.hpp>
#include <kit/codec/json.hpp>
#include <kit/jwt/detail/key_parts.hpp>

namespace kit::jwt::detail {
namespace {

using text = std::optional<std::string>;

struct jwk {
  std::string kty;
  text use, alg, kid, crv;
  std::optional<std::vector<std::string>> key_ops;
  text k;
  text x, y;
  text n, e;
  text d, p, q, dp, dq, qi;
  std::optional<json::raw> oth;
};

/// Bytes that are overwritten when they go.
class member {
 public:
  member(const text& encoded, const char* name) {
    if (!encoded) refuse_key(std::string(name) + " is missing");
    auto decoded = base64::decode_url(*encoded);
    if (!decoded) refuse_key(std::string(name) + " is not in base64url");
    bytes_ = *std::move(decoded);
  }
  member(const text& encoded, const char* name, std::size_t size) : member(encoded, name) {
    if (bytes_.size() != size) refuse_key(std::string(name) + " has the wrong length");
  }
  member(const member&) = delete;
  member& operator=(const member&) = delete;
  ~member() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  const std::string& view() const noexcept { return bytes_; }

 private:
  std::string bytes_;
};

struct release_parameters {
  void operator()(OSSL_PARAM_BLD* p) const noexcept { OSSL_PARAM_BLD_free(p); }
  void operator()(OSSL_PARAM* p) const noexcept { OSSL_PARAM_free(p); }
};

/// Makes a key of OpenSSL out of numbers.
class parameters {
 public:
  void add(const char* name, const member& number) {
    bignum_ptr n(BN_secure_new());
    if (!n || !BN_bin2bn(bytes(number.view()), static_cast<int>(number.view().size()), n.get()) ||
        OSSL_PARAM_BLD_push_BN(all_.get(), name, n.get()) != 1) {
      broken("parameters");
    }
    numbers_.push_back(std::move(n));
  }
  /// Refers to the octets and to the value.
  void add_octets(const char* name, const std::string& octets) {
    if (OSSL_PARAM_BLD_push_octet_string(all_.get(), name, octets.data(), octets.size()) != 1)
      broken("parameters");
  }
  void add_name(const char* name, const char* value) {
    if (OSSL_PARAM_BLD_push_utf8_string(all_.get(), name, value, 0) != 1) broken("parameters");
  }

  /// Null: they make no key.
  pkey_ptr key(const char* type, bool is_private) {
    const std::unique_ptr<OSSL_PARAM, release_parameters> list(OSSL_PARAM_BLD_to_param(all_.get()));
    const key_context_ptr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    if (!list || !context || EVP_PKEY_fromdata_init(context.get()) != 1) broken("parameters");
    EVP_PKEY* made = nullptr;
    const int what = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    const bool good = EVP_PKEY_fromdata(context.get(), &made, what, list.get()) == 1;
    pkey_ptr key(made);
    return good ? std::move(key) : nullptr;
  }

 private:
  std::unique_ptr<OSSL_PARAM_BLD, release_parameters> all_{OSSL_PARAM_BLD_new()};
  std::vector<bignum_ptr> numbers_;
};

pkey_ptr rsa_key(const jwk& j) {
  if (j.oth) refuse_key("more than two primes");
  parameters all;
  all.add(OSSL_PKEY_PARAM_RSA_N, member(j.n, "n"));
  // Signing with what is longer than the modulus could take minutes.
  for (const auto* part : {&j.d, &j.p, &j.q, &j.dp, &j.dq, &j.qi}) {
    if (*part && (*part)->size() > j.n->size()) refuse_key("a part of it is longer than n");
  }
  all.add(OSSL_PKEY_PARAM_RSA_E, member(j.e, "e"));
  if (j.d) all.add(OSSL_PKEY_PARAM_RSA_D, member(j.d, "d"));
  if (j.p || j.q || j.dp || j.dq || j.qi) {  // all of them or none (RFC 7518 6.3.2)
    if (!j.d) refuse_key("d is missing");
    all.add(OSSL_PKEY_PARAM_RSA_FACTOR1, member(j.p, "p"));
    all.add(OSSL_PKEY_PARAM_RSA_FACTOR2, member(j.q, "q"));
    all.add(OSSL_PKEY_PARAM_RSA_EXPONENT1, member(j.dp, "dp"));
    all.add(OSSL_PKEY_PARAM_RSA_EXPONENT2, member(j.dq, "dq"));
    all.add(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, member(j.qi, "qi"));
  }
  return all.key("RSA", j.d.has_value());
}

struct curve {
  std::string_view name;
  const char* openssl;
  std::size_t bytes;
};
constexpr std::array<curve, 3> curves{
    {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}}};

pkey_ptr ec_key(const jwk& j) {
  const auto* c = std::ranges::find(curves, j.crv.value_or(""), &curve::name);
  if (c == curves.end()) refuse_key("its curve is not known");
  const auto point = '\4' + member(j.x, "x", c->bytes).view() + member(j.y, "y", c->bytes).view();
  parameters all;
  all.add_name(OSSL_PKEY_PARAM_GROUP_NAME, c->openssl);
  all.add_octets(OSSL_PKEY_PARAM_PUB_KEY, point);
  if (j.d) all.add(OSSL_PKEY_PARAM_PRIV_KEY, member(j.d, "d", c->bytes));
  return all.key("EC", j.d.has_value());
}

pkey_ptr okp_key(const jwk& j) {
  const bool is_448 = j.crv == "Ed448";
  if (!is_448 && j.crv != "Ed25519") refuse_key("its curve is not known");
  const char* const type = is_448 ? "ED448" : "ED25519";
  const std::size_t size = is_448 ? 57 : 32;
  const member x(j.x, "x", size);
  if (!j.d) {
    return pkey_ptr(EVP_PKEY_new_raw_public_key_ex(nullptr, type, nullptr, bytes(x.view()), size));
  }
  const member d(j.d, "d", size);
  pkey_ptr key(EVP_PKEY_new_raw_private_key_ex(nullptr, type, nullptr, bytes(d.view()), size));
  std::string of_d(size, '\0');
  std::size_t got = size;
  if (!key ||
      EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(of_d.data()), &got) !=
          1 ||
      of_d != x.view()) {
    refuse_key("its halves don't belong together");
  }
  return key;
}

// RFC 7517 4.2 and 4.3.
void check_purpose(const jwk& j, key_parts& out) {
  if (j.use && j.use != "sig") refuse_key("its use is not sig");
  if (!j.key_ops) return;
  auto operations = *j.key_ops;
  std::ranges::sort(operations);
  if (std::ranges::adjacent_find(operations) != operations.end()) {
    refuse_key("one of its key_ops stands there twice");
  }
  out.may_sign = std::ranges::binary_search(operations, "sign");
  out.may_verify = std::ranges::binary_search(operations, "verify");
  if (!out.may_sign && !out.may_verify) refuse_key("its key_ops have neither sign nor verify");
}

}  // namespace

key_parts::~key_parts() {
  OPENSSL_cleanse(secret.data(), secret.size());
}

key_parts parts_of_jwk(std::string_view json) {
  const error_scope scope;
  auto decoded = json::decode<jwk>(
      json, {.max_bytes = std::size_t{1} << 16, .max_depth = 16, .refuse_duplicates = true});
  if (!decoded) refuse_key("not a JWK: " + std::string(decoded.error().message()));
  const jwk& j = *decoded;
  key_parts out;
  check_purpose(j, out);
  out.id = j.kid.value_or("");
  if (j.alg) {
    out.algorithm = algorithm_from_name(*j.alg);
    if (!out.algorithm) refuse_key("its alg is not known, or not one for signatures");
  }
  out.is_private = j.d.has_value();
  if (j.kty == "oct") {
    out.secret = member(j.k, "k").view();
  } else if (j.kty == "RSA") {
    out.pkey = rsa_key(j);
  } else if (j.kty == "EC") {
    out.pkey = ec_key(j);
  } else if (j.kty == "OKP") {
    out.pkey = okp_key(j);
  } else {
    refuse_key("its kty is not known");
  }
  if (j.kty != "oct" && !out.pkey) refuse_key("it is none that its kty allows");
  return out;
}

}  // namespace kit::jwt::detail
