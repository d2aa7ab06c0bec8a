#include <kit/metrics/loop_lag.hpp>

#include <asio/this_coro.hpp>

#include <kit/error.hpp>
#include <kit/metrics/stopwatch.hpp>
#include <kit/timer.hpp>

namespace kit::metrics {

asio::awaitable<void> measure_loop_lag(histogram lag, duration interval) {
  if (interval <= duration::zero()) {
    throw error(errc::invalid_argument, "measure_loop_lag: the interval must be positive");
  }
  const auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
  for (;;) {
    const auto due = saturating_add(wheel.now(), interval);
    co_await sleep_until(due);
    stopwatch(lag, due).stop(wheel.now());
  }
}

}  // namespace kit::metrics
