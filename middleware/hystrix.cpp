#include <middleware/hystrix.hpp>

#include <cmath>

#include <kit/error.hpp>

namespace kit::middleware {
namespace {

template <class T>
T or_default(T value, T usual) {
  return value == T{} ? usual : value;
}

hystrix_options with_defaults(hystrix_options o) {
  const hystrix_options usual;
  o.timeout = or_default(o.timeout, usual.timeout);
  o.max_concurrent_requests = or_default(o.max_concurrent_requests, usual.max_concurrent_requests);
  o.request_volume_threshold =
      or_default(o.request_volume_threshold, usual.request_volume_threshold);
  o.sleep_window = or_default(o.sleep_window, usual.sleep_window);
  o.error_percent_threshold = or_default(o.error_percent_threshold, usual.error_percent_threshold);
  return o;
}

hystrix_commands::layers made_of(const hystrix_options& o) {
  const auto trips = [volume = o.request_volume_threshold,
                      percent = o.error_percent_threshold](const call_counts& c) {
    return c.total() >= volume && std::lround(c.failure_ratio() * 100) >= long(percent);
  };
  const circuit_breaker breaker({.limits = breaker_limits{.open_for = o.sleep_window},
                                 .window = {.length = std::chrono::seconds{10}, .steps = 10},
                                 .trips = trips,
                                 .late_success_closes = true,
                                 .count_refusals = true,
                                 .open_message = "hystrix: circuit open",
                                 .half_open_message = "hystrix: circuit open"});
  const bulkhead places({.limits = bulkhead_limits{.max_concurrent = o.max_concurrent_requests},
                         .message = "hystrix: max concurrency"});
  const timeout limit({.limit = o.timeout, .message = "hystrix: timeout"});
  return chain(breaker, places, limit);
}

}  // namespace

void hystrix_commands::configure(std::string_view name, const hystrix_options& options) {
  if (options.error_percent_threshold > 100) {
    throw error(errc::invalid_argument, "hystrix_options::error_percent_threshold: at most 100");
  }
  if (options.timeout < duration::zero() || options.sleep_window < duration::zero()) {
    throw error(errc::invalid_argument, "hystrix_options: a duration is negative");
  }
  const std::lock_guard lock(mutex_);
  options_.insert_or_assign(std::string(name), with_defaults(options));
}

hystrix_commands::layers hystrix_commands::command(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = commands_.find(name); found != commands_.end()) return found->second;
  const auto configured = options_.find(name);
  const auto& o = configured != options_.end() ? configured->second : hystrix_options();
  return commands_.emplace(name, made_of(o)).first->second;
}

}  // namespace kit::middleware
