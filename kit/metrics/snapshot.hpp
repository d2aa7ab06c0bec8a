#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What `registry::collect` gives and every exporter reads: plain values.
namespace kit::metrics {

using wall_time = std::chrono::system_clock::time_point;

enum class metric_kind : std::uint8_t {
  counter,          ///< only grows
  up_down_counter,  ///< a sum that also shrinks: a gauge to most backends
  gauge,            ///< the last value
  histogram,
};

struct label {
  std::string name;
  std::string value;
  friend auto operator<=>(const label&, const label&) = default;
};

/// An example of what was observed, as a rule one with the ids of its trace.
struct exemplar {
  std::vector<label> labels;
  double value = 0;
  wall_time time{};
  friend bool operator==(const exemplar&, const exemplar&) = default;
};

/// Bucket i counts the values v with `bounds[i - 1] < v <= bounds[i]`; the first one has no lower
/// bound, the last one, at `counts[bounds.size()]`, no upper bound. Nothing is cumulative.
struct explicit_counts {
  std::vector<double> bounds;
  std::vector<std::uint64_t> counts;
  friend bool operator==(const explicit_counts&, const explicit_counts&) = default;
};

/// Buckets that grow by the factor 2^(2^-scale): `counts[i]` counts the values from above
/// `lower_bound(i)` up to `lower_bound(i + 1)`. Empty ones at both ends are left out.
/// Source: OpenTelemetry's exponential histogram, whose fields these are, but for `overflow`.
struct exponential_counts {
  int scale = 0;
  /// Values up to `zero_threshold`, also negative ones.
  std::uint64_t zero_count = 0;
  double zero_threshold = 0;
  /// Index of the first bucket.
  std::int32_t offset = 0;
  std::vector<std::uint64_t> counts = {};
  /// Values above the last bucket that the metric's range has, `overflow_bound`. For a backend that
  /// has no place for them they belong into the last bucket.
  std::uint64_t overflow = 0;
  double overflow_bound = 0;

  /// Precondition: `i <= counts.size()`.
  double lower_bound(std::size_t i) const noexcept;
  /// Leaves out empty buckets at both ends.
  void trim();
  /// The same counts in at most `max_buckets` buckets, which is at least 2: pairs are merged, and
  /// the scale goes down by 1, as often as it takes.
  exponential_counts downscaled(std::size_t max_buckets) const;
  friend bool operator==(const exponential_counts&, const exponential_counts&) = default;
};

/// What a histogram knows. `count` is the sum of its buckets.
struct histogram_data {
  std::variant<explicit_counts, exponential_counts> buckets;
  std::uint64_t count = 0;
  double sum = 0;
  /// Of all values since `point::start`; nothing when there are none, and in what `delta` gives.
  std::optional<double> min;
  std::optional<double> max;
  /// The newest of each bucket that has one, smallest value first; of an exponential histogram the
  /// newest of each power of two.
  std::vector<exemplar> exemplars;

  /// The value below which that part of all values lies, `q` from 0 to 1: exact but for where in
  /// its bucket it is, which is interpolated. −1 when there are no values, as in Go kit.
  ///
  /// So an exponential histogram of scale 6 is never off by more than 1.1 %. One with explicit
  /// bounds gives its last bound for what lies above, unless `max` is known.
  double quantile(double q) const noexcept;
  /// 0 when there are no values.
  double mean() const noexcept { return count > 0 ? sum / static_cast<double>(count) : 0; }
  /// The buckets with their bounds, in at most `max_buckets` besides those for what lies outside an
  /// exponential histogram's range. The bounds of an exponential histogram change from one call to
  /// the next only in that further ones appear, or that every second one goes.
  explicit_counts with_bounds(std::size_t max_buckets = 160) const;
  friend bool operator==(const histogram_data&, const histogram_data&) = default;
};

/// One series: a metric with its label values.
struct point {
  /// The value of each of `family::labels`.
  std::vector<std::string> values = {};
  /// Of counters and gauges; of a counter, what was counted since `start`.
  double value = 0;
  /// Of histograms.
  histogram_data histogram = {};
  /// When the series was made; of what `delta` gives, when the span began.
  wall_time start{};
  /// Of gauges: changes whenever the gauge is set, also to the value it has. In what `delta` gives,
  /// of any kind: 0 when nothing happened to the series.
  std::uint64_t updates = 0;
  friend bool operator==(const point&, const point&) = default;
};

/// One metric. Its names satisfy Prometheus' rules.
struct family {
  metric_kind kind = metric_kind::gauge;
  std::string name;
  std::string help = {};
  std::string unit = {};
  /// Names of the labels, sorted.
  std::vector<std::string> labels = {};
  /// Of a histogram that is to be shown as a summary: which quantiles. Otherwise empty.
  std::vector<double> quantiles = {};
  /// Never empty. Sorted by `values`.
  std::vector<point> points = {};

  /// The point with these values, null when there is none. Valid as long as the family.
  const point* find(std::span<const std::string_view> values) const noexcept;
  friend bool operator==(const family&, const family&) = default;
};

/// All metrics of a registry at a time.
struct snapshot {
  wall_time time{};
  /// Sorted by name.
  std::vector<family> families;

  /// The metric of that name, null when there is none. Valid as long as the snapshot.
  const family* find(std::string_view name) const noexcept;
};

/// What happened between two snapshots of one registry, for backends that want differences:
/// counters and histograms have what was added; gauges and up-down counters have their value at
/// `later`. `point::updates` says whether anything happened. A series that is new, or was removed
/// and made again, counts from zero; one that has gone is left out. Exemplars are those after
/// `earlier`.
///
///     auto now = registry.collect();
///     if (co_await send(delta(last, now))) last = std::move(now);   // what failed comes next time
///
/// An empty `earlier` gives all since the beginning.
snapshot delta(const snapshot& earlier, const snapshot& later);

}  // namespace kit::metrics
