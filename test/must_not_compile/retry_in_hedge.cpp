// error: retry is inside hedge
#include <middleware/hedge.hpp>
#include <middleware/retry.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(hedge(), retry())(next);
}
