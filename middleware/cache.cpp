#include <middleware/cache.hpp>

#include <kit/http/field.hpp>
#include <kit/http/status.hpp>
#include <kit/http/syntax.hpp>

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

bool may_keep_http(const http::response& r) {
  if (r.status != http::status::ok || r.body.is_stream() ||
      r.headers.get(http::field::set_cookie) || r.headers.get(http::field::vary)) {
    return false;
  }
  const auto said = r.headers.get(http::field::cache_control).value_or(std::string_view());
  return said.find("no-store") == said.npos && said.find("private") == said.npos &&
         said.find("no-cache") == said.npos;
}

}  // namespace detail
}  // namespace kit::middleware
