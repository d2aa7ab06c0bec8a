#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/metrics/counter.hpp>
#include <kit/metrics/description.hpp>
#include <kit/metrics/gauge.hpp>
#include <kit/metrics/histogram.hpp>
#include <kit/metrics/labelled.hpp>
#include <kit/metrics/registration.hpp>
#include <kit/metrics/samples.hpp>
#include <kit/metrics/snapshot.hpp>

namespace kit::metrics {

namespace detail {
struct family_info;
}

/// Settings of a `registry`.
struct registry_options {
  /// How many series a metric may have whose description doesn't say, at least 1.
  std::size_t max_series = 1'000;
  /// The time for `point::start`, exemplars and snapshots. Called on any thread; must not throw.
  /// Empty: the system's.
  std::function<wall_time()> now = nullptr;
};

/// Knows an application's metrics: makes their handles, and reads them for any number of exporters.
///
///     kit::metrics::registry metrics;
///     auto requests = metrics.counter({.name = "requests_total", .help = "Requests answered."},
///                                     {"method", "error"});
///     auto sum_failed = requests.with("sum", true);      // once
///     sum_failed.add();                                  // often
///     router.get("/metrics", kit::metrics::prometheus_handler(metrics));
///
/// Without label names the functions give the one handle that there is. With N names, the family
/// that takes N values: another number does not compile, and the order of the names means nothing
/// beyond the order of the values. The same description gives the same metric.
///
/// Errors, of all that make a metric: throw `errc::invalid_argument` that says what of the
/// description is wrong, and `errc::already_exists` when there is a metric of that name with
/// another description, or one that Prometheus could not tell from it: `x_count` beside a histogram
/// `x`.
///
/// A handle: copies share. Handles of metrics may outlive it, as may registrations.
/// Threads: any.
class registry {
 public:
  explicit registry(registry_options options = {});

  metrics::counter counter(description d) const;
  template <std::size_t N>
  counter_family<N> counter(description d, const std::string_view (&labels)[N]) const {
    return labelled_by<metrics::counter>(metric_kind::counter, std::move(d), labels);
  }
  metrics::up_down_counter up_down_counter(description d) const;
  template <std::size_t N>
  up_down_counter_family<N> up_down_counter(description d,
                                            const std::string_view (&labels)[N]) const {
    return labelled_by<metrics::up_down_counter>(metric_kind::up_down_counter, std::move(d),
                                                 labels);
  }
  metrics::gauge gauge(description d) const;
  template <std::size_t N>
  gauge_family<N> gauge(description d, const std::string_view (&labels)[N]) const {
    return labelled_by<metrics::gauge>(metric_kind::gauge, std::move(d), labels);
  }
  metrics::histogram histogram(histogram_description d) const;
  template <std::size_t N>
  histogram_family<N> histogram(histogram_description d,
                                const std::string_view (&labels)[N]) const {
    places<N> at;
    auto family = add(std::move(d), labels, at);
    return {std::move(family), at};
  }

  /// A series whose value `f` says whenever metrics are collected, on the thread that does, while
  /// the registration lives. Calls don't overlap. When it throws, the series is missing from that
  /// snapshot. It must not collect. A counter's must never say less than before.
  /// Errors: throws `errc::already_exists`, too, when there is a series with those labels.
  registration observe_counter(description d, std::function<double()> f) const;
  registration observe_counter(description d, std::vector<label> labels,
                               std::function<double()> f) const;
  registration observe_gauge(description d, std::function<double()> f) const;
  registration observe_gauge(description d, std::vector<label> labels,
                             std::function<double()> f) const;
  /// Calls `f` before metrics are read, each time: to set gauges, several from one look at the
  /// source. As above; when it throws, what it would have set stays as it was.
  /// Errors: throws `errc::invalid_argument` for an empty function.
  registration on_collect(std::function<void()> f) const;

  /// All metrics that have series. Cells are read while others write them: a counter never goes
  /// back from one snapshot to the next, and a histogram's count is the sum of its buckets, but its
  /// sum may be a few observations ahead or behind.
  snapshot collect() const;

  /// Begins to keep single values, until the reader is destroyed.
  /// Errors: throws `errc::invalid_argument` for a capacity of 0.
  sample_reader read_samples(sampling options) const;

 private:
  class state;
  template <std::size_t N>
  using places = std::array<std::uint8_t, N>;
  using names = std::span<const std::string_view>;
  using family_ptr = std::shared_ptr<detail::family_state>;

  template <class Handle, std::size_t N>
  labelled<Handle, N> labelled_by(metric_kind kind, description d,
                                  const std::string_view (&labels)[N]) const {
    static_assert(N <= 255);
    places<N> at;
    auto family = add(kind, std::move(d), labels, at);
    return {std::move(family), at};
  }
  // `at` becomes the place of each name among the sorted ones.
  family_ptr add(metric_kind kind, description d, names labels, std::span<std::uint8_t> at) const;
  family_ptr add(histogram_description d, names labels, std::span<std::uint8_t> at) const;
  family_ptr add(detail::family_info info, names labels, std::span<std::uint8_t> at) const;
  registration observe(metric_kind kind, description d, std::vector<label> labels,
                       std::function<double()> f) const;

  std::shared_ptr<state> state_;
};

}  // namespace kit::metrics
