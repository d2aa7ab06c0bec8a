#include "authority.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace test {
namespace {

void require(bool right, const char* what) {
  if (!right) throw std::runtime_error(std::string("authority: ") + what);
}

template <auto Free>
struct with {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, with<EVP_PKEY_free>>;
using x509_ptr = std::unique_ptr<X509, with<X509_free>>;
using bio_ptr = std::unique_ptr<BIO, with<BIO_free>>;

key_ptr make_key(key_kind kind) {
  char curve[] = "P-256";
  return key_ptr(kind == key_kind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen(curve));
}

template <class Write>
std::string to_pem(Write write) {
  const bio_ptr bio(BIO_new(BIO_s_mem()));
  require(write(bio.get()) == 1, "PEM");
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string certificate_pem(X509* x) {
  return to_pem([x](BIO* to) { return PEM_write_bio_X509(to, x); });
}

std::string key_pem(EVP_PKEY* key) {
  return to_pem([key](BIO* to) {
    return PEM_write_bio_PrivateKey(to, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void set_name(X509_NAME* name, std::string_view common_name) {
  const auto add = [name](const char* field, std::string_view text) {
    require(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()), -1, 0) == 1,
            "name");
  };
  add("O", "Cokit Test");
  add("CN", common_name);
}

void extend(X509* x, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, with<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  require(extension && X509_add_ext(x, extension.get(), -1) == 1, "extension");
}

x509_ptr start(EVP_PKEY* key, std::string_view name, long from, long to) {
  x509_ptr x(X509_new());
  unsigned long serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x.get()), serial >> 1U);
  X509_set_version(x.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(x.get()), from);
  X509_gmtime_adj(X509_getm_notAfter(x.get()), to);
  X509_set_pubkey(x.get(), key);
  set_name(X509_get_subject_name(x.get()), name);
  return x;
}

}  // namespace

scratch_folder::scratch_folder() {
  path_ = (std::filesystem::temp_directory_path() / "cokit-test-XXXXXX").string();
  require(::mkdtemp(path_.data()) != nullptr, "no scratch folder");
}

scratch_folder::~scratch_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string scratch_folder::write(std::string_view name, std::string_view content) const {
  std::ofstream(file(name), std::ios::binary) << content;
  return file(name);
}

struct authority::impl {
  key_ptr key;
  x509_ptr certificate;
  std::string pem;
};

authority::authority(std::string_view name) : impl_(std::make_unique<impl>()) {
  impl_->key = make_key(key_kind::ecdsa);
  impl_->certificate = start(impl_->key.get(), name, -86'400, 86'400);
  auto* x = impl_->certificate.get();
  X509_set_issuer_name(x, X509_get_subject_name(x));
  extend(x, x, NID_basic_constraints, "critical,CA:TRUE");
  extend(x, x, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(x, x, NID_subject_key_identifier, "hash");
  require(X509_sign(x, impl_->key.get(), EVP_sha256()) > 0, "signing");
  impl_->pem = certificate_pem(x);
}

authority::~authority() = default;

const std::string& authority::certificate() const {
  return impl_->pem;
}

std::string encrypted(std::string_view key, std::string_view password) {
  const bio_ptr from(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  const key_ptr plain(PEM_read_bio_PrivateKey(from.get(), nullptr, nullptr, nullptr));
  require(plain != nullptr, "key");
  return to_pem([&](BIO* to) {
    return PEM_write_bio_PKCS8PrivateKey(to, plain.get(), EVP_aes_256_cbc(), password.data(),
                                         static_cast<int>(password.size()), nullptr, nullptr);
  });
}

pem authority::issue(const certificate_request& what) const {
  const auto key = make_key(what.key);
  const auto certificate = start(key.get(), what.common_name, what.valid_from, what.valid_to);
  auto* x = certificate.get();
  auto* issuer = impl_->certificate.get();
  X509_set_issuer_name(x, X509_get_subject_name(issuer));
  extend(x, issuer, NID_basic_constraints, "critical,CA:FALSE");
  extend(x, issuer, NID_authority_key_identifier, "keyid");
  if (!what.alternative_names.empty()) {
    extend(x, issuer, NID_subject_alt_name, what.alternative_names);
  }
  require(X509_sign(x, impl_->key.get(), EVP_sha256()) > 0, "signing");
  return {certificate_pem(x), key_pem(key.get())};
}

pem_files authority::issue(const certificate_request& what, const scratch_folder& into,
                           std::string_view name) const {
  const auto made = issue(what);
  const std::string start(name);
  return {into.write(start + ".pem", made.certificate), into.write(start + ".key", made.key)};
}

}  // namespace test
