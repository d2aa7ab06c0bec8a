#pragma once

#include <string>

#include <kit/error.hpp>
#include <kit/http/check_status.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/response.hpp>
#include <kit/http/status.hpp>

namespace kit::http {

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
/// `with_json_body`. Both empty: no content, and no type.
struct error_body {
  std::string content = {};
  std::string content_type = "application/json; charset=utf-8";
};

/// The status to answer with: the `error_status` attached. Else, where a call to another server has
/// failed (`call_failure`, `received_status`), 504 when the time was over, 503 when it had no room
/// here or asks to wait there, and 502 for the rest: its 404, say, is not about what the client
/// wants of this server. Else the code's.
status status_of(const error& e) noexcept;

/// The answer to a request whose handler failed: that status, the attached content or else the
/// message as `text/plain; charset=utf-8`, the attached fields, `Retry-After` and `retry_pushback`
/// from the error's hint, and `WWW-Authenticate` from an attached `kit::challenge`.
///
/// What a foreign exception says (one that `to_error` made an error of), and what a call to another
/// server has failed with, may be nobody's business, and stays inside: clients get the status's
/// phrase.
response error_response(const error& e);

/// Adds `more` to the fields there are, but for `Content-Type`, which a message has one of: that is
/// replaced.
void add_fields(headers& fields, const headers& more);
/// Puts `more` in the place of fields of the same names.
void set_fields(headers& fields, const headers& more);

}  // namespace kit::http
