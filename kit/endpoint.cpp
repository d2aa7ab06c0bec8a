#include <kit/endpoint.hpp>

#include <utility>

#include <kit/this_context.hpp>

namespace kit::detail {

error call_error(std::exception_ptr thrown, const asio::any_io_executor& ex, bool handler) {
  return call_error(to_error(std::move(thrown)), ex, handler);
}

error call_error(error returned, const asio::any_io_executor& ex, bool handler) {
  if (handler && returned.refused()) returned = returned.with_refused(false);
  return settled(std::move(returned), context_of(ex).cause());
}

}  // namespace kit::detail
