#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <kit/jwt/detail/key_parts.hpp>

namespace kit::jwt::detail {
namespace {

/// What stands between one BEGIN and its END.
class block {
 public:
  block() = default;
  block(const block&) = delete;
  block& operator=(const block&) = delete;
  ~block() {
    OPENSSL_free(name_);
    OPENSSL_free(header_);
    OPENSSL_clear_free(data_, static_cast<std::size_t>(size_));
  }

  bool read(BIO* from) { return PEM_read_bio(from, &name_, &header_, &data_, &size_) == 1; }
  std::string_view name() const noexcept { return name_; }
  bool encrypted() const noexcept {
    return (header_ && *header_) || name() == "ENCRYPTED PRIVATE KEY";
  }
  bool is_private() const noexcept { return name().ends_with("PRIVATE KEY"); }

  pkey_ptr key() const {
    const unsigned char* at = data_;
    pkey_ptr key(decode(at));
    return at == data_ + size_ ? std::move(key) : nullptr;
  }

 private:
  EVP_PKEY* decode(const unsigned char*& at) const {
    if (is_private()) return d2i_AutoPrivateKey(nullptr, &at, size_);
    if (name() == "PUBLIC KEY") return d2i_PUBKEY(nullptr, &at, size_);
    if (name() == "RSA PUBLIC KEY") return d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size_);
    X509* certificate = d2i_X509(nullptr, &at, size_);
    EVP_PKEY* key = certificate ? X509_get_pubkey(certificate) : nullptr;
    X509_free(certificate);
    return key;
  }

  char* name_ = nullptr;
  char* header_ = nullptr;
  unsigned char* data_ = nullptr;
  long size_ = 0;
};

bool holds_key(std::string_view name) noexcept {
  for (const std::string_view known :
       {"PUBLIC KEY", "RSA PUBLIC KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY",
        "EC PRIVATE KEY", "CERTIFICATE"}) {
    if (name == known) return true;
  }
  return false;
}

}  // namespace

key_parts parts_of_pem(std::string_view pem) {
  const error_scope scope;
  if (pem.size() > std::size_t{1} << 20) refuse_key("a PEM text of more than 1 MiB");
  const bio_ptr from(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!from) broken("memory");
  for (;;) {
    block b;
    if (!b.read(from.get())) refuse_key("there is none in the PEM text");
    if (!holds_key(b.name())) continue;  // `EC PARAMETERS`, for one
    if (b.encrypted()) refuse_key("it is encrypted");
    key_parts out;
    out.is_private = b.is_private();
    out.pkey = b.key();
    if (!out.pkey) refuse_key(std::string(b.name()) + " is malformed");
    return out;
  }
}

}  // namespace kit::jwt::detail
