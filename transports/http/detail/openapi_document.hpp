#pragma once

#include <optional>
#include <span>
#include <string>

#include <kit/http/method.hpp>
#include <transports/http/detail/route_pattern.hpp>
#include <transports/http/detail/route_types.hpp>
#include <transports/http/openapi.hpp>

namespace kit::http::detail {

/// A typed route in its place.
struct described_route {
  std::optional<http::method> method;  ///< nothing: any
  route_pattern pattern;
  std::string prefix;  ///< of its group
  route_description is;
};

/// Throws `errc::invalid_argument` for what cannot be.
void check(const openapi_options& options);

/// The document's text. Throws as `check`.
std::string openapi_document(std::span<const described_route> routes,
                             const openapi_options& options);

}  // namespace kit::http::detail
