// error: explaining is inside a layer that decides about calls
#include <middleware/explaining.hpp>
#include <middleware/rate_limit.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(rate_limit({}), explaining())(next);
}
