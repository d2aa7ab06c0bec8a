#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kit/error.hpp>
#include <kit/http/body.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/method.hpp>
#include <kit/http/status.hpp>

namespace kit::http {

/// An HTTP response, on the server's and on the client's side. A plain value with cheap moves.
///
/// A server sets `Content-Length`, `Transfer-Encoding`, `Date` and `Connection` itself; see
/// `append_response` for what becomes of such fields set here.
struct response {
  http::status status = http::status::ok;
  http::headers headers = {};
  http::body body = {};
  /// Replaces the registered phrase when not empty. Nobody reads it.
  std::string reason = {};

  static response text(http::status status, http::body body,
                       std::string_view content_type = "text/plain; charset=utf-8");
  /// `json` is a JSON text already.
  static response json(http::status status, http::body json);
  /// `location` is a URI reference. Throws `errc::invalid_argument` when it holds control
  /// characters.
  static response redirect(http::status status, std::string_view location);
};

/// What an answer stands for to policies, see `kit::has_status_error`: from 400 on the error that
/// `check_status` makes of it.
std::optional<error> status_error(const response& r);

/// Whether the answer to a request of that method has content, be it empty (RFC 9110 6.4.1).
constexpr bool has_content(const method& m, status s) noexcept {
  return m.known() != method::head && !is_bodiless(s);
}

}  // namespace kit::http
