#pragma once

#include <utility>

#include <kit/metrics/registry.hpp>
#include <kit/metrics/snapshot.hpp>

namespace kit::metrics::detail {

/// What happens in a registry from one reading to the next, the first time since the beginning.
/// Threads: one at a time.
class window {
 public:
  explicit window(registry metrics) : metrics_(std::move(metrics)) {}

  /// As `delta` gives it; but `min` and `max` of histograms are those of the series since it began,
  /// which keeps quantiles of few values from lying outside.
  snapshot next();

 private:
  registry metrics_;
  snapshot last_;
};

}  // namespace kit::metrics::detail
