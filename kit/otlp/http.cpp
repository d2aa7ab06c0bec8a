#include <kit/otlp/http.hpp>

#include <kit/http/field.hpp>

namespace kit::otlp {

std::string content_type(encoding as) {
  return as == encoding::json ? "application/json" : "application/x-protobuf";
}

bool detail::is_json(const http::response& r) {
  return r.headers.get(http::field::content_type)
      .value_or("")
      .starts_with(content_type(encoding::json));
}

}  // namespace kit::otlp
