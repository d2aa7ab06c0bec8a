// error: an interceptor's wait takes (kit::call&, state&) and returns
#include <asio/awaitable.hpp>

#include "layers.hpp"

struct waiting {
  kit::result<kit::admission> enter(kit::call&) { return kit::admission::wait; }
  asio::awaitable<void> wait(kit::call&) { co_return; }
};

endpoint f(endpoint next) {
  return kit::chain(waiting())(next);
}
