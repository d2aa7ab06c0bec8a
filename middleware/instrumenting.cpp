#include <middleware/instrumenting.hpp>

#include <chrono>
#include <cstddef>
#include <new>
#include <utility>

#include <kit/tracing/span_context.hpp>

namespace kit::middleware {

struct instrumenting::families {
  families(const metrics::registry& registry, instrumenting_options o)
      : ended(registry.counter(
            {.name = o.prefix + "_requests_total", .help = "Calls that ended, by how."},
            {"method", "outcome"})),
        took(registry.histogram({.name = o.prefix + "_request_duration_seconds",
                                 .help = "How long calls took, without and with an error.",
                                 .unit = "seconds",
                                 .buckets = std::move(o.buckets)},
                                {"method", "error"})),
        in_flight(registry.up_down_counter(
            {.name = o.prefix + "_requests_in_flight", .help = "Calls under way."}, {"method"})),
        classify(std::move(o.classify)),
        exemplars(o.exemplars) {}

  metrics::counter_family<2> ended;
  metrics::histogram_family<2> took;
  metrics::up_down_counter_family<1> in_flight;
  kit::classify classify;
  bool exemplars;
};

instrumenting::instrumenting(const metrics::registry& registry, instrumenting_options options)
    : families_(std::make_shared<const families>(registry, std::move(options))) {}

instrumenting instrumenting::for_endpoint(std::string_view name) const {
  instrumenting i = *this;
  for (std::size_t n = 0; n < ending_count; ++n) {
    i.ended_[n] = families_->ended.with(name, kit::name(static_cast<ending>(n)));
  }
  i.took_ = {families_->took.with(name, false), families_->took.with(name, true)};
  i.in_flight_ = families_->in_flight.with(name);
  return i;
}

void instrumenting::leave(call& c) noexcept {
  in_flight_.subtract();
  const std::chrono::duration<double> seconds = c.elapsed();
  try {
    const auto& outcome = c.outcome();
    ended_[static_cast<std::size_t>(outcome.ending())].add();
    const auto& took = took_[families_->classify(outcome).failure ? 1 : 0];
    const auto* span = families_->exemplars ? tracing::current_span(c.context()) : nullptr;
    if (span && span->sampled()) {
      took.observe(seconds.count(), *span);
    } else {
      took.observe(seconds.count());
    }
  } catch (const std::bad_alloc&) {  // then it isn't counted whole
  }
}

}  // namespace kit::middleware
