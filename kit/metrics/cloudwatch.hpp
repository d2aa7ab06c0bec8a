#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/backoff.hpp>
#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/http/sigv4.hpp>
#include <kit/metrics/push.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/metrics/samples.hpp>
#include <kit/metrics/snapshot.hpp>
#include <kit/random.hpp>

namespace kit::metrics {

/// How values are put to CloudWatch.
enum class cloudwatch_style : std::uint8_t {
  /// A counter's growth as one value; of a gauge each value that it had, with how often; of a
  /// histogram a metric for each percentile, `latency_99`, `latency_99.9`.
  values,
  /// Everything as a statistic set: minimum, maximum, sum and number. A counter's growth, and what
  /// else is one value, counts as one sample. Of histograms number and sum are exact, minimum and
  /// maximum as exact as the buckets are fine.
  statistics,
};

struct cloudwatch_format {
  cloudwatch_style style = cloudwatch_style::values;
  /// Each from 0 to 1.
  std::vector<double> percentiles = {0.5, 0.9, 0.95, 0.99};
};

/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const cloudwatch_format& format);

/// Values and how often each came, at most 150.
struct cloudwatch_values {
  std::vector<double> values;
  std::vector<std::uint64_t> counts;
  friend bool operator==(const cloudwatch_values&, const cloudwatch_values&) = default;
};

struct cloudwatch_statistics {
  double minimum = 0;
  double maximum = 0;
  double sum = 0;
  double count = 0;
  friend bool operator==(const cloudwatch_statistics&, const cloudwatch_statistics&) = default;
};

/// CloudWatch's MetricDatum.
struct cloudwatch_datum {
  std::string name;
  std::vector<label> dimensions;
  std::string unit = {};  ///< one of CloudWatch's names; empty: none
  std::variant<double, cloudwatch_values, cloudwatch_statistics> value;
};

/// What to send of what `delta` gave, of the series that were touched, and of gauges' single
/// values; a gauge that has none of these is sent with its value.
///
/// Labels are dimensions, sorted by name: those with a value, at most 30; each byte of a value that
/// isn't printable ASCII becomes `?`. More than 150 different values of a gauge make a further
/// datum. What CloudWatch doesn't take as a number is left out: NaN, infinities, above 2^360. A
/// family's unit counts if it is one of CloudWatch's, in any case: `seconds`, `Bytes/Second`.
/// Errors: as `require_valid`.
std::vector<cloudwatch_datum> cloudwatch_data(const snapshot& since_last, const samples& gauges,
                                              const cloudwatch_format& format);

/// The content of a PutMetricData request: a form, as the Query API has it, version 2010-08-01.
std::string put_metric_data(std::string_view name_space, std::span<const cloudwatch_datum> data,
                            wall_time time, bool high_resolution);

/// Settings of a `cloudwatch_exporter`.
struct cloudwatch_options {
  /// CloudWatch's name for what holds metrics: 1 to 255 characters.
  std::string name_space;
  std::string region;
  /// They, or what is asked for them before each flush: roles give them for a time.
  std::variant<http::aws_credentials, std::function<asio::awaitable<http::aws_credentials>()>>
      credentials;
  /// Empty: the region's, `https://monitoring.<region>.amazonaws.com/`.
  std::string url = {};
  cloudwatch_format format = {};
  /// Keeps values by the second rather than the minute, which costs more.
  bool high_resolution = false;
  push_options push = {.interval = std::chrono::minutes{1}};
  /// Data in one request, 1 to 1,000. A request with about 900 kB is sent in any case.
  std::size_t max_batch = 20;
  /// Requests at a time, at least 1.
  std::size_t concurrency = 10;
  /// Attempts within one flush to send what fails in a way that may pass: throttled, unavailable,
  /// too late. At least 1. After that it is sent with the next flush, as is what CloudWatch wants
  /// to get later than `backoff.max` from then.
  std::size_t max_attempts = 3;
  backoff_options backoff = {.initial = std::chrono::milliseconds{100},
                             .max = std::chrono::seconds{5}};
  /// Single values of gauges that are kept until they are sent, at least 1; further ones are lost.
  /// Memory: 8 bytes each.
  std::size_t max_values = 100'000;
  /// Jitter of the waits.
  random_source random = random_source::from_entropy();
  /// The time to sign with. Empty: the system's.
  std::function<wall_time()> now = nullptr;
};

/// Sends a registry's metrics to Amazon CloudWatch by that HTTP client.
///
///     metrics::cloudwatch_exporter exporter(
///         metrics, http::client(),
///         {.name_space = "Shop", .region = "eu-central-1", .credentials = keys});
///     rt.on(0, [&] { return exporter.run(); });
///
/// While CloudWatch is away, what it didn't take is sent again as it is, with its time, and then
/// comes all that happened meanwhile. Data that it refuses are lost, and counted. A request whose
/// answer is lost may count twice: the API has nothing against that.
///
/// Threads: as `push_exporter`.
/// Library: `cokit-aws`.
/// Source: Go kit's metrics/cloudwatch and cloudwatch2; CloudWatch's API reference.
class cloudwatch_exporter : public push_exporter {
 public:
  /// Single values of gauges are kept from now on.
  /// Errors: throws `errc::invalid_argument` for options out of range.
  cloudwatch_exporter(registry metrics, endpoint<http::request, http::response> client,
                      cloudwatch_options options);
};

}  // namespace kit::metrics
