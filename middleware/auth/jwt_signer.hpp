#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <kit/codec/json_raw.hpp>
#include <kit/context.hpp>
#include <kit/interceptor.hpp>
#include <kit/jwt/claims.hpp>
#include <kit/jwt/key.hpp>
#include <kit/result.hpp>

namespace kit::middleware::auth {

/// Makes the claims of a call, at once on several threads. Its error is the call's.
using claims_of_call = std::function<result<jwt::claims>(const context&)>;

/// Settings of `jwt_signer`.
struct jwt_signer_options {
  /// How long a token is good: sets `iat` to now and `exp` to so much later, in whole seconds,
  /// where the claims have no `exp`. 0: sets neither. Not negative, up to ten years.
  std::chrono::seconds lifetime = std::chrono::minutes{5};
  /// A token of claims that are the same for all calls is used again until so long before its end.
  /// Not negative, and below `lifetime` where that is set.
  std::chrono::seconds renew_before = std::chrono::seconds{30};
  /// `typ` of the header; empty: none.
  std::string type = "JWT";
  std::function<jwt::wall_time()> clock = std::chrono::system_clock::now;
};

/// Signs a JSON Web Token for each call that goes out: puts `kit::outgoing_credentials` with
/// `Bearer <token>` into its context, which clients of typed endpoints send (`http::client_of`,
/// `http::endpoint_of`); an `http::client` sends requests as they are. Others in there, such as an
/// API key, stay.
///
/// Errors: those of the function that makes the claims and of `jwt::sign`; the callee is not called
///         then. Constructors throw `errc::invalid_argument` for a key that can't sign and for
///         options out of range.
/// An interceptor: fuses with its neighbours. Threads: any. Library: `cokit-jwt`.
/// Source: Go kit's package auth/jwt, NewSigner.
class jwt_signer {
 public:
  static constexpr bool timed = false;
  static constexpr std::string_view layer_name = "jwt_signer";

  /// Claims that each call makes of its context, such as whom it is for.
  jwt_signer(jwt::key k, claims_of_call claims, jwt_signer_options options = {});
  /// The same claims for all calls, with times that are fresh.
  jwt_signer(jwt::key k, jwt::claims claims, jwt_signer_options options = {});
  /// The same text for all calls, as it is: nothing is set in there, and it never changes.
  jwt_signer(jwt::key k, json::raw claims, jwt_signer_options options = {});

  result<void> enter(call& c);

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware::auth
