#include <middleware/auth/casbin.hpp>

#include <kit/decision.hpp>
#include <kit/error.hpp>
#include <kit/identity.hpp>

namespace kit::middleware::auth {
namespace {

result<const identity*> identity_of(const kit::context& ctx) {
  const auto* who = ctx.get<identity>();
  if (!who || who->subject.empty()) return fail(errc::unauthenticated, "nobody has signed in");
  return who;
}

constexpr decision_kind refused{
    .layer = "casbin", .verb = "refused", .words = "the policy doesn't allow it"};

}  // namespace

struct casbin::shared {
  std::shared_ptr<const kit::casbin::enforcer> enforcer;
  casbin_options options;
};

std::shared_ptr<kit::casbin::enforcer> make_casbin_enforcer(const kit::context& with,
                                                            kit::casbin::enforcer_options options) {
  const auto* model = with.get<kit::casbin::model>();
  if (!model) throw error(errc::invalid_argument, "CasbinModel is required in context");
  const auto* policy = with.get<kit::casbin::policy>();
  if (!policy) throw error(errc::invalid_argument, "CasbinPolicy is required in context");
  return std::make_shared<kit::casbin::enforcer>(*model, *policy, std::move(options));
}

result<kit::casbin::value> casbin_subject(const kit::context& ctx) {
  const auto who = identity_of(ctx);
  if (!who) return fail(who.error());
  return kit::casbin::value((*who)->subject);
}

casbin_value casbin_value::subject() {
  return casbin_value([](const call& c) { return casbin_subject(c.context()); });
}

casbin_value casbin_value::tenant() {
  return casbin_value([](const call& c) -> result<kit::casbin::value> {
    const auto who = identity_of(c.context());
    if (!who) return fail(who.error());
    return kit::casbin::value((*who)->tenant);
  });
}

casbin_value casbin_value::endpoint() {
  return casbin_value([](const call& c) { return kit::casbin::value(c.name()); });
}

casbin::casbin(std::shared_ptr<const kit::casbin::enforcer> enforcer, casbin_options options)
    : shared_(std::make_shared<const shared>(shared{std::move(enforcer), std::move(options)})) {
  detail::casbin_require(shared_->enforcer);
}

result<void> casbin::enter(call& c) const {
  const auto& options = shared_->options;
  std::vector<kit::casbin::value> asked;
  asked.reserve(options.ask.size());
  for (const auto& one : options.ask) {
    auto v = one.of(c);
    if (!v) return fail(std::move(v).error());
    asked.push_back(*std::move(v));
  }
  auto inside = detail::casbin_admit(shared_->enforcer, asked, options.by, c.context(), c.name());
  if (!inside) return fail(std::move(inside).error());
  c.set_context(*std::move(inside));
  return {};
}

namespace detail {

void casbin_require(const std::shared_ptr<const kit::casbin::enforcer>& enforcer) {
  if (!enforcer) throw error(errc::invalid_argument, "auth::casbin: there is no enforcer");
}

result<kit::context> casbin_admit(const std::shared_ptr<const kit::casbin::enforcer>& enforcer,
                                  const std::vector<kit::casbin::value>& asked,
                                  const kit::casbin::definitions& by, const kit::context& ctx,
                                  std::string_view name) {
  auto decision = enforcer->explain(asked, by);
  if (!decision) return fail(std::move(decision).error());
  if (!decision->allowed()) {
    decide(ctx, name, refused, {});
    return fail(error(errc::permission_denied, "Unauthorized Access").with(*std::move(decision)));
  }
  const auto* outer = ctx.get<casbin_enforcer>();
  if (outer && outer->used == enforcer) return ctx;
  return ctx.with(casbin_enforcer{enforcer});
}

}  // namespace detail
}  // namespace kit::middleware::auth
