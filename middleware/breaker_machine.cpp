#include <middleware/breaker_machine.hpp>

#include <algorithm>
#include <utility>

#include <kit/error.hpp>

namespace kit::middleware {

std::string_view name(breaker_state state) noexcept {
  switch (state) {
    case breaker_state::closed:
      return "closed";
    case breaker_state::open:
      return "open";
    case breaker_state::half_open:
      return "half-open";
  }
  return "";
}

void require_valid(const breaker_limits& l) {
  if (!(l.failure_ratio >= 0 && l.failure_ratio <= 1)) {
    throw error(errc::invalid_argument, "breaker_limits::failure_ratio: 0 to 1");
  }
  if (l.open_for < duration::zero()) {
    throw error(errc::invalid_argument, "breaker_limits::open_for: not negative");
  }
  if (l.trials == 0) throw error(errc::invalid_argument, "breaker_limits::trials: at least 1");
}

breaker_machine::breaker_machine(breaker_rules rules)
    : rules_(std::move(rules)), window_(rules_.window) {}

breaker_machine::admission breaker_machine::admit(time_point now, const breaker_limits& limits) {
  using forcing = breaker_limits::forcing;
  if (limits.force == forcing::closed) {
    if (state_ != breaker_state::closed) change(breaker_state::closed, now);
    return {.generation = generation_};
  }
  if (limits.force == forcing::open) {
    if (state_ != breaker_state::open) change(breaker_state::open, now);
    return {.says = verdict::refuse_open, .retry_after = limits.open_for};
  }
  const auto over = saturating_add(since_, limits.open_for);
  if (state_ == breaker_state::open) {
    if (now < over) return {.says = verdict::refuse_open, .retry_after = over - now};
    change(breaker_state::half_open, now);
  }
  if (state_ == breaker_state::half_open) {
    if (trying_ + succeeded_ >= limits.trials) {
      if (now < over) return {.says = verdict::refuse_half_open, .retry_after = over - now};
      trying_ = 0;  // those seem to be lost
    }
    ++trying_;
    since_ = now;
  }
  return {.generation = generation_};
}

void breaker_machine::report(time_point now, const breaker_limits& limits, std::uint64_t generation,
                             finding found) {
  if (generation != generation_) {
    const bool closes = rules_.late_success_closes && found == finding::success &&
                        limits.force != breaker_limits::forcing::open;
    if (closes && state_ != breaker_state::closed) change(breaker_state::closed, now);
    return;
  }
  if (state_ == breaker_state::half_open && trying_ > 0) --trying_;
  if (found == finding::nothing) return;
  const bool failed = found == finding::failure;
  window_.add(now, failed);
  failures_in_a_row_ = failed ? failures_in_a_row_ + 1 : 0;
  if (state_ == breaker_state::closed) {
    if (failed && should_trip(now, limits)) change(breaker_state::open, now);
  } else if (failed) {
    change(breaker_state::open, now);
  } else if (++succeeded_ >= limits.trials) {
    change(breaker_state::closed, now);
  }
}

breaker_state breaker_machine::state(time_point now, const breaker_limits& limits) {
  if (limits.force == breaker_limits::forcing::closed) return breaker_state::closed;
  if (limits.force == breaker_limits::forcing::open) return breaker_state::open;
  if (state_ == breaker_state::open && now >= saturating_add(since_, limits.open_for)) {
    return breaker_state::half_open;
  }
  return state_;
}

bool breaker_machine::should_trip(time_point now, const breaker_limits& limits) {
  if (limits.force == breaker_limits::forcing::closed) return false;
  const auto& counts = window_.counts(now);
  if (rules_.trips) return rules_.trips(counts);
  if (limits.consecutive_failures > 0 && failures_in_a_row_ >= limits.consecutive_failures) {
    return true;
  }
  return limits.failure_ratio > 0 && counts.total() >= limits.min_calls &&
         counts.failure_ratio() >= limits.failure_ratio;
}

void breaker_machine::change(breaker_state to, time_point now) {
  counts_before_ = window_.counts(now);
  state_ = to;
  ++generation_;
  since_ = now;
  trying_ = 0;
  succeeded_ = 0;
  failures_in_a_row_ = 0;
  window_.clear();
}

}  // namespace kit::middleware
