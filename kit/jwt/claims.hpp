#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/codec/json.hpp>
#include <kit/codec/json_raw.hpp>
#include <kit/result.hpp>

namespace kit::jwt {

using wall_time = std::chrono::system_clock::time_point;

/// What a token says, or is to say: the registered claims (RFC 7519 4.1), and all others as JSON.
/// Of a token that was verified it is a value in the context: `ctx.get<jwt::claims>()`.
///
/// As JSON it is the object of the claims. Written, the registered ones that are set come first,
/// then those members of `all` that aren't registered. Read, a registered claim must have the type
/// that it has by the RFC, and no name may stand there twice.
struct claims {
  std::string iss = {};
  std::string sub = {};
  /// One as a string or several as an array, in JSON.
  std::vector<std::string> aud = {};
  /// Times are numbers of seconds there, with a fraction or without. What is past the range of
  /// `system_clock` is its end.
  std::optional<wall_time> exp = {};
  std::optional<wall_time> nbf = {};
  std::optional<wall_time> iat = {};
  std::string jti = {};
  /// The whole object, or null.
  json::raw all = {};

  /// Claims of one's own: `c.as<my_claims>()`, a plain aggregate or a map.
  /// Errors: `errc::invalid_argument`, as `json::decode`.
  template <class T>
  result<T> as(const json::decode_options& options = {}) const {
    return all.as<T>(options);
  }
  /// A single one, of any name; nothing where there is none in `all`.
  std::optional<json::raw> member(std::string_view name) const;

  friend bool operator==(const claims&, const claims&) = default;
};

}  // namespace kit::jwt

template <>
struct kit::json::codec<kit::jwt::claims> {
  static constexpr unsigned kinds = bit(kind::object);
  static bool decode(reader& r, jwt::claims& v);
  static bool encode(writer& w, const jwt::claims& v);
};
