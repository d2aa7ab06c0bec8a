#pragma once

#include <memory>
#include <string>

#include <kit/metrics/buckets.hpp>
#include <kit/metrics/registry.hpp>
#include <transports/http/connection_metrics.hpp>
#include <transports/http/handler.hpp>

namespace kit::http {

namespace detail {
class exchange_metrics;
}

/// Settings of `server_metrics` and `client_metrics`.
struct exchange_metrics_options {
  /// What the metrics' names begin with; empty: `http_server`, `http_client`.
  std::string prefix = {};
  /// Of the duration, in seconds.
  metrics::bucket_layout buckets = metrics::latency_buckets();
};

/// Middleware: measures the requests of a server, by the names of OpenTelemetry's semantic
/// conventions in Prometheus' spelling:
///
///  - `http_server_request_duration_seconds`: until the end of the answer, also of a stream.
///  - `http_server_request_body_size_bytes`, where it is known beforehand, and
///    `http_server_response_body_size_bytes`: buckets of 64 B to 256 MiB, each 4 times the last.
///  - `http_server_active_requests`.
///
/// All but the last have the labels `http_request_method` (`_OTHER` for what isn't registered),
/// `http_route` (the pattern, empty where none matched), `http_response_status_code` and
/// `error_type`: the status from 500 up, `canceled` for a client that went away.
///
///     router.use(http::server_metrics(registry));
///
/// Errors:  throws `errc::already_exists` where the registry has other metrics of these names.
/// Threads: calls may overlap.
class server_metrics {
 public:
  explicit server_metrics(const metrics::registry& registry, exchange_metrics_options options = {});

  handler operator()(handler next) const;

 private:
  std::shared_ptr<detail::exchange_metrics> series_;
};

/// The same for clients: `http_client_request_duration_seconds` and so on, with `server_address`,
/// the host and port in the URL, in the place of the route; `other` for further ones after some
/// thousand. `error_type` is the status from 400 up, or the code of what the call failed with.
class client_metrics {
 public:
  explicit client_metrics(const metrics::registry& registry, exchange_metrics_options options = {});

  handler operator()(handler next) const;

 private:
  std::shared_ptr<detail::exchange_metrics> series_;
};

}  // namespace kit::http
