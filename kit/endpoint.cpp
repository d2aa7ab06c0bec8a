#include <kit/endpoint.hpp>

#include <utility>

#include <kit/this_context.hpp>

namespace kit::detail {

error call_error(std::exception_ptr thrown, const asio::any_io_executor& ex) {
  return call_error(to_error(std::move(thrown)), ex);
}

error call_error(error returned, const asio::any_io_executor& ex) {
  // A handler that fails because a call of its own was refused has begun all the same.
  return settled(returned.refused() ? returned.with_refused(false) : std::move(returned),
                 context_of(ex).cause());
}

}  // namespace kit::detail
