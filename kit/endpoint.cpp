#include <kit/endpoint.hpp>

#include <kit/this_context.hpp>

namespace kit::detail {

error call_error(std::exception_ptr thrown, const asio::any_io_executor& ex) {
  return call_error(to_error(std::move(thrown)), ex);
}

error call_error(error returned, const asio::any_io_executor& ex) {
  if (returned.code() != errc::canceled) return returned;
  if (context_of(ex).cause() != errc::deadline_exceeded) return returned;
  const error late(errc::deadline_exceeded);
  return returned.cause() ? late.with_cause(returned.cause()) : late;
}

}  // namespace kit::detail
