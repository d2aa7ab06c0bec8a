// error: an interceptor whose enter may say wait has a member wait
#include "layers.hpp"

struct waiting {
  kit::result<kit::admission> enter(kit::call&) { return kit::admission::wait; }
};

endpoint f(endpoint next) {
  return kit::chain(waiting())(next);
}
