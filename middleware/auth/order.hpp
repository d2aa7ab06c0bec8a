#pragma once

#include <string_view>

#include <kit/chain.hpp>

namespace kit::middleware::auth {

/// Where a layer belongs that finds out who is asking: asked by `chain` of each layer outside of
/// it.
template <class Outer>
consteval void check_authentication_order() {
  static_assert(kit::layer_name<Outer>() != "cache",
                "authentication is inside cache: answers that are kept would be given to callers "
                "who were never asked who they are; put it before cache");
  static_assert(kit::layer_name<Outer>() != "coalesce",
                "authentication is inside coalesce: callers would share an answer before they were "
                "asked who they are; put it before coalesce");
  static_assert(kit::layer_name<Outer>() != "idempotency",
                "authentication is inside idempotency: an answer would be repeated for callers who "
                "were never asked who they are; put it before idempotency");
  static_assert(kit::layer_name<Outer>() != "casbin",
                "authentication is inside casbin: casbin asks what an identity may do which isn't "
                "known yet; put it before casbin");
}

/// The same for a layer that asks what somebody may do.
template <class Outer>
consteval void check_authorization_order() {
  static_assert(
      kit::layer_name<Outer>() != "cache",
      "authorization is inside cache: answers that are kept would be given to callers who "
      "may not have them any more; put it before cache");
  static_assert(kit::layer_name<Outer>() != "idempotency",
                "authorization is inside idempotency: an answer would be repeated for callers who "
                "may not have it any more; put it before idempotency");
}

}  // namespace kit::middleware::auth
