#pragma once

#include <string>

namespace kit::http {

/// What handlers and middlewares behind a typed endpoint may want to know of the HTTP request, as a
/// value in the context: `ctx.get<http::request_info>()`. All text, empty when missing.
///
/// It is there when `http::populate_request_context` is among the hooks before the endpoint.
/// Fields taken from headers say what the client, or a proxy, claims.
/// Source: Go kit's package transport/http, ContextKeyRequest... .
struct request_info {
  std::string method;    ///< `PATCH`
  std::string uri;       ///< the target as the client sent it: `/search?q=x`
  std::string path;      ///< its path, percent-decoded
  std::string protocol;  ///< `HTTP/1.1`
  std::string host;      ///< the `Host` field: `example.com:8080`
  /// `10.0.0.7:50412` or `[::1]:50412`: the client, as far as is known; without the port,
  /// `10.0.0.7` or `::1`, where a proxy said none.
  std::string remote_address;
  std::string x_forwarded_for;    ///< all values, separated by commas
  std::string x_forwarded_proto;  ///< the fields of these names, of several lines the first
  std::string authorization;
  std::string referer;
  std::string user_agent;
  std::string x_request_id;
  std::string accept;
};

}  // namespace kit::http
