// error: authentication is inside cache
#include <middleware/auth/basic.hpp>
#include <middleware/cache.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(cache(), auth::basic({}))(next);
}
