#pragma once

#include <utility>

#include <kit/metrics/concepts.hpp>

/// One kind of instrument where code wants another: what it would do with the one is done to the
/// other. Threads: as the instrument inside. Source: Go kit's metrics/internal/convert.
namespace kit::metrics {

namespace detail {
template <class T>
void record(const T& into, double v) {
  if constexpr (observable<T>) {
    into.observe(v);
  } else {
    into.add(v);
  }
}
}  // namespace detail

/// Additions become observations of a histogram, or additions to a gauge.
template <class T>
  requires(addable<T> || observable<T>)
class as_counter {
 public:
  explicit as_counter(T into) : into_(std::move(into)) {}
  void add(double delta = 1) const { detail::record(into_, delta); }

 private:
  T into_;
};

/// Setting and adding become observations of a histogram, or additions to a counter.
template <class T>
  requires(addable<T> || observable<T>)
class as_gauge {
 public:
  explicit as_gauge(T into) : into_(std::move(into)) {}
  void set(double value) const { detail::record(into_, value); }
  void add(double delta) const { detail::record(into_, delta); }

 private:
  T into_;
};

/// Observations become additions to a counter, or are what a gauge is set to.
template <class T>
  requires addable<T>
class as_histogram {
 public:
  explicit as_histogram(T into) : into_(std::move(into)) {}
  void observe(double value) const {
    if constexpr (settable<T>) {
      into_.set(value);
    } else {
      into_.add(value);
    }
  }

 private:
  T into_;
};

}  // namespace kit::metrics
