#include <kit/jwt/detail/openssl.hpp>

#include <string>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <kit/error.hpp>

namespace kit::jwt::detail {

void release::operator()(bignum_st* p) const noexcept {
  BN_clear_free(p);
}
void release::operator()(bio_st* p) const noexcept {
  BIO_free_all(p);
}
void release::operator()(evp_mac_ctx_st* p) const noexcept {
  EVP_MAC_CTX_free(p);
}
void release::operator()(evp_mac_st* p) const noexcept {
  EVP_MAC_free(p);
}
void release::operator()(evp_md_ctx_st* p) const noexcept {
  EVP_MD_CTX_free(p);
}
void release::operator()(evp_md_st* p) const noexcept {
  EVP_MD_free(p);
}
void release::operator()(evp_pkey_ctx_st* p) const noexcept {
  EVP_PKEY_CTX_free(p);
}
void release::operator()(evp_pkey_st* p) const noexcept {
  EVP_PKEY_free(p);
}

error_scope::error_scope() noexcept {
  ERR_set_mark();
}
error_scope::~error_scope() {
  ERR_pop_to_mark();
}

void refuse_key(std::string_view why) {
  throw error(errc::invalid_argument, "jwt: the key can't be used: " + std::string(why));
}
void broken(std::string_view what) {
  throw error(errc::internal, "jwt: OpenSSL failed: " + std::string(what));
}

}  // namespace kit::jwt::detail
