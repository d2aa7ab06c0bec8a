#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kit/metrics/registration.hpp>
#include <kit/metrics/snapshot.hpp>
#include <kit/random.hpp>

namespace kit::metrics {

namespace detail {
class sample_buffer;
}

/// Which single values a reader wants: for backends that do their own statistics, as StatsD does
/// with timings and CloudWatch with the values of a gauge.
struct sampling {
  /// What part of a metric's values to keep, from 0 to 1; 0 and less is none, and costs nothing.
  /// Asked once for each histogram and gauge, under a lock of the registry: don't call that.
  /// Empty: every value of histograms, and none of gauges.
  std::function<double(std::string_view name, metric_kind kind)> rate = nullptr;
  /// Values kept until they are taken, in all series together, at least 1. Further ones are only
  /// counted. Memory: 8 bytes each.
  std::size_t capacity = 100'000;
  /// Decides which values are kept where the rate is below 1.
  random_source random = random_source::from_entropy();
};

/// The values of one series, in the order in which they came.
struct sampled_series {
  std::string name;
  metric_kind kind = metric_kind::histogram;
  std::string unit = {};
  /// Sorted by name.
  std::vector<label> labels;
  /// As `sampling::rate` said: each value stands for 1 / rate.
  double rate = 1;
  /// What a histogram observed; what a gauge was set to, or had after an addition.
  std::vector<double> values;
};

struct samples {
  /// Sorted by name and label values; each has values.
  std::vector<sampled_series> series;
  /// Values that there was no room for, since the last time.
  std::uint64_t dropped = 0;
};

/// Collects single values from when it is made by `registry::read_samples` until it is destroyed.
/// While there is one, each value of a metric that it wants takes a lock: 20 to 50 ns, more when
/// threads collide.
/// Threads: any.
class sample_reader {
 public:
  /// Takes out what there is.
  samples take();

 private:
  friend class registry;
  sample_reader(std::shared_ptr<detail::sample_buffer> buffer, registration undo)
      : buffer_(std::move(buffer)), undo_(std::move(undo)) {}

  std::shared_ptr<detail::sample_buffer> buffer_;
  registration undo_;
};

}  // namespace kit::metrics
