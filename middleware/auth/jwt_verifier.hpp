#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/context.hpp>
#include <kit/endpoint.hpp>
#include <kit/identity.hpp>
#include <kit/interceptor.hpp>
#include <kit/jwt/claims.hpp>
#include <kit/jwt/failure.hpp>
#include <kit/jwt/remote_key_set.hpp>
#include <kit/jwt/verifier.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>
#include <middleware/auth/order.hpp>

namespace kit::middleware::auth {

/// Makes of verified claims a context that holds more. Its error refuses the call.
using add_to_context = std::function<result<context>(const context&, const jwt::claims&)>;

/// Puts claims of one's own into the context, too: a plain aggregate or a map, `ctx.get<T>()`. A
/// token whose claims don't fit is malformed.
template <class T>
add_to_context with_claims_as() {
  return [](const context& ctx, const jwt::claims& c) -> result<context> {
    auto own = c.as<T>();
    if (own) return ctx.with(*std::move(own));
    return fail(jwt::make_error(jwt::failure::malformed)
                    .with_cause(std::make_exception_ptr(std::move(own).error())));
  };
}

/// `sub` and `iss` of the claims, and `jwt`.
identity identity_of(const jwt::claims& c);

/// Settings of `jwt_verifier` and `remote_jwt_verifier`. Functions are called for each call that is
/// let in, at once on several threads.
struct jwt_verifier_options {
  /// Who is asking; roles and tenants are in claims that differ from issuer to issuer. Empty:
  /// nobody is.
  std::function<kit::identity(const jwt::claims&)> identity = identity_of;
  /// What else the context is to hold, in this order.
  std::vector<add_to_context> add = {};
  /// Lets calls in that bring no token: without claims and identity. A wrong token is refused.
  bool optional = false;
};

/// Lets calls in that bring a JSON Web Token which is right: `kit::credentials` in the context have
/// it as `Bearer <token>`, where the transport has put it. What is further in finds `jwt::claims`
/// and `kit::identity` in its context.
///
/// Errors: `errc::unauthenticated` with a `jwt::failure`, see `jwt::verifier`, and a `challenge` by
/// RFC 6750.
/// An interceptor: fuses with its neighbours. Threads: any. Library: `cokit-jwt`.
/// Source: Go kit's package auth/jwt, NewParser.
class jwt_verifier {
 public:
  static constexpr bool timed = false;
  static constexpr std::string_view layer_name = "jwt_verifier";
  static constexpr bool decides = true;
  template <class Outer>
  static consteval void check_inside() {
    check_authentication_order<Outer>();
  }

  /// Errors: throws `errc::invalid_argument` where the verifier has no keys.
  explicit jwt_verifier(jwt::verifier v, jwt_verifier_options options = {});

  result<void> enter(call& c);

 private:
  friend class remote_jwt_verifier;
  struct shared;
  std::shared_ptr<const shared> shared_;
};

/// The same with keys that an issuer publishes. The keys of `v` aren't used, so give it none. A
/// call waits where keys have to be fetched for it, else it's let in at once; a token that is
/// expired or malformed never has keys fetched.
///
/// Errors: besides, `errc::unavailable` with `jwt::failure::keys_unavailable`.
/// A middleware of its own frame. Threads: any. Library: `cokit-jwt`.
class remote_jwt_verifier {
 public:
  static constexpr std::string_view layer_name = "remote_jwt_verifier";
  static constexpr bool decides = true;
  template <class Outer>
  static consteval void check_inside() {
    check_authentication_order<Outer>();
  }

  remote_jwt_verifier(jwt::remote_key_set keys, jwt::verifier v, jwt_verifier_options options = {});

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    return [s = shared_, next, name = std::make_shared<const std::string>(name)](Req req) {
      return run(s, next, name, std::move(req));
    };
  }

 private:
  struct shared;

  template <class Req, class Resp>
  static asio::awaitable<result<Resp>> run(std::shared_ptr<const shared> s,
                                           endpoint<Req, Resp> next,
                                           std::shared_ptr<const std::string> name, Req req) {
    const context ctx = co_await this_context();
    const auto seen = current_keys(*s);
    auto in = check(*s, ctx, seen);
    if (!in && needs_fetch(in.error())) in = co_await check_later(s, ctx, seen);
    if (!in) co_return fail(refused(ctx, *name, in.error()));
    co_return co_await with_context(*std::move(in), next.try_call(std::move(req)));
  }

  static error refused(const context& ctx, std::string_view name, const error& e);
  static jwt::remote_key_set::keys_ptr current_keys(const shared& s);
  static result<context> check(const shared& s, const context& ctx,
                               const jwt::remote_key_set::keys_ptr& keys);
  static bool needs_fetch(const error& e) noexcept;
  static asio::awaitable<result<context>> check_later(std::shared_ptr<const shared> s, context ctx,
                                                      jwt::remote_key_set::keys_ptr seen);

  std::shared_ptr<const shared> shared_;
};

}  // namespace kit::middleware::auth
