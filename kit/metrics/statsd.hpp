#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kit/metrics/push.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/samples.hpp>
#include <kit/metrics/sender.hpp>
#include <kit/metrics/snapshot.hpp>
#include <kit/random.hpp>

namespace kit::metrics {

/// Who listens, which decides where labels go: StatsD has none, so they become parts of the name,
/// `requests.method.sum`; DogStatsD has tags after the value, `requests:1|c|#method:sum`;
/// InfluxStatsD, as Telegraf reads it, has them after the name, `requests,method=sum:1|c`.
enum class statsd_dialect : std::uint8_t { statsd, dogstatsd, influxstatsd };

/// What a value of a histogram is to the server.
enum class statsd_values : std::uint8_t {
  /// A timing when its unit is `seconds` or `milliseconds`, else a histogram; for StatsD, which has
  /// no histograms, always a timing.
  by_unit,
  timing,        ///< `ms`, in milliseconds when the unit is `seconds`, else as it is
  histogram,     ///< `h`, as it is. Not for StatsD.
  distribution,  ///< `d`, as it is. For DogStatsD only.
};

/// What lines look like:
///
///     abc.def:123.000000|c                               counter: what was added
///     ghi.jkl:7.000000|g                                 gauge, up-down counter: the value
///     p.t:12.000000|ms|@0.010000|#wiggle:bottom          timing: one value, one out of hundred
///     p.h:500.000000|h|#foo:bar                          histogram: one value
///
/// Counters come first, then gauges, timings, histograms; tags are `tags` and then the series'
/// labels, sorted by name. A gauge below 0 is set to 0 first where the server would take the minus
/// for a subtraction. What isn't finite has no line. Each character that could be taken for syntax
/// becomes `_`.
/// Source: Go kit's metrics/statsd, dogstatsd, influxstatsd.
struct statsd_format {
  statsd_dialect dialect = statsd_dialect::statsd;
  /// Before each name, as it is: as a rule it ends in a dot. Letters, digits, dots, `_`, `-`.
  std::string prefix = {};
  /// For every line. A label of that name takes its place. Neither name nor value may be empty.
  std::vector<label> tags = {};
  statsd_values values = statsd_values::by_unit;
};

/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const statsd_format& format);

/// Lines for what `delta` gave, of counters and gauges that were touched, and for single values;
/// each line ends in a newline. Errors: as `require_valid`.
std::string statsd_text(const snapshot& since_last, const samples& values,
                        const statsd_format& format);

/// Settings of a `statsd_exporter`.
struct statsd_options {
  statsd_format format = {};
  push_options push = {};
  /// Which part of a histogram's values is sent, above 0 and to 1: the others are left out, and the
  /// server is told the rate, so that it counts right. Asked once for each histogram, under a lock
  /// of the registry. Empty: all. Counters are sums and need none.
  std::function<double(std::string_view name)> rate = nullptr;
  /// Single values that are kept until they are sent, at least 1; further ones are lost. Memory: 8
  /// bytes each, and at a flush the line and 24 bytes.
  std::size_t max_values = 100'000;
  /// Decides which values are sent.
  random_source random = random_source::from_entropy();
};

/// Sends a registry's metrics to a StatsD, DogStatsD or InfluxStatsD server:
///
///     metrics::statsd_exporter exporter(metrics, metrics::udp_sender("127.0.0.1:8125"),
///                                       {.format = {.prefix = "shop."}});
///     rt.on(0, [&] { return exporter.run(); });
///
/// Lines are packed into datagrams and never split; one that is longer than that goes alone. When a
/// datagram cannot be sent, what it says of counters and gauges is sent the next time, its single
/// values are lost and counted. What is lost on the way nobody knows.
///
/// Threads: as `push_exporter`.
class statsd_exporter : public push_exporter {
 public:
  /// Single values are kept from now on.
  /// Errors: throws `errc::invalid_argument` for options out of range.
  statsd_exporter(registry metrics, std::shared_ptr<sender> to, statsd_options options = {});
};

}  // namespace kit::metrics
