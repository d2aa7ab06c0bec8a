// error: fallback is inside cache
#include <middleware/cache.hpp>
#include <middleware/fallback.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(cache(), fallback([](const kit::error&) { return response(); }))(next);
}
