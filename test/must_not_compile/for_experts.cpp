// Who knows better says so, and his chain may be a part of another one.
#include <middleware/circuit_breaker.hpp>
#include <middleware/retry.hpp>
#include <middleware/timeout.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(timeout(), kit::unchecked_chain(circuit_breaker(), retry()))(next);
}
