#include <middleware/cache.hpp>

#include <kit/error.hpp>

namespace kit::middleware {

void require_valid(const cache_limits& l) {
  if (l.ttl < duration::zero()) {
    throw error(errc::invalid_argument, "cache_limits::ttl: not negative");
  }
  if (l.stale_while_revalidate < duration::zero()) {
    throw error(errc::invalid_argument, "cache_limits::stale_while_revalidate: not negative");
  }
  if (l.refresh_timeout <= duration::zero()) {
    throw error(errc::invalid_argument, "cache_limits::refresh_timeout: positive");
  }
}

}  // namespace kit::middleware
