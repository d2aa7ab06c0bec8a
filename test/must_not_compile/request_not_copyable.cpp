// error: retry sends a request again: its type must be copyable
#include <memory>

#include <middleware/retry.hpp>

#include "layers.hpp"

struct unique_request {
  std::unique_ptr<int> only;
};

auto f(kit::endpoint<unique_request, response> next) {
  return kit::chain(kit::middleware::retry())(next);
}
