#pragma once

#include <string>

#include <kit/error.hpp>
#include <kit/http/headers.hpp>
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
/// Attached to a `kit::error`: fields to add to the answer. A `Content-Type` replaces the usual.
struct error_headers {
  http::headers headers = {};
};
/// Attached to a `kit::error`: the content of the answer, instead of the message. See also
/// `with_json_body`.
struct error_body {
  std::string content = {};
  std::string content_type = "application/json; charset=utf-8";
};

/// The answer to a request whose handler failed: the attached status or else the code's, the
/// attached content or else the message as `text/plain; charset=utf-8`, the attached fields, and
/// `Retry-After` from the error's hint.
///
/// The text of a foreign exception (one that `to_error` made an error of) may tell what is nobody's
/// business, and stays inside: clients get the status's phrase.
response error_response(const error& e);

/// Adds `more` to the fields there are, but for `Content-Type`, which a message has one of: that is
/// replaced.
void add_fields(headers& fields, const headers& more);

}  // namespace kit::http
