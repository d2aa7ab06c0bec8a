// error: authentication is inside coalesce
#include <middleware/auth/api_key.hpp>
#include <middleware/coalesce.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(coalesce(), auth::api_key({}))(next);
}
