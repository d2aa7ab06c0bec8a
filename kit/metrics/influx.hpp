#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/metrics/push.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/snapshot.hpp>

namespace kit::metrics {

/// The unit of InfluxDB's timestamps.
enum class influx_precision : std::uint8_t { nanoseconds, microseconds, milliseconds, seconds };

/// What lines look like.
struct influx_format {
  /// For every line: what tells this process from others, `host` for example, as InfluxDB takes
  /// lines with the same tags and time for one. A label of that name takes its place. Neither name
  /// nor value may be empty.
  std::vector<label> tags = {};
  influx_precision precision = influx_precision::nanoseconds;
};

/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const influx_format& format);

/// Line protocol for what `delta` gave, of the series that were touched, all with its time:
///
///     requests,error=true,method=sum count=60 1700000000000000000      what was added
///     temperature,room=3 value=50 1700000000000000000                  gauge, up-down counter
///     latency,method=sum p50=1,p90=1,p95=1,p99=1 1700000000000000000   quantiles of the span,
///                                                                      its own or these
///
/// Tags are sorted by name; those without a value are left out. In values a line break becomes a
/// space, and a backslash that would be taken for an escape a slash: there is no way to write them.
/// A gauge that isn't finite has no line, for the same reason.
/// Source: InfluxDB's line protocol reference. Errors: as `require_valid`.
std::string influx_lines(const snapshot& since_last, const influx_format& format);

/// How many nodes of a cluster must have taken a write.
enum class influx_consistency : std::uint8_t { server_default, any, one, quorum, all };

/// Where to write in InfluxDB 1.x: POST /write.
struct influx_database {
  std::string name;
  /// Empty: the database's default.
  std::string retention_policy = {};
  influx_consistency consistency = influx_consistency::server_default;
  /// Empty: the server asks for none.
  std::string user = {};
  std::string password = {};
};

/// Where to write in InfluxDB 2 and 3: POST /api/v2/write.
struct influx_bucket {
  std::string org;
  std::string bucket;
  std::string token = {};
};

/// Settings of an `influx_exporter`.
struct influx_options {
  std::string url = "http://127.0.0.1:8086";
  std::variant<influx_database, influx_bucket> to;
  influx_format format = {};
  push_options push = {};
  /// Lines in one request, at least 1.
  std::size_t max_lines = 5'000;
};

/// Sends a registry's metrics to InfluxDB, or what understands it, by that HTTP client:
///
///     metrics::influx_exporter exporter(
///         metrics, http::client(),
///         {.to = metrics::influx_database{"shop"}, .format = {.tags = {{"host", name}}}});
///     rt.on(0, [&] { return exporter.run(); });
///
/// Each flush has a time of its own, in the format's precision. While the server is away nothing of
/// counters is lost: the lines that it didn't take are sent again as they are, which changes
/// nothing where it took them after all, and then comes all that happened meanwhile. Lines that it
/// refuses (400, 413, 422) are lost, and counted.
///
/// Threads: as `push_exporter`.
class influx_exporter : public push_exporter {
 public:
  /// Errors: throws `errc::invalid_argument` for options out of range.
  influx_exporter(registry metrics, endpoint<http::request, http::response> client,
                  influx_options options);
};

}  // namespace kit::metrics
