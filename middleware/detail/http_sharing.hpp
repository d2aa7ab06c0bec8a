#pragma once

#include <chrono>
#include <optional>
#include <type_traits>

#include <kit/classify.hpp>
#include <kit/clock.hpp>
#include <kit/error.hpp>
#include <kit/http/response.hpp>
#include <kit/result.hpp>

namespace kit::middleware::detail {

/// What an answer itself says of how long others may be given it.
struct keeping_time {
  duration ttl = duration::max();
  /// Whether afterwards, too, while a new one is fetched.
  bool stale = true;
  /// How old it was when it came.
  duration age{};
};

/// Nothing where others may not. `took`: how long the call did. Source: RFC 9111 section 3, 4.2.3,
/// for a shared cache.
std::optional<keeping_time> may_keep_http(const http::response& r, duration took);
/// Whether it's also the answer to others who ask the same at the same time.
bool may_share_http(const http::response& r);
/// Whether the same request will be answered the same way later.
bool is_final_http(const result<http::response>& r);
/// Says how old it is. Source: RFC 9111 5.1.
void set_age(http::response& r, duration age);

template <class Resp>
inline constexpr bool is_http = std::is_same_v<Resp, http::response>;

template <class Resp>
std::optional<keeping_time> may_keep(const Resp& r, duration took) {
  if constexpr (is_http<Resp>) {
    return may_keep_http(r, took);
  } else {
    return failed(r) ? std::nullopt : std::optional(keeping_time{});
  }
}

template <class Resp>
bool may_share(const Resp& r) {
  if constexpr (is_http<Resp>) {
    return may_share_http(r);
  } else {
    return true;
  }
}

template <class Resp>
bool is_final(const result<Resp>& r) {
  if (!r) {
    const auto& e = r.error();
    return e != errc::canceled && e != errc::aborted && !e.refused() && !classify::may_repeat(e);
  }
  if constexpr (is_http<Resp>) {
    return is_final_http(r);
  } else {
    const auto e = failed(*r);
    return !e || !classify::may_repeat(*e);
  }
}

}  // namespace kit::middleware::detail
