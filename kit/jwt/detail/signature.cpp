#include <array>
#include <utility>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <kit/jwt/detail/primitive.hpp>
#include <kit/jwt/detail/spare.hpp>

namespace kit::jwt::detail {
namespace {

struct algorithm_facts {
  detail::family family;
  std::size_t hash_bytes;
  const char* hash;
};
constexpr std::array<algorithm_facts, algorithm_count> facts{{{family::hmac, 32, "SHA256"},
                                                              {family::hmac, 48, "SHA384"},
                                                              {family::hmac, 64, "SHA512"},
                                                              {family::rsa, 32, "SHA256"},
                                                              {family::rsa, 48, "SHA384"},
                                                              {family::rsa, 64, "SHA512"},
                                                              {family::rsa, 32, "SHA256"},
                                                              {family::rsa, 48, "SHA384"},
                                                              {family::rsa, 64, "SHA512"},
                                                              {family::ec, 32, "SHA256"},
                                                              {family::ec, 48, "SHA384"},
                                                              {family::ec, 64, "SHA512"},
                                                              {family::okp, 0, nullptr},
                                                              {family::okp, 0, nullptr},
                                                              {family::okp, 0, nullptr}}};

const algorithm_facts& facts_of(algorithm a) noexcept {
  return facts[static_cast<std::size_t>(a)];
}

bool is_pss(algorithm a) noexcept {
  return a >= algorithm::ps256 && a <= algorithm::ps512;
}

result<std::string> no_signature() {
  return fail(errc::internal, "jwt: OpenSSL failed to sign");
}

std::string as_text(const std::array<unsigned char, EVP_MAX_MD_SIZE>& digest, unsigned size) {
  return {reinterpret_cast<const char*>(digest.data()), size};
}

/// What RSA and ECDSA have in common: signatures of hashes.
class hashed : public primitive {
 public:
  hashed(algorithm a, pkey_ptr k) : algorithm_(a), key_(std::move(k)), hash_(hash_of(a)) {}

  result<std::string> sign(std::string_view message) const override {
    const auto context = start(EVP_PKEY_sign_init);
    const auto digest = digest_of(message);
    std::size_t size = 0;
    if (!context || EVP_PKEY_sign(context.get(), nullptr, &size, bytes(digest), digest.size()) <= 0)
      return no_signature();
    std::string out(size, '\0');
    if (EVP_PKEY_sign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                      bytes(digest), digest.size()) <= 0) {
      return no_signature();
    }
    out.resize(size);
    return out;
  }

  bool verify(std::string_view message, std::string_view signature) const override {
    auto context = spare_.take();
    if (!context) context = start(EVP_PKEY_verify_init);
    if (!context) return false;
    const auto digest = digest_of(message);
    const bool good = EVP_PKEY_verify(context.get(), bytes(signature), signature.size(),
                                      bytes(digest), digest.size()) == 1;
    spare_.give(std::move(context));
    return good;
  }

 protected:
  const EVP_PKEY* pkey() const noexcept { return key_.get(); }

 private:
  key_context_ptr start(int (*begin)(EVP_PKEY_CTX*)) const {
    key_context_ptr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
    if (!context || begin(context.get()) <= 0 ||
        EVP_PKEY_CTX_set_signature_md(context.get(), hash_.get()) <= 0) {
      return nullptr;
    }
    if (is_pss(algorithm_) &&
        (EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) <= 0 ||
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), RSA_PSS_SALTLEN_DIGEST) <= 0)) {
      return nullptr;
    }
    return context;
  }

  std::string digest_of(std::string_view message) const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
    unsigned size = 0;
    if (EVP_Digest(message.data(), message.size(), out.data(), &size, hash_.get(), nullptr) != 1) {
      broken("hash");
    }
    return as_text(out, size);
  }

  const algorithm algorithm_;
  const pkey_ptr key_;
  const digest_ptr hash_;
  mutable spare<key_context_ptr> spare_;
};

struct release_ecdsa {
  void operator()(ECDSA_SIG* s) const noexcept { ECDSA_SIG_free(s); }
};
using ecdsa_ptr = std::unique_ptr<ECDSA_SIG, release_ecdsa>;

/// As long as the modulus: OpenSSL also takes a signature of PSS without its leading zeros.
class rsa final : public hashed {
 public:
  rsa(algorithm a, pkey_ptr k)
      : hashed(a, std::move(k)), size_(static_cast<std::size_t>(EVP_PKEY_get_size(pkey()))) {}

  bool verify(std::string_view message, std::string_view signature) const override {
    return signature.size() == size_ && hashed::verify(message, signature);  // RFC 8017 8.1.2
  }

 private:
  const std::size_t size_;
};

/// OpenSSL has r and s in DER, JOSE side by side (RFC 7518 3.4).
class ecdsa final : public hashed {
 public:
  ecdsa(algorithm a, pkey_ptr k)
      : hashed(a, std::move(k)),
        half_(static_cast<std::size_t>(EVP_PKEY_get_bits(pkey()) + 7) / 8) {}

  result<std::string> sign(std::string_view message) const override {
    auto der = hashed::sign(message);
    if (!der) return der;
    const auto* at = bytes(*der);
    const ecdsa_ptr s(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der->size())));
    std::string out(2 * half_, '\0');
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    const int size = static_cast<int>(half_);
    if (!s || BN_bn2binpad(ECDSA_SIG_get0_r(s.get()), to, size) != size ||
        BN_bn2binpad(ECDSA_SIG_get0_s(s.get()), to + half_, size) != size) {
      return no_signature();
    }
    return out;
  }

  bool verify(std::string_view message, std::string_view signature) const override {
    if (signature.size() != 2 * half_) return false;
    const int size = static_cast<int>(half_);
    bignum_ptr r(BN_bin2bn(bytes(signature), size, nullptr));
    bignum_ptr s(BN_bin2bn(bytes(signature) + half_, size, nullptr));
    const ecdsa_ptr both(ECDSA_SIG_new());
    if (!r || !s || !both) return false;
    ECDSA_SIG_set0(both.get(), r.release(), s.release());  // fails for null only
    std::array<unsigned char, 160> der{};  // two integers of up to 67 bytes each, and a frame
    auto* end = der.data();
    const int length = i2d_ECDSA_SIG(both.get(), nullptr);
    if (length <= 0 || static_cast<std::size_t>(length) > der.size()) return false;
    i2d_ECDSA_SIG(both.get(), &end);
    return hashed::verify(
        message, {reinterpret_cast<const char*>(der.data()), static_cast<std::size_t>(length)});
  }

 private:
  const std::size_t half_;
};

class eddsa final : public primitive {
 public:
  explicit eddsa(pkey_ptr k) : key_(std::move(k)) {}

  result<std::string> sign(std::string_view message) const override {
    const digest_context_ptr context(EVP_MD_CTX_new());
    std::array<unsigned char, 114> out{};
    std::size_t size = out.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
        EVP_DigestSign(context.get(), out.data(), &size, bytes(message), message.size()) != 1) {
      return no_signature();
    }
    return std::string(reinterpret_cast<const char*>(out.data()), size);
  }

  bool verify(std::string_view message, std::string_view signature) const override {
    const digest_context_ptr context(EVP_MD_CTX_new());
    return context &&
           EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
           EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(message),
                            message.size()) == 1;
  }

 private:
  const pkey_ptr key_;
};

}  // namespace

family family_of(algorithm a) noexcept {
  return facts_of(a).family;
}
std::size_t hash_bytes(algorithm a) noexcept {
  return facts_of(a).hash_bytes;
}
const char* hash_name(algorithm a) noexcept {
  return facts_of(a).hash;
}
digest_ptr hash_of(algorithm a) {
  digest_ptr hash(EVP_MD_fetch(nullptr, hash_name(a), nullptr));
  if (!hash) broken(hash_name(a));
  return hash;
}

std::unique_ptr<primitive> make_signature(algorithm a, pkey_ptr key) {
  if (family_of(a) == family::okp) return std::make_unique<eddsa>(std::move(key));
  if (family_of(a) == family::ec) return std::make_unique<ecdsa>(a, std::move(key));
  return std::make_unique<rsa>(a, std::move(key));
}

}  // namespace kit::jwt::detail
