// error: authorization is inside cache
#include <middleware/auth/casbin.hpp>
#include <middleware/cache.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(cache(), auth::casbin(nullptr))(next);
}
