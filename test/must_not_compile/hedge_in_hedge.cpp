// error: hedge is inside another hedge
#include <middleware/hedge.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(hedge(), hedge())(next);
}
