#pragma once

#include <chrono>
#include <optional>

#include <kit/http/headers.hpp>

namespace kit::http {

/// What a message says of whether and how long it may be kept: its `Cache-Control` fields, its
/// `Age` and `Expires`. Directives not named here are ignored. Source: RFC 9111 5.1, 5.2 and 5.3.
struct cache_control {
  bool no_store = false;
  bool no_cache = false;    ///< Also where it names fields.
  bool is_private = false;  ///< Also where it names fields.
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  /// No more than 2^31; the first one said counts. 0 for what is no number (RFC 9111 4.2.1).
  std::optional<std::chrono::seconds> max_age = {}, s_maxage = {};
  /// How old it was when it came.
  std::chrono::seconds age{0};
  /// `Expires` less `Date`. 0 where one of them is no date, or there is no `Date`.
  std::optional<std::chrono::seconds> expires = {};

  /// For how long it was fresh when it was made; nothing where it doesn't say. `shared`: in a cache
  /// that several use (RFC 9111 4.2.1).
  std::optional<std::chrono::seconds> fresh_for(bool shared) const noexcept;

  static cache_control of(const headers& fields);

  friend bool operator==(const cache_control&, const cache_control&) = default;
};

}  // namespace kit::http
