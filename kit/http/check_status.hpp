#pragma once

#include <string_view>

#include <kit/error.hpp>
#include <kit/http/response.hpp>
#include <kit/http/status.hpp>
#include <kit/result.hpp>

/// Canonical codes and the status codes of HTTP.
namespace kit::http {

/// The HTTP status of a canonical code, as Google's google.rpc.Code maps them; `canceled` is 499.
status status_of(errc code) noexcept;

/// The canonical code of a status that isn't 2xx, as Google's HTTP mapping goes back from there:
/// 400 `invalid_argument`, 401 `unauthenticated`, 403 `permission_denied`, 404 `not_found`,
/// 408 and 504 `deadline_exceeded`, 409 `aborted`, 412 `failed_precondition`, 416 `out_of_range`,
/// 429 `resource_exhausted`, 499 `canceled`, 501 `unimplemented`, 502 and 503 `unavailable`; other
/// 4xx `failed_precondition`, other 5xx `internal`, and what else there is `unknown`.
errc code_of(status s) noexcept;

/// The field by which a server says when to come again, in milliseconds, or by a negative number
/// that the same call must not be made again: gRPC's, for HTTP's `Retry-After` has seconds only.
inline constexpr std::string_view retry_pushback = "Grpc-Retry-Pushback-Ms";

/// What a client makes of an answer: nothing for 2xx, else the error of its status, with the
/// content's text as the message (if that is text, and up to 1 KiB of it), `retry_pushback` or else
/// `Retry-After` as the hint, and a `received_status` attached. Streamed content isn't read.
result<void> check_status(const response& r);

/// Attached to a `kit::error`: what another server answered.
struct received_status {
  http::status status = http::status::internal_server_error;
};

}  // namespace kit::http
