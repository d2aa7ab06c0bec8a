#pragma once

#include <map>
#include <string>
#include <vector>

#include <transports/http/router.hpp>

namespace kit::http {

struct openapi_server {
  std::string url;
  std::string description = {};
};
struct openapi_contact {
  std::string name = {};
  std::string url = {};
  std::string email = {};
};
struct openapi_license {
  std::string name = {};
  /// An SPDX expression, or else `url`.
  std::string identifier = {};
  std::string url = {};
};

/// What an OpenAPI document says that no route does. Plain data; what is empty is left out.
struct openapi_options {
  /// Of the API. Needed.
  std::string title = {};
  /// Of the API, e.g. `1.2.0`. Needed.
  std::string version = {};
  std::string summary = {};
  std::string description = {};
  std::string terms_of_service = {};
  openapi_contact contact = {};
  openapi_license license = {};
  /// Where it is served. Empty: where the document came from.
  std::vector<openapi_server> servers = {};
  /// Comments of routes that aren't a service's, by method and whole pattern: `GET /users/{id}`.
  std::map<std::string, std::string> comments = {};
};

// router::openapi and router::openapi_document make documents of the OpenAPI Specification 3.1:
//
//     router.mount("/", add);
//     router.openapi("/openapi.json", {.title = "Sums", .version = "1.0.0"});
//
// In it are the typed routes, with the schemas of their requests and responses (see
// <kit/codec/json_schema.hpp>): parameters of the path, for GET, HEAD and DELETE those of the
// query, for others the content. Raw handlers are not, nor are methods that OpenAPI doesn't know.
// Comments are those of `reflect_traits`: of types, fields, and, where the type is a service, of
// its endpoints; the first line is the summary. Operations are named after endpoints, or else
// method and path; they are grouped by service, or else by the first text of their group's prefix.
//
// A `{rest...}` is written as a parameter like others, as OpenAPI knows none that takes slashes.
//
// Errors: `errc::invalid_argument` for options without title or version, or, when the router
//         becomes a handler, a comment of no route.

}  // namespace kit::http
