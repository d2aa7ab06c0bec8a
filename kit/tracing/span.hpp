#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/tracing/span_context.hpp>

namespace kit::tracing {

/// When something happened, for others to read: UTC.
using wall_time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// What is known of a span, an event or a process: one name, one value.
struct attribute {
  using list_of_text = std::vector<std::string>;
  using value_type = std::variant<std::string, bool, std::int64_t, double, list_of_text>;

  attribute() = default;
  template <class T>
  attribute(std::string_view name, T&& v) : key(name), value(of(std::forward<T>(v))) {}
  friend bool operator==(const attribute&, const attribute&) = default;

  std::string key;
  value_type value;

 private:
  template <class T>
  static value_type of(T&& v) {
    using plain = std::remove_cvref_t<T>;
    if constexpr (std::same_as<plain, bool>) {
      return v;
    } else if constexpr (std::integral<plain>) {
      return static_cast<std::int64_t>(v);
    } else if constexpr (std::floating_point<plain>) {
      return static_cast<double>(v);
    } else if constexpr (std::convertible_to<T, std::string_view>) {
      return std::string(std::string_view(v));
    } else {
      return value_type(std::forward<T>(v));
    }
  }
};
using attributes = std::vector<attribute>;

/// The value of the first attribute of that name; null where there is none.
const attribute::value_type* find(const attributes& in, std::string_view key) noexcept;
/// A value as text: numbers in their shortest form, lists as JSON.
std::string to_text(const attribute::value_type& value);

enum class span_kind : std::uint8_t { internal, server, client, producer, consumer };
enum class span_status : std::uint8_t { unset, ok, error };

/// The name of the kind, `server`; of the status, `ok`.
std::string_view name(span_kind kind) noexcept;
std::string_view name(span_status status) noexcept;

struct span_event {
  wall_time time = {};
  std::string name = {};
  tracing::attributes attributes = {};
};

/// Another span that this one has to do with, but isn't the child of.
struct span_link {
  span_context context = {};
  tracing::attributes attributes = {};
};

/// What a process says of itself in all its spans: `service.name` and the like.
struct resource {
  tracing::attributes attributes = {};
  /// `service.name`; `unknown_service` where that is missing.
  std::string_view service_name() const noexcept;
};

/// All that was recorded of a span.
struct span_data {
  span_context context = {};
  /// Zero for a root. Where the parent is in another process, no span here has this id.
  span_id parent = {};
  bool remote_parent = false;
  /// Zipkin's way: the id is the client's, too.
  bool shared = false;
  std::string name = {};
  span_kind kind = span_kind::internal;
  wall_time start = {};
  duration length = {};
  tracing::attributes attributes = {};
  std::vector<span_event> events = {};
  std::vector<span_link> links = {};
  span_status status = span_status::unset;
  std::string status_message = {};
  /// What was too much, see `span_limits`.
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  std::shared_ptr<const tracing::resource> resource = {};

  wall_time end() const noexcept { return start + length; }
  /// It has no parent in this process: the first one here of its trace.
  bool local_root() const noexcept { return !parent.valid() || remote_parent; }
};

namespace detail {
class span_recorder;
}

/// A piece of work in a trace: who it is, and, where it is recorded, what is known of it. Made by a
/// `tracer`; the one of a context by `span_of`.
///
/// A small handle; copies are the same span. On one that isn't recorded, which the default is, too,
/// all that writes does nothing. So does it after `end`. One that nobody ended ends with its last
/// handle, so none is lost.
/// Threads: copies may be used from different threads.
/// Source: OpenTelemetry's trace API.
class span {
 public:
  span() noexcept = default;
  /// Somebody else's, or one that isn't recorded.
  explicit span(span_context context) noexcept : context_(std::move(context)) {}

  const span_context& context() const noexcept { return context_; }
  /// Whether anybody will see what is set: ask before computing what costs.
  bool recording() const noexcept { return recorder_ != nullptr; }

  void set_name(std::string_view name) const;
  /// Instead of the value the attribute has.
  void set(attribute a) const;
  template <class T>
  void set(std::string_view key, T&& value) const {
    if (recording()) set(attribute(key, std::forward<T>(value)));
  }
  void set_all(tracing::attributes all) const;
  /// The same, where it has none: the first one counts.
  void set_default(attribute a) const;
  void add_event(std::string_view name, tracing::attributes about = {}) const;
  void add_link(span_link link) const;
  /// `ok` is final; else the last one counts.
  void set_status(span_status status, std::string_view message = {}) const;
  /// The work has failed by it: `error.type` is the code's name, and where that `counts` as an
  /// error of the span, its status is `error`. Of an error that a retry gave up with, those of all
  /// attempts are attributes, see `kit::attempts`.
  void set_error(const error& e, bool counts = true) const;

  /// Ends it now, or then, by the clock of its tracer. Later calls do nothing.
  void end() const;
  void end(time_point when) const;

  /// What was recorded so far; nothing where it isn't recorded.
  std::optional<span_data> data() const;

 private:
  friend class tracer;
  friend class weak_span;
  span(span_context context, std::shared_ptr<detail::span_recorder> recorder) noexcept
      : context_(std::move(context)), recorder_(std::move(recorder)) {}

  span_context context_;
  std::shared_ptr<detail::span_recorder> recorder_;
};

/// A span that may have gone: refers to it without keeping it from ending.
class weak_span {
 public:
  weak_span() noexcept = default;
  explicit weak_span(const span& s) noexcept : context_(s.context_), recorder_(s.recorder_) {}

  const span_context& context() const noexcept { return context_; }
  /// The span; one that isn't recorded where the last handle has gone.
  span lock() const noexcept { return span(context_, recorder_.lock()); }

 private:
  span_context context_;
  std::weak_ptr<detail::span_recorder> recorder_;
};

/// The current span of a context: what `with_span` or `with_span_context` has put there. One that
/// isn't valid where there is none.
span span_of(const context& ctx);
/// A context whose current span is this one: that of its children, of log records, of calls.
context with_span(const context& ctx, span current);

}  // namespace kit::tracing
