#include <kit/http/response.hpp>

#include <utility>

namespace kit::http {

response response::text(http::status status, http::body body, std::string_view content_type) {
  response r{.status = status, .body = std::move(body)};
  r.headers.set(field::content_type, content_type);
  return r;
}

response response::json(http::status status, http::body json) {
  return text(status, std::move(json), "application/json");
}

response response::redirect(http::status status, std::string_view location) {
  response r{.status = status};
  r.headers.set(field::location, location);
  return r;
}

}  // namespace kit::http
