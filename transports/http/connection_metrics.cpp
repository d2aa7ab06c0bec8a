#include <transports/http/connection_metrics.hpp>

namespace kit::http {

connection_metrics::connection_metrics(const metrics::registry& registry, const std::string& prefix)
    : open(registry.up_down_counter(
          {.name = prefix + "_open_connections", .help = "Connections at the moment."})),
      accepted(registry.counter(
          {.name = prefix + "_connections_total", .help = "Connections that were accepted."})) {}

}  // namespace kit::http
