#pragma once

#include <string>
#include <vector>

#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/snapshot.hpp>

namespace kit::metrics {

/// A snapshot as one JSON object, a line for each value, sorted by name: what Go's package expvar
/// shows, so that what reads that reads this.
///
///     {
///     "latency_seconds.p50": 0.012,
///     "requests_total{error=\"false\",method=\"sum\"}": 15
///     }
///
/// Counters and gauges have one number; a histogram four, `.p50`, `.p90`, `.p95`, `.p99`, or those
/// of its `quantiles`, which are −1 while it is empty; what is no number in JSON is null. Names of
/// series are those of Prometheus.
std::string expvar_json(const snapshot& s);

/// Answers GET and HEAD with that; other methods with 405. By custom at `/debug/vars`. Threads:
/// any.
endpoint<http::request, http::response> expvar_handler(registry metrics);

}  // namespace kit::metrics
