#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <kit/shared_random.hpp>
#include <kit/tracing/span.hpp>
#include <kit/tracing/tracer.hpp>

namespace kit::tracing {

/// What the copies of a tracer share.
struct tracer::core {
  explicit core(tracer_options o);

  span_context descend(const span_context* parent, span_kind kind) noexcept;
  span_data describe(span_context own, std::string_view name, const span_options& about) const;
  time_point now() const noexcept {
    return options.clock ? options.clock->now() : std::chrono::steady_clock::now();
  }

  const tracer_options options;
  const std::shared_ptr<const tracing::resource> resource;
  const bool records;            // somebody gets spans
  const bool records_unsampled;  // somebody wants those, too
  shared_random random;
};

namespace detail {

/// As exporters need it: valid UTF-8, and nothing too long.
std::shared_ptr<const resource> tidy(resource r, const span_limits& limits);

/// What is recorded of a span, until it ends; then it stays as it is.
class span_recorder {
 public:
  span_recorder(std::shared_ptr<const tracer::core> core, span_data data, time_point started);
  span_recorder(const span_recorder&) = delete;
  span_recorder& operator=(const span_recorder&) = delete;
  ~span_recorder();

  void set_name(std::string_view name);
  void set(attribute a, bool replace);
  void add_event(std::string_view name, attributes about);
  void add_link(span_link l);
  void set_status(span_status status, std::string_view message);
  /// Without a time, now.
  static void end(const std::shared_ptr<span_recorder>& self, std::optional<time_point> when);

  span_data data() const;

 private:
  void put(attribute a, bool replace);

  const time_point started_;
  mutable std::mutex mutex_;
  // Until it ends: processors that keep what has ended must not keep themselves so.
  std::shared_ptr<const tracer::core> core_;
  bool ended_ = false;
  span_data data_;
};

}  // namespace detail
}  // namespace kit::tracing
