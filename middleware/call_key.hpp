#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <kit/context.hpp>

namespace kit::middleware {

/// Tells calls apart by who makes them, where each is to have a share of its own. Of calls for
/// which it says the empty text, all have one together. Called for each call, on any thread.
using call_key = std::function<std::string(const context&)>;

/// The client's address without its port, `10.0.0.7`; of IPv6 the network, `2001:db8:1:2::/64`,
/// since whoever has one address there has all of them. From `connection_info`; empty where the
/// transport has put none into the context.
call_key by_client_address();
/// `identity::subject`, with the issuer where there is one; empty where nobody has found out who is
/// asking.
call_key by_identity();
/// `identity::tenant`.
call_key by_tenant();
/// The first value of that key of the metadata: what the caller claims.
call_key by_metadata(std::string key);

}  // namespace kit::middleware
