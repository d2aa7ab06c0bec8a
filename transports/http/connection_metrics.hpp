#pragma once

#include <string>

#include <kit/metrics/counter.hpp>
#include <kit/metrics/registry.hpp>

namespace kit::http {

/// Counts the connections of servers: `server_options::connections`. Those of several servers with
/// the same handles count together. Default-constructed handles discard.
struct connection_metrics {
  metrics::up_down_counter open;
  metrics::counter accepted;

  connection_metrics() = default;
  /// `<prefix>_open_connections` and `<prefix>_connections_total`.
  explicit connection_metrics(const metrics::registry& registry,
                              const std::string& prefix = "http_server");
};

}  // namespace kit::http
