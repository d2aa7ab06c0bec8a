#include <middleware/auth/jwt_signer.hpp>

#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include <kit/credentials.hpp>
#include <kit/error.hpp>
#include <kit/jwt/sign.hpp>

namespace kit::middleware::auth {

using namespace std::chrono_literals;
using jwt::wall_time;

struct jwt_signer::shared {
  using source = std::variant<claims_of_call, jwt::claims, json::raw>;

  jwt::key key;
  source claims;
  jwt_signer_options options;

  std::mutex mutex;
  std::string cached;  // what is sent; empty: nothing
  wall_time renew_at{};

  shared(jwt::key k, source c, jwt_signer_options o)
      : key(std::move(k)), claims(std::move(c)), options(std::move(o)) {
    const auto require = [](bool good, const char* what) {
      if (!good) throw error(errc::invalid_argument, std::string("jwt_signer: ") + what);
    };
    require(key.can_sign(), "the key can't sign");
    require(options.lifetime >= 0s && options.lifetime <= 24h * 3650, "lifetime is out of range");
    require(options.renew_before >= 0s && options.renew_before <= 24h * 3650,
            "renew_before is out of range");
    require(options.lifetime == 0s || options.renew_before < options.lifetime,
            "renew_before must be below lifetime");
    require(options.clock != nullptr, "there must be a clock");
    const auto* function = std::get_if<claims_of_call>(&claims);
    require(!function || *function, "there must be a function that makes the claims");
  }

  /// The value of `Authorization`.
  result<std::string> authorization(const context& ctx) {
    if (const auto* make = std::get_if<claims_of_call>(&claims)) {
      auto made = (*make)(ctx);
      if (!made) return fail(std::move(made).error());
      return sign(timed(*std::move(made), options.clock()));
    }
    const auto now = options.clock();
    const std::lock_guard lock(mutex);
    if (!cached.empty() && now < renew_at) return cached;
    auto renew = wall_time::max();
    auto fresh = fixed(now, renew);
    if (fresh) {
      cached = *fresh;
      renew_at = renew;
    }
    return fresh;
  }

 private:
  // With the lock held.
  result<std::string> fixed(wall_time now, wall_time& renew) {
    if (const auto* text = std::get_if<json::raw>(&claims)) return sign(*text);
    const auto whole = timed(std::get<jwt::claims>(claims), now);
    if (whole.exp) renew = *whole.exp > now ? *whole.exp - options.renew_before : now;
    return sign(whole);
  }

  jwt::claims timed(jwt::claims c, wall_time now) const {
    if (c.exp || options.lifetime == 0s) return c;
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    c.iat = second;
    c.exp = second + options.lifetime;
    return c;
  }

  template <class T>
  result<std::string> sign(const T& what) const {
    auto token = jwt::sign(what, key, options.type);
    if (token) token->insert(0, "Bearer ");
    return token;
  }
};

jwt_signer::jwt_signer(jwt::key k, claims_of_call claims, jwt_signer_options options)
    : shared_(std::make_shared<shared>(std::move(k), std::move(claims), std::move(options))) {}
jwt_signer::jwt_signer(jwt::key k, jwt::claims claims, jwt_signer_options options)
    : shared_(std::make_shared<shared>(std::move(k), std::move(claims), std::move(options))) {}
jwt_signer::jwt_signer(jwt::key k, json::raw claims, jwt_signer_options options)
    : shared_(std::make_shared<shared>(std::move(k), std::move(claims), std::move(options))) {}

result<void> jwt_signer::enter(call& c) {
  auto authorization = shared_->authorization(c.context());
  if (!authorization) return fail(std::move(authorization).error());
  const auto* others = c.context().get<outgoing_credentials>();
  auto shown = others ? *others : outgoing_credentials{};
  shown.authorization = *std::move(authorization);
  c.set_context(c.context().with(std::move(shown)));
  return {};
}

}  // namespace kit::middleware::auth
