// error: authentication is inside idempotency
#include <middleware/auth/mtls.hpp>
#include <middleware/idempotency.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return kit::chain(idempotency(), auth::mtls())(next);
}
