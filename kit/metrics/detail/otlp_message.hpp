#pragma once

#include <cstddef>
#include <vector>

#include <kit/metrics/snapshot.hpp>
#include <kit/otlp/metrics.hpp>

namespace kit::metrics::detail {

/// The metrics of a snapshot, as OTLP has them.
std::vector<otlp::metric> otlp_totals(const snapshot& now);
/// What has happened between two, of the series where something has.
std::vector<otlp::metric> otlp_changes(const snapshot& earlier, const snapshot& now);

std::size_t points_of(const otlp::metric& m) noexcept;
otlp::export_metrics_service_request otlp_request(std::vector<otlp::metric> metrics,
                                                  const otlp::attributes& resource);

}  // namespace kit::metrics::detail
