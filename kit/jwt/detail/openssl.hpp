#pragma once

#include <memory>
#include <string_view>

// What OpenSSL calls its types.
struct bignum_st;
struct bio_st;
struct evp_mac_ctx_st;
struct evp_mac_st;
struct evp_md_ctx_st;
struct evp_md_st;
struct evp_pkey_ctx_st;
struct evp_pkey_st;

namespace kit::jwt::detail {

struct release {
  void operator()(bignum_st* p) const noexcept;
  void operator()(bio_st* p) const noexcept;
  void operator()(evp_mac_ctx_st* p) const noexcept;
  void operator()(evp_mac_st* p) const noexcept;
  void operator()(evp_md_ctx_st* p) const noexcept;
  void operator()(evp_md_st* p) const noexcept;
  void operator()(evp_pkey_ctx_st* p) const noexcept;
  void operator()(evp_pkey_st* p) const noexcept;
};
using bignum_ptr = std::unique_ptr<bignum_st, release>;  // overwritten when it goes
using bio_ptr = std::unique_ptr<bio_st, release>;
using mac_context_ptr = std::unique_ptr<evp_mac_ctx_st, release>;
using mac_ptr = std::unique_ptr<evp_mac_st, release>;
using digest_context_ptr = std::unique_ptr<evp_md_ctx_st, release>;
using digest_ptr = std::unique_ptr<evp_md_st, release>;
using key_context_ptr = std::unique_ptr<evp_pkey_ctx_st, release>;
using pkey_ptr = std::unique_ptr<evp_pkey_st, release>;

/// Takes away the errors that calls leave in OpenSSL's queue of the thread: whoever else uses
/// OpenSSL there would take them for his own.
class error_scope {
 public:
  error_scope() noexcept;
  error_scope(const error_scope&) = delete;
  error_scope& operator=(const error_scope&) = delete;
  ~error_scope();
};

inline const unsigned char* bytes(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// Throws `errc::invalid_argument`: a key can't be used, and why.
[[noreturn]] void refuse_key(std::string_view why);
/// Throws `errc::internal`: OpenSSL failed where it has no reason to.
[[noreturn]] void broken(std::string_view what);

}  // namespace kit::jwt::detail
