#pragma once

#include <chrono>
#include <concepts>
#include <ratio>
#include <utility>

#include <kit/clock.hpp>
#include <kit/metrics/concepts.hpp>

namespace kit::metrics {

/// Measures a span of time into a histogram, in seconds or another unit:
///
///     stopwatch watch(latency, wheel.now());
///     ...
///     watch.stop(wheel.now());
///
///     stopwatch<histogram, std::milli> in_milliseconds(latency, started);
///
/// The time is passed in, so that it is that of the loop (`timer_wheel::now`), of an interceptor's
/// call (`call::started`, `call::ended`), or a test's.
/// Threads: one at a time. Source: Go kit's metrics.Timer.
template <observable Histogram, class Unit = std::ratio<1>>
class stopwatch {
 public:
  stopwatch(Histogram into, time_point started) : into_(std::move(into)), started_(started) {}

  /// Observes the time since the start, 0 when the clock went back. May be called again.
  void stop(time_point now) const {
    const std::chrono::duration<double, Unit> took = now - started_;
    into_.observe(took.count() > 0 ? took.count() : 0);
  }

 private:
  Histogram into_;
  time_point started_;
};

}  // namespace kit::metrics
