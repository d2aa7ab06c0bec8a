#include "pems.hpp"

#include <map>
#include <memory>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace test {
namespace {

struct release {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
};
using pkey = std::unique_ptr<EVP_PKEY, release>;

pkey make(const std::string& kind) {
  if (kind.starts_with("RSA-")) return pkey(EVP_RSA_gen(std::stoul(kind.substr(4))));
  if (kind.starts_with("P-") || kind == "secp256k1") {
    return pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kind.c_str()));
  }
  return pkey(EVP_PKEY_Q_keygen(nullptr, nullptr, kind.c_str()));
}

template <class Write>
std::string text_of(Write write) {
  const std::unique_ptr<BIO, release> to(BIO_new(BIO_s_mem()));
  if (write(to.get()) != 1) return "";
  char* data = nullptr;
  const long size = BIO_get_mem_data(to.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string certificate_of(EVP_PKEY* key) {
  const std::unique_ptr<X509, release> c(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(c.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(c.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(c.get()), 3600);
  X509_set_pubkey(c.get(), key);
  const bool pure =
      EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 || EVP_PKEY_get_base_id(key) == EVP_PKEY_ED448;
  if (X509_sign(c.get(), key, pure ? nullptr : EVP_sha256()) == 0) return "";
  return text_of([&](BIO* to) { return PEM_write_bio_X509(to, c.get()); });
}

pems write(const std::string& kind) {
  const auto key = make(kind);
  if (!key) throw std::runtime_error("OpenSSL makes no " + kind);
  auto* k = key.get();
  pems out;
  out.pkcs8 = text_of([&](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, k, nullptr, nullptr, 0, nullptr, nullptr);
  });
  out.encrypted = text_of([&](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, k, EVP_aes_128_cbc(), "pass", 4, nullptr, nullptr);
  });
  out.traditional = text_of([&](BIO* to) {
    return PEM_write_bio_PrivateKey_traditional(to, k, nullptr, nullptr, 0, nullptr, nullptr);
  });
  out.spki = text_of([&](BIO* to) { return PEM_write_bio_PUBKEY(to, k); });
  out.certificate = certificate_of(k);
  if (kind.starts_with("RSA-")) {
    unsigned char* der = nullptr;
    const int size = i2d_PublicKey(k, &der);
    out.pkcs1_public = text_of(
        [&](BIO* to) { return PEM_write_bio(to, "RSA PUBLIC KEY", "", der, size) > 0 ? 1 : 0; });
    OPENSSL_free(der);
  }
  ERR_clear_error();
  return out;
}

}  // namespace

const pems& pems_of(std::string_view kind) {
  static std::map<std::string, pems, std::less<>> made;
  auto at = made.find(kind);
  if (at == made.end()) at = made.emplace(kind, write(std::string(kind))).first;
  return at->second;
}

bool no_openssl_errors() {
  return ERR_peek_error() == 0;
}
void add_openssl_error() {
  ERR_raise(ERR_LIB_USER, 1);
}

void forget_openssl_errors() {
  ERR_clear_error();
}

}  // namespace test
