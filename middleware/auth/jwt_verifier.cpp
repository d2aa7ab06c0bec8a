#include <middleware/auth/jwt_verifier.hpp>

#include <optional>

#include <kit/credentials.hpp>
#include <kit/decision.hpp>
#include <kit/error.hpp>

namespace kit::middleware::auth {

namespace {

constexpr decision_kind refused_token{.layer = "jwt_verifier", .verb = "refused", .words = ""};

// How to do better (RFC 6750 3): without a token nothing is said of what is wrong with it.
error told(const context& ctx, std::string_view name, const error& e) {
  const auto* why = e.get<jwt::failure>();
  decide(ctx, name, refused_token, {}, e.message());
  if (e != errc::unauthenticated) return e;
  return e.with(challenge{why && *why == jwt::failure::missing ? "Bearer"
                                                               : "Bearer error=\"invalid_token\""});
}

}  // namespace

identity identity_of(const jwt::claims& c) {
  return {.subject = c.sub, .method = "jwt", .issuer = c.iss};
}

struct jwt_verifier::shared {
  jwt::verifier verifier;
  jwt_verifier_options options;

  /// The context to go on in.
  result<context> check(const context& ctx, const jwt::key_set& keys) const {
    const auto* shown = ctx.get<credentials>();
    const auto token = shown ? scheme_value("bearer", shown->authorization) : std::nullopt;
    if (!token) {
      if (options.optional) return ctx;
      return fail(jwt::make_error(jwt::failure::missing));
    }
    auto claims = verifier.verify(*token, keys);
    if (!claims) return fail(std::move(claims).error());
    auto out = ctx;
    if (options.identity) out = out.with(options.identity(*claims));
    for (const auto& add : options.add) {
      auto more = add(out, *claims);
      if (!more) return more;
      out = *std::move(more);
    }
    return out.with(*std::move(claims));
  }
};

jwt_verifier::jwt_verifier(jwt::verifier v, jwt_verifier_options options)
    : shared_(std::make_shared<const shared>(shared{std::move(v), std::move(options)})) {
  if (shared_->verifier.keys().keys().empty()) {
    throw error(errc::invalid_argument, "jwt_verifier: the verifier has no keys");
  }
}

result<void> jwt_verifier::enter(call& c) {
  auto in = shared_->check(c.context(), shared_->verifier.keys());
  if (!in) return fail(told(c.context(), c.name(), in.error()));
  c.set_context(*std::move(in));
  return {};
}

struct remote_jwt_verifier::shared {
  jwt_verifier::shared local;
  jwt::remote_key_set keys;
  jwt::key_set none = {};
};

remote_jwt_verifier::remote_jwt_verifier(jwt::remote_key_set keys, jwt::verifier v,
                                         jwt_verifier_options options)
    : shared_(std::make_shared<const shared>(
          shared{{std::move(v), std::move(options)}, std::move(keys)})) {}

error remote_jwt_verifier::refused(const context& ctx, std::string_view name, const error& e) {
  return told(ctx, name, e).with_refused();
}

jwt::remote_key_set::keys_ptr remote_jwt_verifier::current_keys(const shared& s) {
  return s.keys.current();
}

result<context> remote_jwt_verifier::check(const shared& s, const context& ctx,
                                           const jwt::remote_key_set::keys_ptr& keys) {
  return s.local.check(ctx, keys ? *keys : s.none);
}

bool remote_jwt_verifier::needs_fetch(const error& e) noexcept {
  const auto* why = e.get<jwt::failure>();
  return why && *why == jwt::failure::unknown_key;
}

asio::awaitable<result<context>> remote_jwt_verifier::check_later(
    std::shared_ptr<const shared> s, context ctx, jwt::remote_key_set::keys_ptr seen) {
  auto keys = co_await (seen ? s->keys.newer_than(std::move(seen)) : s->keys.get());
  if (!keys) co_return fail(std::move(keys).error());
  co_return check(*s, ctx, *keys);
}

}  // namespace kit::middleware::auth
