// error: retry is inside another retry
#include <middleware/retry.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(retry(), retry())(next);
}
