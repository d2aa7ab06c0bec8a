#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <kit/metrics/detail/series.hpp>
#include <kit/metrics/labelled.hpp>
#include <kit/tracing/span_context.hpp>

namespace kit::metrics {

/// How values are distributed: a count for each bucket, and their sum, minimum and maximum. Made by
/// a `registry`; a default-constructed one discards.
///
/// A small handle with cells per thread, as `counter`.
/// Threads: any, at once.
class histogram {
 public:
  histogram() noexcept = default;

  /// A value that isn't finite is ignored.
  void observe(double value) const noexcept {
    if (series_) series_->observe(value);
  }
  /// Keeps that span as the bucket's exemplar, if the span is valid and sampled. Takes a lock, and
  /// the first in a bucket allocates.
  /// Errors: `std::bad_alloc`; the value is counted all the same.
  void observe(double value, const tracing::span_context& span) const;
  /// The same with labels of any kind. Where their names are no label names or not distinct, the
  /// values no UTF-8, or all together longer than 128 bytes, there is no exemplar (OpenMetrics).
  /// Allocates.
  void observe(double value, std::vector<label> example) const {
    if (series_) series_->observe(value, std::move(example));
  }

  /// What there is now, of which `data().quantile(0.99)` and `data().mean()` are parts. Another
  /// thread's values may be missing yet.
  histogram_data data() const { return series_ ? series_->data() : histogram_data(); }

 private:
  friend class registry;
  template <class Handle, std::size_t N>
  friend class labelled;
  explicit histogram(std::shared_ptr<detail::series> s)
      : series_(std::static_pointer_cast<detail::histogram_series>(std::move(s))) {}

  std::shared_ptr<detail::histogram_series> series_;
};

template <std::size_t N>
using histogram_family = labelled<histogram, N>;

}  // namespace kit::metrics
