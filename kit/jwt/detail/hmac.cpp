#include <array>
#include <optional>
#include <utility>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <kit/jwt/detail/primitive.hpp>
#include <kit/jwt/detail/spare.hpp>

namespace kit::jwt::detail {
namespace {

struct tag {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  std::size_t size = 0;

  std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }
};

class hmac final : public primitive {
 public:
  hmac(algorithm a, std::string_view secret) {
    const mac_ptr mac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
    keyed_.reset(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
    std::string hash = hash_name(a);
    const std::array<OSSL_PARAM, 2> settings{
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash.data(), 0),
        OSSL_PARAM_construct_end()};
    if (!keyed_ || EVP_MAC_init(keyed_.get(), bytes(secret), secret.size(), settings.data()) != 1) {
      broken("HMAC");
    }
    // OpenSSL before 3.0.3 goes on with the last message when it should begin anew.
    mac_context_ptr probe(EVP_MAC_CTX_dup(keyed_.get()));
    const auto first = finish(probe.get(), "a");
    const bool again = first && EVP_MAC_init(probe.get(), nullptr, 0, nullptr) == 1;
    const auto second = again ? finish(probe.get(), "a") : std::nullopt;
    restarts_ = second && first->view() == second->view();
  }

  result<std::string> sign(std::string_view message) const override {
    const auto t = compute(message);
    if (!t) return fail(errc::internal, "jwt: OpenSSL failed: HMAC");
    return std::string(t->view());
  }

  bool verify(std::string_view message, std::string_view signature) const override {
    const auto t = compute(message);
    return t && t->size == signature.size() &&
           CRYPTO_memcmp(t->bytes.data(), signature.data(), t->size) == 0;
  }

 private:
  std::optional<tag> compute(std::string_view message) const {
    auto context = restarts_ ? spare_.take() : nullptr;
    if (!context) {
      context.reset(EVP_MAC_CTX_dup(keyed_.get()));
    } else if (EVP_MAC_init(context.get(), nullptr, 0, nullptr) != 1) {
      return std::nullopt;
    }
    const auto t = finish(context.get(), message);
    if (t && restarts_) spare_.give(std::move(context));
    return t;
  }

  static std::optional<tag> finish(EVP_MAC_CTX* context, std::string_view message) {
    tag t;
    if (!context || EVP_MAC_update(context, bytes(message), message.size()) != 1 ||
        EVP_MAC_final(context, t.bytes.data(), &t.size, t.bytes.size()) != 1) {
      return std::nullopt;
    }
    return t;
  }

  mac_context_ptr keyed_;
  bool restarts_ = false;
  mutable spare<mac_context_ptr> spare_;
};

}  // namespace

std::unique_ptr<primitive> make_hmac(algorithm a, std::string_view secret) {
  return std::make_unique<hmac>(a, secret);
}

}  // namespace kit::jwt::detail
