#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include <kit/identity.hpp>
#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <kit/secure.hpp>
#include <middleware/auth/order.hpp>

namespace kit::middleware::auth {

/// Settings of `mtls`.
struct mtls_options {
  /// Who has that certificate, or nothing where he isn't let in. Called on any thread; must not
  /// wait. Empty: its `name()`, vouched for by its issuer.
  std::function<std::optional<identity>(const peer_certificate&)> identify = {};
};

/// Lets those in who have come with a client certificate: from the `connection_info` in the
/// context, where the server has asked for certificates and verified them. Who that is goes into
/// the context of what follows, as `identity`: by the first of its URIs (SPIFFE's identities), DNS
/// names or addresses, else by its subject.
///
/// Others are refused with `errc::unauthenticated`, `a client certificate is needed`; whom
/// `identify` doesn't know with `errc::permission_denied`.
///
/// An interceptor. Threads: any.
class mtls {
 public:
  static constexpr std::string_view layer_name = "mtls";
  static constexpr bool decides = true;
  static constexpr bool timed = false;
  template <class Outer>
  static consteval void check_inside() {
    check_authentication_order<Outer>();
  }

  explicit mtls(mtls_options options = {});

  result<void> enter(call& c);

 private:
  std::shared_ptr<const mtls_options> options_;
};

}  // namespace kit::middleware::auth
