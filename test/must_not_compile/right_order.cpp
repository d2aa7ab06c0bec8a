// What is right must compile.
#include <middleware/auth/basic.hpp>
#include <middleware/bulkhead.hpp>
#include <middleware/cache.hpp>
#include <middleware/circuit_breaker.hpp>
#include <middleware/coalesce.hpp>
#include <middleware/deadline.hpp>
#include <middleware/explaining.hpp>
#include <middleware/fallback.hpp>
#include <middleware/hedge.hpp>
#include <middleware/idempotency.hpp>
#include <middleware/rate_limit.hpp>
#include <middleware/retry.hpp>
#include <middleware/timeout.hpp>

#include "layers.hpp"

using namespace kit::middleware;

endpoint client(endpoint next) {
  return kit::chain(explaining(), fallback([](const kit::error&) { return response(); }), cache(),
                    coalesce(), timeout(), retry(), hedge({.idempotent = true}), circuit_breaker(),
                    rate_limit({}), bulkhead(), timeout())(next);
}

endpoint server(endpoint next) {
  return kit::chain(explaining(), deadline(), auth::basic({}), rate_limit({}), bulkhead(),
                    idempotency(), cache(), coalesce())(next);
}
