#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include <kit/clock.hpp>
#include <kit/tracing/span.hpp>
#include <kit/tracing/span_context.hpp>

/// Which traces are recorded and exported.
namespace kit::tracing {

/// What is known when a span starts. Refers to what lives as long as the sampler's call.
struct sampling_input {
  /// The current span of the context; null for a root. Not valid where a caller has sent a decision
  /// without ids.
  const span_context* parent = nullptr;
  tracing::trace_id trace_id = {};
  std::string_view name = {};
  span_kind kind = span_kind::internal;
  std::span<const attribute> attributes = {};  ///< those that `tracer::start` was given
  /// What tells the time; null: the steady clock.
  const kit::clock* clock = nullptr;

  time_point now() const noexcept {
    return clock ? clock->now() : std::chrono::steady_clock::now();
  }
};

enum class sampling : std::uint8_t {
  drop,    ///< not recorded
  record,  ///< recorded for this process only, e.g. for its `trace_ring`: the next is told "no"
  sample,  ///< recorded and exported, and so by those called
};

/// Decides. Called for each span, on any thread; it must not throw or block.
using sampler = std::function<sampling(const sampling_input&)>;

sampler always_sample();
sampler never_sample();

/// That share of all traces, 0 to 1, the same ones in each process with that share, and in one with
/// a larger share those, too. By the low 56 bits of the id, which W3C's flag `random` speaks of.
/// Errors: throws `errc::invalid_argument` for another ratio.
sampler ratio_sampler(double ratio);

/// At most that many traces a second, with up to a second's worth at once. For roots, inside
/// `parent_based`. Copies count together.
/// Errors: throws `errc::invalid_argument` for a rate that isn't above 0.
sampler rate_limited_sampler(double per_second);

/// What the parent says, or where there is none, or it has left the decision to us (B3), `root`.
sampler parent_based(sampler root);

}  // namespace kit::tracing
