#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/backoff.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/random.hpp>
#include <kit/tracing/tracer.hpp>

namespace kit::tracing {

/// Spans on their way to a backend.
struct span_batch {
  std::vector<std::shared_ptr<const span_data>> spans;
};

/// What has become of a batch that the backend took: how many of its spans it refused all the same,
/// and why.
struct export_result {
  std::size_t refused = 0;
  std::string why = {};
};

/// Sends spans to a backend: `zipkin_exporter`, `otlp_exporter`, one of your own. An endpoint, so
/// what fits around endpoints fits here.
using span_exporter = endpoint<span_batch, export_result>;

/// Settings of a `batch_exporter`. Plain data; checked by `require_valid`. Durations must not be
/// negative.
struct batch_options {
  /// Spans that may wait; further ones are dropped. At least 1.
  std::size_t max_queue = 8'192;
  /// Spans sent at once. At least 1.
  std::size_t max_batch = 512;
  /// How long a span may wait for others to be sent with.
  std::chrono::milliseconds max_delay{1'000};
  /// How long one attempt to send may take. 0: no limit.
  std::chrono::milliseconds timeout{10'000};
  /// Attempts to send a batch that fails in a way that may pass: `unavailable`,
  /// `deadline_exceeded`, `resource_exhausted`, and what has a retry hint. Then it is dropped. At
  /// least 1.
  std::size_t max_attempts = 5;
  /// The waits between them.
  backoff_options backoff = {};
  /// A backend that says when to come again is given that time, but no more than this.
  std::chrono::milliseconds max_retry_after{300'000};
  /// When it is stopped: how long sending what is there may take, each batch once. 0: it is
  /// dropped.
  std::chrono::milliseconds drain_timeout{5'000};
  /// Jitter of the waits. Nothing: seeded by the operating system.
  std::optional<random_source> random = {};
  /// Is told why sending failed, for the log; not of spans that find the queue full, see `dropped`.
  /// Must not throw. Empty: nobody is.
  std::function<void(const error&)> on_error = {};
};

/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const batch_options& options);

/// Collects the sampled spans of a tracer, and sends them from a loop: by time and by number. Who
/// ends a span never waits: what a backend that is slow or down makes too much is dropped.
///
///     auto exporter = std::make_shared<batch_exporter>(zipkin_exporter(http::client()));
///     tracing::tracer tracer({.resource = ..., .processors = {exporter}});
///     rt.on(0, [exporter] { return exporter->run(); });
///
/// Threads: any; `run` once at a time.
class batch_exporter final : public span_processor {
 public:
  /// Errors: throws `errc::invalid_argument` for options out of range.
  explicit batch_exporter(span_exporter to, batch_options options = {});
  ~batch_exporter() override;

  void on_end(const std::shared_ptr<const span_data>& ended) noexcept override;

  /// Sends until cancelled, and then what is left, within `drain_timeout`; a second cancellation,
  /// or that of the context, cuts that short. Returns when it is done.
  /// Cancellation: terminal; not an error. Lifetime: `*this` must outlive the awaitable.
  asio::awaitable<void> run();

  /// How many spans the backend took, and how many were lost: because too many waited, because the
  /// backend refused them or was away for too long, or at the end. As a metric:
  ///
  ///     const auto lost = metrics.observe_counter(
  ///         {.name = "spans_lost_total", .help = "Spans that no backend took."},
  ///         [exporter] { return static_cast<double>(exporter->dropped()); });
  std::uint64_t exported() const noexcept;
  std::uint64_t dropped() const noexcept;
  /// How many are waiting.
  std::size_t queued() const noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace kit::tracing
