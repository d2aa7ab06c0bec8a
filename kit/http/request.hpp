#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/http/body.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/method.hpp>
#include <kit/http/path_params.hpp>
#include <kit/http/version.hpp>

namespace kit::http {

/// An HTTP request, on the server's and on the client's side. A plain value with cheap moves.
///
/// `target` is sent as it is: origin-form (`/path?query`) as a rule. A server's parser turns the
/// absolute-form into it and puts the authority into `Host`; `*` and `host:port` (CONNECT) stay. A
/// client takes an absolute URL.
struct request {
  http::method method = http::method::get;
  http::version version = http::version::http_1_1;
  std::string target = "/";
  http::headers headers = {};
  http::body body = {};
  /// Filled by a router, as the next two.
  path_params params = {};
  /// The pattern of the route that matched, e.g. `/users/{id}`: for logs, metrics and traces. Valid
  /// as long as the router's handler.
  std::string_view route = {};
  /// Where a router also says what `route` is, for a server's access log. Null: nobody asks.
  std::shared_ptr<std::string_view> route_note = {};
  /// The whole target as it came, where a router mounted this handler below a prefix and left the
  /// rest in `target`; otherwise empty.
  std::string original_target = {};

  /// The path as sent, percent-encoded; `/` where an absolute URL has none. Views of this and the
  /// next are valid until `target` is changed or the request moved.
  std::string_view path() const noexcept;
  /// What follows the first `?`, without a fragment; empty when there is none.
  std::string_view query_string() const noexcept;

  /// The first query parameter of that name, decoded by the rules of HTML forms (`+` is a space).
  /// Throws `errc::invalid_argument` when its value is encoded wrongly.
  std::optional<std::string> query(std::string_view name) const;
  /// All its values. Throws as `query`.
  std::vector<std::string> query_all(std::string_view name) const;

  /// Whether it can be sent once more: its content is no stream.
  bool repeatable() const noexcept { return !body.is_stream(); }
  /// Whether it has no further effect when it comes twice: by its method (RFC 9110 9.2.2), or an
  /// `Idempotency-Key`.
  bool idempotent() const noexcept {
    return method.is_idempotent() || headers.get("Idempotency-Key").has_value();
  }

  /// The path parameter of that name, decoded; empty when the route has none of that name. Valid
  /// until the request is changed or moved.
  std::string_view param(std::string_view name) const noexcept {
    return params.get(name).value_or(std::string_view());
  }
};

}  // namespace kit::http
