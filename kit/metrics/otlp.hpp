#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <kit/endpoint.hpp>
#include <kit/http/headers.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/metrics/push.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/snapshot.hpp>
#include <kit/otlp/http.hpp>
#include <kit/otlp/metrics.hpp>

namespace kit::metrics {

/// A snapshot as OTLP's message: what has happened since each series was made ("cumulative").
///
/// Names stay as they are; units become those of UCUM, `seconds` is `s`. A counter is a monotonic
/// sum, an up-down counter another one. An exponential histogram has at most 160 buckets, the last
/// of which has what is above the metric's range, and negative values count as zero. The sum of a
/// histogram with negative values is left out, as OTLP asks for. Exemplars have the ids of their
/// span.
/// Source: opentelemetry-proto 1.x; OpenTelemetry's metrics data model.
otlp::export_metrics_service_request to_otlp(const snapshot& now, const otlp::attributes& resource);

/// The same of what happened between two snapshots of one registry ("delta"): counters and
/// histograms have what was added, and aren't there where that is nothing; the rest is as above.
otlp::export_metrics_service_request to_otlp(const snapshot& earlier, const snapshot& now,
                                             const otlp::attributes& resource);

/// Settings of an `otlp_exporter`.
struct otlp_options {
  std::string url = "http://127.0.0.1:4318/v1/metrics";
  /// What the process says of itself: `service.name` at least. Of a tracer's resource:
  /// `tracing::otlp_attributes`. Texts must be UTF-8.
  otlp::attributes resource = {};
  /// What counters and histograms say: all since the beginning, or what was added since the last
  /// time, which some backends prefer.
  enum class temporality : std::uint8_t { cumulative, delta };
  temporality values = temporality::cumulative;
  using encoding = otlp::encoding;
  encoding encode_as = encoding::protobuf;
  /// To be sent along, such as an API key.
  http::headers headers = {};
  push_options push = {};
  /// Series in one request, at least 1; those of one metric stay together all the same.
  std::size_t max_series = 2'000;
};

/// Sends a registry's metrics to an OpenTelemetry collector, or what understands OTLP over HTTP, by
/// that client:
///
///     metrics::otlp_exporter exporter(metrics, http::client(),
///                                     {.resource = {{"service.name", {"shop"}}}});
///     rt.on(0, [&] { return exporter.run(); });
///
/// While the collector is away nothing is lost and no memory grows: cumulative values say it all
/// when it is back, and of deltas those that it didn't take are sent again as they are before what
/// came after. What it refuses is counted as lost; so is what it takes only in part, of which
/// `push_options::on_error` is told as of a failure.
///
/// Threads: as `push_exporter`.
class otlp_exporter : public push_exporter {
 public:
  /// Errors: throws `errc::invalid_argument` for options out of range.
  otlp_exporter(registry metrics, endpoint<http::request, http::response> client,
                otlp_options options = {});
};

}  // namespace kit::metrics
