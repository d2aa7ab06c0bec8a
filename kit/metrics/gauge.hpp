#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <kit/metrics/detail/series.hpp>
#include <kit/metrics/labelled.hpp>

namespace kit::metrics {

/// A value that is set: the last one counts, and stays until the next. Made by a `registry`; a
/// default-constructed one discards. Any double, also NaN and the infinities.
///
/// A small handle, as `counter`. It is one atomic for all threads: for a sum that many threads
/// change often, `up_down_counter` is cheaper.
/// Threads: any, at once.
class gauge {
 public:
  gauge() noexcept = default;

  void set(double value) const noexcept {
    if (series_) series_->set(value);
  }
  void add(double delta) const noexcept {
    if (series_) series_->add(delta);
  }
  void subtract(double delta) const noexcept { add(-delta); }
  /// 0 before it is set, and when it discards.
  double value() const noexcept { return series_ ? series_->value() : 0; }

 private:
  friend class registry;
  template <class Handle, std::size_t N>
  friend class labelled;
  explicit gauge(std::shared_ptr<detail::series> s)
      : series_(std::static_pointer_cast<detail::gauge_series>(std::move(s))) {}

  std::shared_ptr<detail::gauge_series> series_;
};

template <std::size_t N>
using gauge_family = labelled<gauge, N>;

}  // namespace kit::metrics
