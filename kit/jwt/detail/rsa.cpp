#include <array>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include <kit/jwt/detail/key_parts.hpp>

namespace kit::jwt::detail {
namespace {

bignum_ptr number(const EVP_PKEY& key, const char* name) {
  BIGNUM* out = nullptr;
  if (EVP_PKEY_get_bn_param(&key, name, &out) != 1) refuse_key("no RSA key");
  return bignum_ptr(out);
}

// Moduli by Infineon's library are powers of 65537 modulo each of the small primes; of 2^27 others
// one is, too. Source: Nemec and others, The Return of Coppersmith's Attack, CCS 2017.
bool has_roca(const BIGNUM& modulus) {
  constexpr std::array<unsigned, 17> primes{11, 13, 17,  19,  37,  53,  61,  71, 73,
                                            79, 97, 103, 107, 109, 127, 151, 157};
  for (const unsigned prime : primes) {
    const auto rest = BN_mod_word(&modulus, prime);
    unsigned power = 1;
    do {
      power = power * 65537U % prime;
    } while (power != 1 && power != rest);
    if (power != rest) return false;
  }
  return true;
}

}  // namespace

void check_rsa(const evp_pkey_st& key, bool allow_weak) {
  const auto n = number(key, OSSL_PKEY_PARAM_RSA_N);
  const auto e = number(key, OSSL_PKEY_PARAM_RSA_E);
  const int bits = BN_num_bits(n.get());
  if (bits < (allow_weak ? 1024 : 2048)) {
    refuse_key("RSA needs at least 2048 bits (RFC 7518 3.3)");
  }
  // What a verification costs is up to these.
  if (bits > 8192) refuse_key("RSA with more than 8192 bits");
  if (BN_num_bits(e.get()) > 64) refuse_key("its public exponent has more than 64 bits");
  if (!BN_is_odd(n.get()) || !BN_is_odd(e.get()) || BN_is_one(e.get())) {
    refuse_key("its modulus or its public exponent is none");
  }
  if (has_roca(*n)) refuse_key("its primes can be found out (CVE-2017-15361)");
}

}  // namespace kit::jwt::detail
