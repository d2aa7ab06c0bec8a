// error: cache: the key is a function of const Req&
#include <middleware/cache.hpp>

#include "layers.hpp"

endpoint f(endpoint next) {
  using namespace kit::middleware;
  return cache(cache_options{.key = [](int) { return std::string(); }})(next);
}
