#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <kit/context.hpp>

namespace kit::tracing {

/// The id of a trace: 16 bytes, as two numbers in network byte order. Zero is no id. Older systems
/// have only 8 bytes, `low`.
struct trace_id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  constexpr bool valid() const noexcept { return high != 0 || low != 0; }
  friend constexpr auto operator<=>(const trace_id&, const trace_id&) = default;
};

/// The id of a span: 8 bytes, as a number in network byte order. Zero is no id.
struct span_id {
  std::uint64_t value = 0;

  constexpr bool valid() const noexcept { return value != 0; }
  friend constexpr auto operator<=>(const span_id&, const span_id&) = default;
};

/// 32 and 16 lower-case hexadecimal digits; `append` adds them to a text.
std::string to_string(trace_id id);
std::string to_string(span_id id);
void append(std::string& out, trace_id id);
void append(std::string& out, span_id id);

/// The ids as the bytes that they are.
std::array<std::byte, 16> to_bytes(trace_id id) noexcept;
std::array<std::byte, 8> to_bytes(span_id id) noexcept;

/// Reads 32 and 16 hexadecimal digits of either case. Nothing for any other text, and for zero.
std::optional<trace_id> parse_trace_id(std::string_view text) noexcept;
std::optional<span_id> parse_span_id(std::string_view text) noexcept;

/// What the caller has decided, one bit each. The first two are those of W3C trace context.
enum class trace_flags : std::uint8_t {
  none = 0,
  sampled = 1,     ///< the caller may have recorded the trace
  random = 2,      ///< at least the low 7 bytes of the trace id are random
  debug = 64,      ///< B3: to be recorded whatever samplers say; goes with `sampled`
  deferred = 128,  ///< B3: the caller has left the decision to us
};
constexpr trace_flags operator|(trace_flags a, trace_flags b) noexcept {
  return static_cast<trace_flags>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr trace_flags operator&(trace_flags a, trace_flags b) noexcept {
  return static_cast<trace_flags>(static_cast<unsigned>(a) & static_cast<unsigned>(b));
}
constexpr bool has(trace_flags all, trace_flags wanted) noexcept {
  return (all & wanted) == wanted;
}

/// What of a span travels: who it is, and what its children in other processes must know.
/// A value; copies share the text. Source: OpenTelemetry's SpanContext.
///
/// One that came from another process may be a decision without ids (B3): not valid, but its flags
/// count for the trace that is started then.
struct span_context {
  tracing::trace_id trace_id = {};
  tracing::span_id span_id = {};
  /// The span's own parent; zero for a root, and where a caller doesn't say (only B3 has a place
  /// for it).
  tracing::span_id parent_span_id = {};
  trace_flags flags = trace_flags::none;
  /// Whether it came from another process.
  bool remote = false;
  /// Of W3C trace context: `vendor=value,...`, checked; null when empty.
  std::shared_ptr<const std::string> state = nullptr;

  bool valid() const noexcept { return trace_id.valid() && span_id.valid(); }
  bool sampled() const noexcept { return has(flags, trace_flags::sampled); }
  std::string_view trace_state() const noexcept { return state ? *state : std::string_view(); }
  friend bool operator==(const span_context& a, const span_context& b) noexcept {
    return a.trace_id == b.trace_id && a.span_id == b.span_id &&
           a.parent_span_id == b.parent_span_id && a.flags == b.flags && a.remote == b.remote &&
           a.trace_state() == b.trace_state();
  }
};

/// The span that is current in a context, or came in with its request; null where there is none
/// with ids. Valid as long as the context.
const span_context* current_span(const context& ctx) noexcept;

/// A context whose current span is that of somebody else, e.g. of a caller in another process: it
/// becomes the parent of spans that are started in there.
context with_span_context(const context& ctx, span_context parent);

}  // namespace kit::tracing
