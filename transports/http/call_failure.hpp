#pragma once

#include <cstdint>
#include <string_view>

namespace kit::http {

/// What of a client's call failed. Attached to the error: `e.get<http::call_failure>()`.
struct call_failure {
  enum class stage : std::uint8_t {
    request,    ///< the request cannot be sent as it is: `invalid_argument`
    admission,  ///< too many calls wait for a connection: `resource_exhausted`
    resolve,    ///< the name was not found: `unavailable`
    connect,    ///< no connection: `unavailable`
    tls,      ///< no handshake: `unavailable`; a certificate is not in order: `failed_precondition`
    send,     ///< the connection was lost while the request was sent: `unavailable`
    receive,  ///< the connection was lost before the answer was complete: `unavailable`
    protocol,  ///< the answer is malformed: `internal`
    limit,     ///< the answer is longer than the options allow: `resource_exhausted`
    redirect,  ///< redirected too often, or to where it cannot follow: `failed_precondition`
    timeout,   ///< the time is over: `deadline_exceeded`; the message says while doing what
    canceled,  ///< the caller gave up: `canceled`
  };

  stage at = stage::request;
  /// Whether the server may have got the request, and acted on it.
  bool sent = false;
};

/// The stage's name, e.g. `"resolve"`.
std::string_view name(call_failure::stage at) noexcept;

}  // namespace kit::http
