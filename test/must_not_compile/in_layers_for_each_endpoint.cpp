// error: retry is inside circuit_breaker
#include <middleware/circuit_breaker.hpp>
#include <middleware/retry.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(kit::per_endpoint([] { return kit::chain(circuit_breaker()); }), retry())(next);
}
