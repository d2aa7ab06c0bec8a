#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include <kit/metrics/detail/series.hpp>
#include <kit/metrics/labelled.hpp>

namespace kit::metrics {

/// Counts what happens: it only grows. Made by a `registry`; a default-constructed one discards.
///
/// A small handle; copies count into the same series, and may outlive the registry. Each thread has
/// its own cell, so that adding is a plain load and store and no thread waits for another; from the
/// 64th thread at a time on, threads share one. A series takes about 700 bytes, and 128 for each of
/// the threads that have used it.
/// Threads: any, at once.
class counter {
 public:
  counter() noexcept = default;

  /// A negative `delta`, and one that isn't finite, is ignored.
  void add(double delta = 1) const noexcept {
    if (series_ && delta >= 0 && delta <= std::numeric_limits<double>::max()) series_->add(delta);
  }
  /// The sum over all threads; 0 when it discards. Another thread's additions may be missing yet.
  double value() const noexcept { return series_ ? series_->value() : 0; }

 private:
  friend class registry;
  template <class Handle, std::size_t N>
  friend class labelled;
  explicit counter(std::shared_ptr<detail::series> s)
      : series_(std::static_pointer_cast<detail::sum_series>(std::move(s))) {}

  std::shared_ptr<detail::sum_series> series_;
};

/// Counts what comes and goes, such as requests under way. As cheap as a counter; what is shown is
/// a gauge that cannot be set. Threads: any, at once.
class up_down_counter {
 public:
  up_down_counter() noexcept = default;

  /// A `delta` that isn't finite is ignored.
  void add(double delta = 1) const noexcept {
    if (series_ && delta >= std::numeric_limits<double>::lowest() &&
        delta <= std::numeric_limits<double>::max()) {
      series_->add(delta);
    }
  }
  void subtract(double delta = 1) const noexcept { add(-delta); }
  double value() const noexcept { return series_ ? series_->value() : 0; }

 private:
  friend class registry;
  template <class Handle, std::size_t N>
  friend class labelled;
  explicit up_down_counter(std::shared_ptr<detail::series> s)
      : series_(std::static_pointer_cast<detail::sum_series>(std::move(s))) {}

  std::shared_ptr<detail::sum_series> series_;
};

template <std::size_t N>
using counter_family = labelled<counter, N>;
template <std::size_t N>
using up_down_counter_family = labelled<up_down_counter, N>;

/// What a counter has grown by since the last time that this one asked, which is how several
/// readers can each start from zero while the counter goes on. Threads: one at a time.
class counter_window {
 public:
  /// Begins with the counter's present value.
  explicit counter_window(counter c) : counter_(std::move(c)), seen_(counter_.value()) {}

  /// What was added since; none is lost or given twice.
  double take() noexcept {
    const double now = counter_.value();
    return now - std::exchange(seen_, now);
  }

 private:
  counter counter_;
  double seen_;
};

}  // namespace kit::metrics
