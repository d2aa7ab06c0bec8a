#include <kit/tls/detail/ticket_keys.hpp>

#include <cstring>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <kit/tls/detail/errors.hpp>

namespace kit::tls::detail {
namespace {

bool fill(ticket_key& k) {
  return RAND_bytes(k.name.data(), static_cast<int>(k.name.size())) == 1 &&
         RAND_priv_bytes(k.cipher.data(), static_cast<int>(k.cipher.size())) == 1 &&
         RAND_priv_bytes(k.mac.data(), static_cast<int>(k.mac.size())) == 1;
}

bool is(const ticket_key& k, const unsigned char* name) {
  return std::memcmp(k.name.data(), name, k.name.size()) == 0;
}

bool start_mac(EVP_MAC_CTX* mac, ticket_key& k) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, k.mac.data(), k.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

// Of a resumed session; a client that has got a new one can so show it.
bool has_expired_peer(SSL_SESSION* session) {
  const X509* peer = session ? SSL_SESSION_get0_peer(session) : nullptr;
  return peer && X509_cmp_current_time(X509_get0_notAfter(peer)) < 0;
}

}  // namespace

void ticket_keys::cipher_free::operator()(evp_cipher_st* c) const noexcept {
  EVP_CIPHER_free(c);
}

ticket_keys::ticket_keys(std::chrono::seconds period)
    : period_(period),
      cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr)),
      since_(std::chrono::steady_clock::now()) {
  if (!cipher_ || !fill(current_)) throw_error("no key for session tickets");
}

ticket_keys::~ticket_keys() {
  OPENSSL_cleanse(&current_, sizeof current_);
  if (previous_) OPENSSL_cleanse(&*previous_, sizeof *previous_);
}

// Without randomness the key stays.
void ticket_keys::rotate(time_point now) {
  if (now - since_ < period_) return;
  const bool still_of_use = now - since_ < 2 * period_;
  ticket_key fresh;
  if (!fill(fresh)) return;
  previous_.reset();
  if (still_of_use) previous_ = current_;
  current_ = fresh;
  since_ = now;
}

ticket_key ticket_keys::current(time_point now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  return current_;
}

std::optional<ticket_keys::found> ticket_keys::find(const unsigned char* name, time_point now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  if (is(current_, name)) return found{current_, false};
  if (previous_ && is(*previous_, name)) return found{*previous_, true};
  return std::nullopt;
}

struct ticket_keys::callbacks {
  static int seal_or_open(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                          EVP_MAC_CTX* mac, int seal) {
    auto& keys = *static_cast<ticket_keys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const auto now = std::chrono::steady_clock::now();
    if (seal) {
      auto key = keys.current(now);
      std::memcpy(name, key.name.data(), key.name.size());
      const bool done =
          RAND_bytes(iv, EVP_CIPHER_get_iv_length(keys.cipher_.get())) == 1 &&
          EVP_EncryptInit_ex2(cipher, keys.cipher_.get(), key.cipher.data(), iv, nullptr) == 1 &&
          start_mac(mac, key);
      return done ? 1 : -1;
    }
    auto known = keys.find(name, now);
    if (!known) return 0;  // a full handshake then
    const bool done = EVP_DecryptInit_ex2(cipher, keys.cipher_.get(), known->key.cipher.data(), iv,
                                          nullptr) == 1 &&
                      start_mac(mac, known->key);
    if (!done) return -1;
    return known->old ? 2 : 1;
  }

  static SSL_TICKET_RETURN opened(SSL*, SSL_SESSION* session, const unsigned char*, std::size_t,
                                  SSL_TICKET_STATUS status, void*) {
    switch (status) {
      case SSL_TICKET_SUCCESS:
      case SSL_TICKET_SUCCESS_RENEW:
        if (has_expired_peer(session)) return SSL_TICKET_RETURN_IGNORE_RENEW;
        return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
      case SSL_TICKET_EMPTY:
      case SSL_TICKET_NO_DECRYPT:
        return SSL_TICKET_RETURN_IGNORE_RENEW;
      default:
        return SSL_TICKET_RETURN_ABORT;
    }
  }
};

void ticket_keys::install(ssl_ctx_st* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &callbacks::seal_or_open);
  SSL_CTX_set_session_ticket_cb(context, nullptr, &callbacks::opened, nullptr);
}

}  // namespace kit::tls::detail
