#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <kit/tracing/tracer.hpp>

namespace kit::testing {

/// Keeps what a tracer records, to be compared by a test:
///
///     auto spans = std::make_shared<recording_spans>();
///     tracing::tracer tracer({.processors = {spans}});
///     ...
///     CHECK(spans->named("GET /users").status == tracing::span_status::error);
///
/// Threads: safe.
class recording_spans final : public tracing::span_processor {
 public:
  /// With `unsampled`, also those that aren't sampled.
  explicit recording_spans(bool unsampled = false) noexcept : unsampled_(unsampled) {}

  bool wants_unsampled() const noexcept override { return unsampled_; }
  void on_start(const tracing::span&) noexcept override;
  void on_end(const std::shared_ptr<const tracing::span_data>& ended) noexcept override;

  /// How many were started.
  std::size_t started() const;
  /// Those that have ended, in that order.
  std::vector<tracing::span_data> ended() const;
  /// The names of those that have ended.
  std::vector<std::string> names() const;
  /// The one ended span of that name.
  /// Errors: throws `errc::not_found` where there is none, or more than one.
  tracing::span_data named(std::string_view name) const;
  void clear();

 private:
  const bool unsampled_;
  mutable std::mutex mutex_;
  std::size_t started_ = 0;
  std::vector<std::shared_ptr<const tracing::span_data>> ended_;
};

}  // namespace kit::testing
