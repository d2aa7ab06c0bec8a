#pragma once

#include <string>
#include <vector>

namespace kit {

/// Who is asking, as a layer has found out: a value in the context, `ctx.get<identity>()`. Where
/// several layers ask, the innermost one's counts.
struct identity {
  /// The caller's name, as whoever vouches for it has it: `alice`, `spiffe://example.org/billing`.
  std::string subject = {};
  /// By what he has shown who he is: `basic`, `jwt`, `api_key`, `mtls`.
  std::string method = {};
  /// Who vouches for it, where that is said: a token's issuer, a certificate's.
  std::string issuer = {};
  /// Whose share of the service he uses; empty where there are no tenants.
  std::string tenant = {};
  std::vector<std::string> roles = {};

  friend bool operator==(const identity&, const identity&) = default;
};

}  // namespace kit
