// error: fallback: the function returns a response
#include <middleware/fallback.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  return kit::middleware::fallback([](const kit::error&) { return 5; })(next);
}
