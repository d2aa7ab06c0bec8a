#include <middleware/detail/http_sharing.hpp>

#include <algorithm>
#include <string>

#include <kit/http/cache_control.hpp>
#include <kit/http/classify.hpp>
#include <kit/http/field.hpp>
#include <kit/http/status.hpp>

namespace kit::middleware::detail {
namespace {

bool is_for_one(const http::response& r, const http::cache_control& said) {
  return r.body.is_stream() || said.no_store || said.no_cache || said.is_private ||
         r.headers.get(http::field::set_cookie) || r.headers.get(http::field::vary);
}

}  // namespace

std::optional<keeping_time> may_keep_http(const http::response& r, duration took) {
  const auto said = http::cache_control::of(r.headers);
  if (r.status != http::status::ok || is_for_one(r, said)) return std::nullopt;
  keeping_time keep;
  // s-maxage means that, too (RFC 9111 5.2.2.10).
  keep.stale = !said.must_revalidate && !said.proxy_revalidate && !said.s_maxage;
  keep.age = said.age + took;
  if (const auto fresh = said.fresh_for(true)) keep.ttl = *fresh - keep.age;
  if (keep.ttl <= duration::zero()) return std::nullopt;
  return keep;
}

bool may_share_http(const http::response& r) {
  return !is_for_one(r, http::cache_control::of(r.headers));
}

bool is_final_http(const result<http::response>& r) {
  return !http::by_status()(r).retryable;
}

void set_age(http::response& r, duration age) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::max(age, duration::zero()));
  r.headers.set(http::field::age, std::to_string(seconds.count()));
}

}  // namespace kit::middleware::detail
