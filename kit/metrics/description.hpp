#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <kit/metrics/buckets.hpp>

namespace kit::metrics {

/// What a counter, up-down counter or gauge is.
struct description {
  /// Letters, digits, `_` and `:`, not a digit first. By convention it ends in the unit, such as
  /// `_seconds`. `_total` may be left out of a counter's name: Prometheus gets it either way.
  std::string name;
  /// One sentence for people.
  std::string help = {};
  /// A base unit in plain words: `seconds`, `bytes`, `ratio`. Printable ASCII, at most 63
  /// characters. OpenMetrics shows it only when the name ends in it, and StatsD gets seconds as
  /// milliseconds. Empty: `seconds` or `bytes`, where the name ends in one of these.
  std::string unit = {};
  /// How many series there may be, with labels; further label values count together, in a row with
  /// `other` for each label. 0: what the registry's options say.
  std::size_t max_series = 0;
};

/// What a histogram is.
struct histogram_description {
  /// As in `description`, these four.
  std::string name;
  std::string help = {};
  std::string unit = {};
  std::size_t max_series = 0;
  /// For values in other units than seconds choose other bounds, or `exponential_buckets{}`, which
  /// fit anything.
  bucket_layout buckets = latency_buckets();
  /// When not empty, Prometheus is shown a summary with these quantiles, each from 0 to 1, instead
  /// of buckets: since the series was made, not of a recent window, and not to be added up over
  /// several processes. They are as exact as the buckets are fine.
  std::vector<double> quantiles = {};
};

}  // namespace kit::metrics
