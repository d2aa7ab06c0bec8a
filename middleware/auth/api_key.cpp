#include <middleware/auth/api_key.hpp>

#include <utility>

#include <kit/credentials.hpp>
#include <kit/decision.hpp>
#include <kit/error.hpp>
#include <middleware/detail/equal_secret.hpp>

namespace kit::middleware::auth {
namespace {

constexpr decision_kind refused{.layer = "api_key", .verb = "refused", .words = ""};

std::optional<identity> owner_of(std::string_view key, const api_key_options& o) {
  if (key.empty()) return std::nullopt;
  if (o.verify) return o.verify(key);
  const api_key_options::entry* found = nullptr;
  for (const auto& e : o.keys)
    found = detail::equal_secret(key, e.key) ? &e : found;
  return found ? std::optional(found->who) : std::nullopt;
}

}  // namespace

api_key::api_key(api_key_options options) {
  for (const auto& e : options.keys) {
    if (e.key.empty()) throw error(errc::invalid_argument, "api_key_options::keys: one is empty");
  }
  options_ = std::make_shared<const api_key_options>(std::move(options));
}

result<void> api_key::enter(call& c) {
  const auto* shown = c.context().get<credentials>();
  auto who = shown ? owner_of(shown->api_key, *options_) : std::nullopt;
  if (!who) {
    decide(c.context(), c.name(), refused, {});
    return fail(errc::unauthenticated, "a valid API key is needed");
  }
  if (who->method.empty()) who->method = "api_key";
  c.set_context(c.context().with(*std::move(who)));
  return {};
}

}  // namespace kit::middleware::auth
