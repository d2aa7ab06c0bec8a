#include <kit/interceptor.hpp>

#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace kit {

call::call(std::string_view name, asio::any_io_executor ex)
    : name_(name), executor_(std::move(ex)), started_(timer_wheel::of(executor_).now()) {}

const context& call::context() const {
  if (!context_) context_ = context_of(executor_);
  return *context_;
}

void call::set_context(kit::context ctx) {
  if (!replaced_) {
    context();
    replaced_ = std::move(context_);
  }
  context_ = std::move(ctx);
}

time_point call::ended() const {
  if (!ended_) ended_ = timer_wheel::of(executor_).now();
  return *ended_;
}

}  // namespace kit
