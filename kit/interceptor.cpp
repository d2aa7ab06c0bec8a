#include <kit/interceptor.hpp>

#include <kit/timer.hpp>

namespace kit {

call::call(std::string_view name, asio::any_io_executor ex, bool timed)
    : name_(name), executor_(std::move(ex)) {
  if (timed) now_ = started_ = timers().now();
}

timer_wheel& call::timers() const {
  return timer_wheel::of(executor_);
}

time_point call::started() const {
  if (!started_) started_ = now();
  return *started_;
}

time_point call::now() const {
  if (!now_) now_ = timers().now();
  return *now_;
}

}  // namespace kit
