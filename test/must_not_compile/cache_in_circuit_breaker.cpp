// error: cache is inside circuit_breaker
#include <middleware/cache.hpp>
#include <middleware/circuit_breaker.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(circuit_breaker(), cache())(next);
}
