#pragma once

#include <string_view>
#include <type_traits>

#include <kit/codec/json_schema.hpp>
#include <kit/codec/query.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/reflect.hpp>
#include <transports/http/json_codec.hpp>

namespace kit::http::detail {

/// What a typed route takes and gives: a constant, for documents only.
struct route_types {
  const json::schema_type* request = nullptr;   ///< null: an `http::request`
  const json::schema_type* response = nullptr;  ///< null: an `http::response`
  /// Whether the request has a field of that name that can be a parameter; null: none has.
  bool (*has_parameter)(std::string_view) noexcept = nullptr;
  bool chooses_status = false;
};

template <class Req, class Resp>
consteval route_types make_route_types() {
  route_types t;
  if constexpr (!std::is_same_v<Req, http::request>) {
    t.request = &json::schema_type_of<Req>;
    if constexpr (reflect::aggregate<Req>) t.has_parameter = &query::has_parameter<Req>;
  }
  if constexpr (!std::is_same_v<Resp, http::response>) {
    t.response = &json::schema_type_of<Resp>;
    t.chooses_status = status_coder<Resp>;
  }
  return t;
}
template <class Req, class Resp>
inline constexpr route_types route_types_of = make_route_types<Req, Resp>();

/// What a router remembers of a typed route.
struct route_description {
  const route_types* types;
  bool own_errors = false;  ///< an error encoder makes the answers to failures
  // Of a service's endpoint.
  const reflect::field_info* method = nullptr;
  std::string_view service = {};
  std::string_view service_comment = {};
};

}  // namespace kit::http::detail
