#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <kit/classify.hpp>
#include <kit/interceptor.hpp>
#include <kit/metrics/buckets.hpp>
#include <kit/metrics/registry.hpp>

namespace kit::middleware {

/// Settings of `instrumenting`.
struct instrumenting_options {
  /// What the metrics' names begin with: `service` gives `service_requests_total`.
  std::string prefix = "service";
  /// Of the duration, in seconds.
  metrics::bucket_layout buckets = metrics::latency_buckets();
  /// What counts as an error.
  kit::classify classify = {};
  /// Keeps the span of a call that is sampled as the exemplar of its bucket. Only with `tracing`
  /// outside of this one, or a server's.
  bool exemplars = true;
};

/// Counts and times the calls of an endpoint:
///
///  - `<prefix>_requests_total{method, outcome}`: those that ended, by `kit::ending`: `ok`,
///    `business_error`, `refused`, `canceled`, `failed`.
///  - `<prefix>_request_duration_seconds{method, error}`: how long they took; `error` is `true`
///    where the classifier says so.
///  - `<prefix>_requests_in_flight{method}`: those under way.
///
/// `method` is the endpoint's name, as `wrap` and `chain` give it; empty where there is none.
///
/// An interceptor: fuses with its neighbours, allocates nothing for a call (but for the first
/// exemplar of a bucket), and shares no cache line with other threads. Threads: any. Source: Go
/// kit's examples, instrumentingMiddleware.
class instrumenting {
 public:
  static constexpr std::string_view layer_name = "instrumenting";

  /// Errors: throws `errc::invalid_argument` for a prefix that can begin no name,
  /// `errc::already_exists` where the registry has other metrics of these names.
  explicit instrumenting(const metrics::registry& registry, instrumenting_options options = {});

  /// With the series of that endpoint.
  instrumenting for_endpoint(std::string_view name) const;

  void enter(call&) noexcept { in_flight_.add(); }
  void leave(call& c) noexcept;

 private:
  struct families;

  std::shared_ptr<const families> families_;
  std::array<metrics::counter, ending_count> ended_;
  std::array<metrics::histogram, 2> took_;  // without and with an error
  metrics::up_down_counter in_flight_;
};

}  // namespace kit::middleware
