#include <middleware/cache.hpp>

#include <optional>

#include <kit/error.hpp>
#include <kit/http/cache_control.hpp>
#include <kit/http/field.hpp>
#include <kit/http/status.hpp>

namespace kit::middleware {

void validate(const cache_limits& l) {
  if (l.ttl < duration::zero()) {
    throw error(errc::invalid_argument, "cache_limits::ttl: not negative");
  }
  if (l.stale_while_revalidate < duration::zero()) {
    throw error(errc::invalid_argument, "cache_limits::stale_while_revalidate: not negative");
  }
}

namespace detail {

std::optional<keeping_time> may_keep_http(const http::response& r) {
  if (r.status != http::status::ok || r.body.is_stream() ||
      r.headers.get(http::field::set_cookie) || r.headers.get(http::field::vary)) {
    return std::nullopt;
  }
  const auto said = http::cache_control::of(r.headers);
  if (said.no_store || said.no_cache || said.is_private) return std::nullopt;
  keeping_time keep;
  // s-maxage means that, too (RFC 9111 5.2.2.10).
  keep.stale = !said.must_revalidate && !said.proxy_revalidate && !said.s_maxage;
  if (const auto age = said.s_maxage ? said.s_maxage : said.max_age) keep.ttl = *age - said.age;
  if (keep.ttl <= duration::zero()) return std::nullopt;
  return keep;
}

}  // namespace detail
}  // namespace kit::middleware
