#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/error.hpp>
#include <kit/metrics/registration.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/result.hpp>

namespace kit::metrics {

/// When metrics are sent to a server, and what happens when that fails.
struct push_options {
  /// From one time to the next; positive.
  duration interval = std::chrono::seconds{10};
  /// How long sending what is left may take at the end, after as much time for a request that is
  /// under way. 0: it isn't sent.
  duration drain_timeout = std::chrono::seconds{5};
  /// Is told what went wrong, for the log; must not throw.
  std::function<void(const error&)> on_error = nullptr;
};

/// What has become of what was to be sent. A value is one line, or the few lines of one series that
/// go together: those of a negative gauge, those of a histogram's quantiles. To CloudWatch it is a
/// datum, to OpenTelemetry a series.
struct push_stats {
  std::uint64_t values_sent = 0;
  /// Single observations that found no room or could not be sent, and what the server refused. What
  /// else counters, gauges and quantiles say is sent when the server is back.
  std::uint64_t values_lost = 0;
  std::uint64_t bytes_sent = 0;
  /// Datagrams, writes and requests that failed, and failures to look up or connect.
  std::uint64_t failures = 0;
};

namespace detail {
class push_impl;
}

/// Sends a registry's metrics to a server: a `statsd_exporter`, `graphite_exporter`,
/// `influx_exporter`, `cloudwatch_exporter` or `otlp_exporter`.
/// Threads: `stats` and `observe` any; the rest one at a time, all on one loop or strand.
class push_exporter {
 public:
  push_exporter(push_exporter&&) = delete;
  push_exporter& operator=(push_exporter&&) = delete;
  ~push_exporter();

  /// Sends each interval until cancelled, and then a last time; a second cancellation, or that of
  /// the context, cuts that short. Closes the sender at the end.
  /// Cancellation: terminal; not an error. Lifetime: `*this` must outlive the awaitable.
  asio::awaitable<void> run();

  /// Sends now. Not while `run` is under way.
  /// Errors: why not everything was sent. Cancellation: terminal.
  asio::awaitable<result<void>> flush();

  push_stats stats() const noexcept;
  /// Makes the numbers of `stats` counters of a registry, which may be the same one:
  /// `cokit_push_values_sent_total{to="127.0.0.1:8125"}`, `..._values_lost_total`,
  /// `..._bytes_sent_total`, `..._failures_total`. Errors: as `registry::observe_counter`.
  std::vector<registration> observe(const registry& in) const;

 protected:
  explicit push_exporter(std::unique_ptr<detail::push_impl> impl);

 private:
  std::unique_ptr<detail::push_impl> impl_;
};

}  // namespace kit::metrics
