#include <middleware/auth/basic.hpp>

#include <utility>

#include <kit/codec/base64.hpp>
#include <kit/credentials.hpp>
#include <kit/decision.hpp>
#include <kit/error.hpp>
#include <kit/http/syntax.hpp>
#include <middleware/detail/equal_secret.hpp>

namespace kit::middleware::auth {
namespace {

constexpr decision_kind refused{.layer = "basic", .verb = "refused", .words = ""};

// A quoted-string (RFC 9110 5.6.4).
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

struct name_and_password {
  std::string both;
  std::size_t colon;
  std::string_view name() const { return std::string_view(both).substr(0, colon); }
  std::string_view password() const { return std::string_view(both).substr(colon + 1); }
};

std::optional<name_and_password> given_in(const context& ctx) {
  const auto* c = ctx.get<credentials>();
  const auto value = c ? scheme_value("basic", c->authorization) : std::nullopt;
  const auto bytes = value ? base64::decode(*value) : std::nullopt;
  if (!bytes) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  const auto colon = text.find(':');  // passwords may have more
  if (colon == text.npos) return std::nullopt;
  return name_and_password{std::move(text), colon};
}

}  // namespace

struct basic::shared {
  basic_options options;
  error refusal;

  std::optional<identity> find(const name_and_password& given) const {
    if (options.verify) return options.verify(given.name(), given.password());
    std::optional<identity> found;
    for (const auto& u : options.users) {
      const bool name = detail::equal_secret(given.name(), u.name);
      const bool password = detail::equal_secret(given.password(), u.password);
      if (name & password) found = identity{.subject = u.name};
    }
    return found;
  }
};

basic::basic(basic_options options) {
  for (const auto& u : options.users) {
    if (u.name.find(':') != u.name.npos) {
      throw error(errc::invalid_argument, "basic_options::users: a name has no colon");
    }
  }
  const challenge how{"Basic realm=" + quoted(options.realm)};
  if (!http::is_field_value(how.text)) {
    throw error(errc::invalid_argument, "basic_options::realm: has control characters");
  }
  auto refusal = error(errc::unauthenticated, "Unauthorized").with(how);
  shared_ = std::make_shared<const shared>(shared{std::move(options), std::move(refusal)});
}

result<void> basic::enter(call& c) {
  const auto given = given_in(c.context());
  auto who = given ? shared_->find(*given) : std::nullopt;
  if (!who) {
    decide(c.context(), c.name(), refused, {});
    return fail(shared_->refusal);
  }
  if (who->method.empty()) who->method = "basic";
  c.set_context(c.context().with(*std::move(who)));
  return {};
}

}  // namespace kit::middleware::auth
