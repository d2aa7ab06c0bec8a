// error: fallback is inside retry
#include <middleware/fallback.hpp>
#include <middleware/retry.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(retry(), fallback([](const kit::error&) { return response(); }))(next);
}
