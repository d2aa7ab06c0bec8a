#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kit/tracing/tracer.hpp>

namespace kit::tracing {

/// What of a trace was recorded in this process, when all of it has ended.
struct trace {
  /// In the order in which they started; the first one is the root here.
  std::vector<std::shared_ptr<const span_data>> spans;
  /// More than the ring keeps of one trace.
  std::size_t dropped_spans = 0;

  const span_data& root() const noexcept { return *spans.front(); }
  bool failed() const noexcept { return root().status == span_status::error; }
};
using trace_list = std::vector<std::shared_ptr<const trace>>;

/// The traces kept of one endpoint, which is the name of their root.
struct endpoint_traces {
  std::string endpoint;
  /// By latency class, as in `trace_ring_options::classes`; each the newest first.
  std::vector<trace_list> recent;
  trace_list slowest;  ///< the slowest first
  trace_list failed;   ///< the newest first
};

/// A trace that is still going on.
struct active_trace {
  tracing::trace_id trace_id;
  /// Its spans that haven't ended, in the order in which they started: the last one is what it
  /// waits for.
  std::vector<span_data> open;
  std::size_t ended = 0;
};

/// Settings of a `trace_ring`. Plain data; checked when it is made.
struct trace_ring_options {
  /// Where latency classes begin, above the first one, which begins at 0. Ascending.
  std::vector<duration> classes = {std::chrono::milliseconds(1), std::chrono::milliseconds(10),
                                   std::chrono::milliseconds(100), std::chrono::seconds(1)};
  /// How many are kept of each class and endpoint, and of each endpoint of the others.
  std::size_t recent = 8;
  std::size_t slowest = 8;
  std::size_t failed = 16;
  /// Endpoints with traces; those of further ones count as `other`. At least 1.
  std::size_t max_endpoints = 128;
  /// Spans of a trace that have ended, and those that are open; further ones are counted. At
  /// least 1.
  std::size_t max_spans = 256;
  /// Traces going on; of spans that start further ones nothing is kept. At least 1.
  std::size_t max_active = 4'096;
};

/// Keeps traces in memory, to be looked at: of each endpoint and latency class the most recent
/// ones, the slowest, and those that failed. Whole: what a trace was like is known when it ends, so
/// this is tail sampling, in one process. Makes the tracer record every span, exported or not.
///
/// A trace is complete when none of its spans here is open; what starts after that makes another
/// one.
/// Threads: any. Spans of different traces mostly don't share a lock.
class trace_ring final : public span_processor {
 public:
  /// Errors: throws `errc::invalid_argument` for options out of range.
  explicit trace_ring(trace_ring_options options = {});
  ~trace_ring() override;

  bool wants_unsampled() const noexcept override { return true; }
  void on_start(const span& started) noexcept override;
  void on_end(const std::shared_ptr<const span_data>& ended) noexcept override;

  const trace_ring_options& options() const noexcept;
  /// By the endpoints' names.
  std::vector<endpoint_traces> endpoints() const;
  /// A trace that is kept; null when it isn't (any more).
  std::shared_ptr<const trace> find(trace_id id) const;
  /// Those going on, the oldest first; at most that many.
  std::vector<active_trace> active(std::size_t most = 1'000) const;
  /// That one, if it is going on.
  std::optional<active_trace> find_active(trace_id id) const;
  /// How many spans started while too many traces were going on: nothing is kept of them.
  std::uint64_t dropped() const noexcept;

 private:
  class impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace kit::tracing
