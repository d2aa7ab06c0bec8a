#include <middleware/circuit_breaker.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <utility>

#include <kit/decision.hpp>
#include <kit/error.hpp>

namespace kit::middleware {
namespace {

using finding = breaker_machine::finding;
using verdict = breaker_machine::verdict;

constexpr decision_kind refused{
    .layer = "circuit_breaker", .verb = "refused", .words = "open for another {left_ms} ms"};
constexpr decision_kind refused_trial{.layer = "circuit_breaker",
                                      .verb = "refused_trial",
                                      .words = "half-open, {trials} calls are being tried"};
constexpr decision_kind opened{
    .layer = "circuit_breaker",
    .verb = "opened",
    .words = "{failures} of {calls} calls failed, {in_a_row} in a row; for {open_ms} ms"};
constexpr decision_kind half_opened{
    .layer = "circuit_breaker", .verb = "half_opened", .words = "tries {trials} calls"};
constexpr decision_kind closed{
    .layer = "circuit_breaker", .verb = "closed", .words = "{successes} calls went well"};

void tell(const call& c, const breaker_change& change, const breaker_limits& limits) {
  switch (change.to) {
    case breaker_state::open:
      return decide(c.context(), c.name(), opened,
                    {change.counts.failures, change.counts.total(),
                     change.counts.consecutive_failures, limits.open_for});
    case breaker_state::half_open:
      return decide(c.context(), c.name(), half_opened, {limits.trials});
    case breaker_state::closed:
      return decide(c.context(), c.name(), closed, {change.counts.successes});
  }
}

}  // namespace

struct circuit_breaker::shared {
  explicit shared(circuit_breaker_options o)
      : options(std::move(o)),
        machine({.window = options.window,
                 .trips = options.trips,
                 .late_success_closes = options.late_success_closes}) {
    settle();
  }

  // Whether nobody asks for more than failures in a row, so that successes needn't be counted.
  bool counts_little(const breaker_limits& limits) const noexcept {
    return limits.failure_ratio == 0 && limits.force == breaker_limits::forcing::none &&
           !options.trips;
  }

  /// Calls `f()` with the lock held, and tells of a change when it isn't any more.
  template <class F>
  void with_machine(const call& c, const breaker_limits& limits, F f) {
    std::optional<breaker_change> change;
    {
      const std::lock_guard lock(mutex);
      const auto before = machine.recorded_state();
      const auto generation = machine.generation();
      f();
      settle();
      if (machine.generation() != generation) {
        change = {c.name(), before, machine.recorded_state(), machine.counts_before()};
      }
    }
    if (!change) return;
    tell(c, *change, limits);
    if (options.on_change) options.on_change(*change);
  }

  finding finding_of(const outcome& o) const {
    if (o.code() == errc::canceled) return finding::nothing;
    if (o.error() && o.error()->refused()) {
      return options.count_refusals ? finding::failure : finding::nothing;
    }
    return options.classify(o).failure ? finding::failure : finding::success;
  }

  // With the lock held.
  void settle() noexcept { quiet.store(machine.quiet() ? machine.generation() : 0); }

  const circuit_breaker_options options;
  std::mutex mutex;
  breaker_machine machine;
  std::atomic<std::uint64_t> quiet{0};  // its generation, while it's quiet
};

circuit_breaker::circuit_breaker(circuit_breaker_options options) {
  const auto& window = options.window;
  const bool counts_all = window.length == duration::zero() && window.calls == 0;
  if (options.limits.get().failure_ratio > 0 && counts_all && !options.trips) {
    throw error(errc::invalid_argument,
                "circuit_breaker_options: a failure_ratio needs a window, or it is that of all "
                "calls ever");
  }
  shared_ = std::make_shared<shared>(std::move(options));
}

result<void> circuit_breaker::enter(call& c, state& s) {
  auto& self = *shared_;
  const auto limits = self.options.limits.get();
  if (self.counts_little(limits)) {
    s.generation = self.quiet.load(std::memory_order_acquire);
    if (s.generation != 0) return {};
  }
  breaker_machine::admission let;
  self.with_machine(c, limits, [&] { let = self.machine.admit(c.now(), limits); });
  s.generation = let.generation;
  if (let.says == verdict::pass) return {};

  const bool open = let.says == verdict::refuse_open;
  if (open) {
    decide(c.context(), c.name(), refused, {let.retry_after});
  } else {
    decide(c.context(), c.name(), refused_trial, {limits.trials});
  }
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(let.retry_after);
  const auto& message = open ? self.options.open_message : self.options.half_open_message;
  return fail(error(errc::unavailable, message).with_retry_after(wait));
}

void circuit_breaker::leave(call& c, state& s) noexcept {
  auto& self = *shared_;
  const auto found = self.finding_of(c.outcome());
  const auto limits = self.options.limits.get();
  if (found != finding::failure && s.generation == self.quiet.load(std::memory_order_acquire) &&
      self.counts_little(limits)) {
    return;
  }
  self.with_machine(c, limits,
                    [&] { self.machine.report(c.ended(), limits, s.generation, found); });
}

breaker_state circuit_breaker::current(time_point now) const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->machine.state(now, shared_->options.limits.get());
}

circuit_breaker_options handy_breaker(double failure_ratio) {
  const double ratio = std::clamp(failure_ratio, 0.0, 1.0);
  return {.limits = breaker_limits{.open_for = std::chrono::seconds{1}},
          .window = {.length = std::chrono::seconds{5}, .steps = 5},
          .trips =
              [ratio](const call_counts& c) { return c.total() > 10 && c.failure_ratio() > ratio; },
          .late_success_closes = true,
          .open_message = "circuit open",
          .half_open_message = "circuit open"};
}

}  // namespace kit::middleware
