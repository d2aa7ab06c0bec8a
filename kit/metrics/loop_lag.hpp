#pragma once

#include <chrono>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/metrics/histogram.hpp>

namespace kit::metrics {

/// Measures how late the timers of a loop are, again and again: how long a ready handler has to
/// wait there, because others take too long or the machine has no time. Each measurement is
/// observed in seconds; a loop that has nothing to do is up to 1 ms late, the wheel's tick.
///
///     const auto lag = metrics.histogram({.name = "loop_lag_seconds"}, {"loop"});
///     for (std::size_t i = 0; i < rt.size(); ++i)
///       rt.on(i, [lag = lag.with(i)] { return kit::metrics::measure_loop_lag(lag); });
///
/// Runs on the loop of its coroutine until that is cancelled.
/// Errors:       throws `errc::invalid_argument` when `interval` isn't positive, and when cancelled
///               `std::system_error` of `operation_aborted`.
/// Cancellation: any type.
asio::awaitable<void> measure_loop_lag(histogram lag, duration interval = std::chrono::seconds(1));

}  // namespace kit::metrics
