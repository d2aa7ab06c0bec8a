#pragma once

#include <kit/error.hpp>
#include <kit/http/response.hpp>
#include <kit/http/status.hpp>

namespace kit::http {

/// The HTTP status of a canonical code, as Google's google.rpc.Code maps them; `canceled` is 499.
status status_of(errc code) noexcept;

/// Attached to a `kit::error` by `e.with(error_status{http::status::im_a_teapot})`: the status to
/// answer with, instead of the code's.
struct error_status {
  http::status status = http::status::internal_server_error;
};
/// Attached to a `kit::error`: fields to add to the answer.
struct error_headers {
  http::headers headers;
};

/// The answer to a request whose handler failed: the attached status or else the code's, the
/// attached headers, `Retry-After` from the error's hint, and the message as `text/plain`. The text
/// of a foreign exception (`unknown` with a cause) stays inside: clients get the status's phrase.
response error_response(const error& e);

}  // namespace kit::http
