#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <kit/metrics/push.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/sender.hpp>
#include <kit/metrics/snapshot.hpp>

namespace kit::metrics {

/// Where labels go.
enum class graphite_labels : std::uint8_t {
  path,  ///< `requests.method.sum`
  tags,  ///< `requests;method=sum`, which Graphite knows since 1.1
};

/// What lines look like, which are Graphite's plaintext protocol:
///
///     abc.def 15.000000 1700000000
///     graphite.h.p50 500.000000 1700000000
///
/// A counter says what was added since the last time, gauges and up-down counters their value,
/// histograms four quantiles of all values since the beginning, `.p50`, `.p90`, `.p95` and `.p99`
/// (or those of the metric's `quantiles`, the point in `p99_9` replaced), which are −1 without a
/// value: each series every time, all with one timestamp. What isn't finite has no line. Each
/// character that could be taken for syntax becomes `_`.
/// Source: Go kit's metrics/graphite.
struct graphite_format {
  /// Before each name, as it is: as a rule it ends in a dot. Letters, digits, dots, `_`, `-`.
  std::string prefix = {};
  graphite_labels labels = graphite_labels::path;
  /// Labels for every line. One of the series takes the place of that name here. Neither name nor
  /// value may be empty.
  std::vector<label> tags = {};
};

/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const graphite_format& format);

/// Lines for what is known now, where the server was told the last; an empty `last` was nothing.
/// Errors: as `require_valid`.
std::string graphite_text(const snapshot& last, const snapshot& now, const graphite_format& format);

/// Settings of a `graphite_exporter`.
struct graphite_options {
  graphite_format format = {};
  /// Carbon keeps one value per interval of its storage schema, the last: choose that interval.
  push_options push = {};
};

/// Sends a registry's metrics to Graphite's carbon:
///
///     kit::tcp_network network(ex);
///     metrics::graphite_exporter exporter(metrics, metrics::tcp_sender(network, "carbon:2003"),
///                                         {.format = {.prefix = "shop."}});
///     rt.on(0, [&] { return exporter.run(); });
///
/// While the server is down nothing is lost and no memory grows: what was counted meanwhile is one
/// number when it is back. What the system had taken when a connection broke may be lost.
///
/// Threads: as `push_exporter`.
class graphite_exporter : public push_exporter {
 public:
  /// Errors: throws `errc::invalid_argument` for options out of range.
  graphite_exporter(registry metrics, std::shared_ptr<sender> to, graphite_options options = {});
};

}  // namespace kit::metrics
