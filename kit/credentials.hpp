#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kit/metadata.hpp>

namespace kit {

/// What the caller has shown, as the transport received it: a value in the context of a request.
/// Nothing of it has been checked; the layers of `middleware/auth` do that, and put an `identity`
/// into the context.
struct credentials {
  /// A scheme and what belongs to it: `Basic YTpi`, `Bearer eyJ...`. HTTP's field `Authorization`,
  /// gRPC's metadata of that name.
  std::string authorization = {};
  std::string api_key = {};

  friend bool operator==(const credentials&, const credentials&) = default;
};

/// What metadata that a caller has sent says, for transports that have no place of their own for it
/// (gRPC, NATS): the first value of `authorization`, and of `x-api-key`.
credentials credentials_in(const metadata& sent);

/// What a call shows to the callee, as a value in the context: clients of typed endpoints send it.
/// Other than what this process was shown, so that nobody's credentials are handed on unless
/// somebody says so.
struct outgoing_credentials {
  std::string authorization = {};
  std::string api_key = {};

  friend bool operator==(const outgoing_credentials&, const outgoing_credentials&) = default;
};

/// A detail of an `errc::unauthenticated` error: how the caller can show who he is, as HTTP's field
/// `WWW-Authenticate` has it (RFC 9110 11.6.1): `Basic realm="shop"`. Transports tell him.
struct challenge {
  std::string text = {};

  friend bool operator==(const challenge&, const challenge&) = default;
};

/// What follows the scheme in an `authorization`, which has to be that scheme, in whatever case,
/// one or more spaces, and one word (RFC 9110 11.4): `scheme_value("bearer", "Bearer abc")` is
/// `abc`. Nothing for any other text. Refers to it.
std::optional<std::string_view> scheme_value(std::string_view scheme,
                                             std::string_view authorization) noexcept;

}  // namespace kit
