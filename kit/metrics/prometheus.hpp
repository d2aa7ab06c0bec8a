#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/snapshot.hpp>

namespace kit::metrics {

/// Settings of the Prometheus formats.
struct prometheus_options {
  /// How many buckets of an exponential histogram are shown: it is made coarser until they suffice.
  /// At least 2. When it is made coarser, every second bound goes, and the others stay.
  std::size_t max_exponential_buckets = 32;
};

inline constexpr std::string_view prometheus_content_type =
    "text/plain; version=0.0.4; charset=utf-8";
inline constexpr std::string_view openmetrics_content_type =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A snapshot in Prometheus' text format, version 0.0.4. Names of counters end in `_total`, whether
/// they did or not; up-down counters are gauges; the quantiles of an empty summary are NaN.
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
std::string prometheus_text(const snapshot& s, const prometheus_options& options = {});

/// The same in OpenMetrics 1.0.0, with exemplars, units and the times when series were made. A unit
/// is shown when the metric's name ends in it; a histogram with negative bounds has no sum and
/// count there.
std::string openmetrics_text(const snapshot& s, const prometheus_options& options = {});

/// Answers GET and HEAD with all metrics of the registry, in the format that `Accept` prefers;
/// other methods with 405. Mount it where Prometheus looks:
///
///     router.get("/metrics", kit::metrics::prometheus_handler(metrics));
///
/// Threads: any. Errors: throws `errc::invalid_argument` when the options ask for fewer than 2
/// buckets.
endpoint<http::request, http::response> prometheus_handler(registry metrics,
                                                           prometheus_options options = {});

}  // namespace kit::metrics
