#include <middleware/auth/mtls.hpp>

#include <string>
#include <utility>

#include <kit/connection_info.hpp>
#include <kit/decision.hpp>
#include <kit/error.hpp>

namespace kit::middleware::auth {
namespace {

constexpr decision_kind refused{.layer = "mtls", .verb = "refused", .words = ""};

}  // namespace

mtls::mtls(mtls_options options)
    : options_(std::make_shared<const mtls_options>(std::move(options))) {}

result<void> mtls::enter(call& c) {
  const auto* connection = c.context().get<connection_info>();
  const auto* peer = connection ? connection->peer() : nullptr;
  if (!peer) {
    decide(c.context(), c.name(), refused, {});
    return fail(errc::unauthenticated, "a client certificate is needed");
  }
  std::optional<identity> who =
      options_->identify ? options_->identify(*peer)
                         : identity{.subject = std::string(peer->name()), .issuer = peer->issuer};
  if (!who) {
    decide(c.context(), c.name(), refused, {}, peer->name());
    return fail(errc::permission_denied, "the client certificate is not one of those let in");
  }
  if (who->method.empty()) who->method = "mtls";
  c.set_context(c.context().with(*std::move(who)));
  return {};
}

}  // namespace kit::middleware::auth
