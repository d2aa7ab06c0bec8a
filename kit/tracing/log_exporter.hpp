#pragma once

#include <memory>
#include <utility>

#include <kit/log/level.hpp>
#include <kit/log/logger.hpp>
#include <kit/tracing/tracer.hpp>

namespace kit::tracing {

/// Settings of a `log_exporter`.
struct log_exporter_options {
  /// The level of records of spans, and of those that have failed.
  log::level level = log::level::info;
  log::level failed = log::level::warn;
  /// Spans that aren't sampled, too: makes the tracer record every span.
  bool unsampled = false;
};

/// Writes each span that ends as a record: for development, and where there is no backend.
///
///     level=info msg=span name="GET /users/{id}" trace_id=4bf92f3577b34da6a3ce929d0e0e4736
///     span_id=00f067aa0ba902b7 parent_id=53995c3f42cd8ad8 kind=server took=1.5ms status=ok
///     http.response.status_code=200
///
/// In one line. A root has no `parent_id`, a failed span has `error`, its message. Attributes have
/// their own names; `attribute.` comes before one that the record has anyway. Events and links are
/// left out. The sink should be an `async_sink`, as writing happens where spans end.
/// Threads: any.
class log_exporter final : public span_processor {
 public:
  explicit log_exporter(log::logger to, log_exporter_options options = {})
      : log_(std::move(to)), options_(options) {}

  bool wants_unsampled() const noexcept override { return options_.unsampled; }
  void on_end(const std::shared_ptr<const span_data>& ended) noexcept override;

 private:
  const log::logger log_;
  const log_exporter_options options_;
};

}  // namespace kit::tracing
