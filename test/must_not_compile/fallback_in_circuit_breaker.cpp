// error: fallback is inside circuit_breaker
#include <middleware/circuit_breaker.hpp>
#include <middleware/fallback.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(circuit_breaker(),
                    fallback([](const kit::error&) { return response(); }))(next);
}
