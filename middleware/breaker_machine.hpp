#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include <kit/clock.hpp>
#include <middleware/outcome_window.hpp>

namespace kit::middleware {

enum class breaker_state : std::uint8_t {
  closed,     ///< Calls go through.
  open,       ///< None does.
  half_open,  ///< A few do, to see whether it's over.
};
/// `closed`, `open`, `half-open`.
std::string_view name(breaker_state state) noexcept;

/// When a breaker opens and closes. Plain data; checked by `require_valid`.
struct breaker_limits {
  /// Opens at so many failures in a row; 0: it isn't asked.
  std::uint32_t consecutive_failures = 6;
  /// Opens when at least that share of the calls in the window failed, 0 to 1, if there were at
  /// least `min_calls`; 0: it isn't asked. Set a window, too: where there is none all calls since
  /// it closed count, and after a million good ones it would take a million bad ones.
  double failure_ratio = 0;
  std::uint32_t min_calls = 20;
  /// How long it stays open before calls are tried.
  duration open_for = std::chrono::seconds{60};
  /// How many calls are tried at a time, and must go well for it to close. At least 1.
  std::uint32_t trials = 1;
  /// What an operator makes it: always closed, always open, or neither.
  enum class forcing : std::uint8_t { none, closed, open } force = forcing::none;

  friend bool operator==(const breaker_limits&, const breaker_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const breaker_limits& limits);

/// Settings of a `breaker_machine`.
struct breaker_rules {
  /// Which calls count while it is closed.
  window_options window = {};
  /// Decides, after each failure, whether it opens, instead of the limits.
  std::function<bool(const call_counts&)> trips = {};
  /// Whether a call that was let through before it opened, and goes well, closes it.
  bool late_success_closes = false;
};

/// What decides when calls are kept from a callee that fails: a state machine, without a clock or a
/// lock.
///
/// Closed, it counts; when too many calls fail it opens. Open, it refuses, until `open_for` is
/// over. Then it is half-open, and lets `trials` calls through: when so many in a row have gone
/// well it closes, and when one fails it opens again. Where those don't end, it tries others after
/// each `open_for`.
///
/// Calls that were let through before the last change of its state don't count.
/// Threads: one at a time.
/// Source: sony/gobreaker; streadway/handy and afex/hystrix-go by other settings.
class breaker_machine {
 public:
  enum class verdict : std::uint8_t { pass, refuse_open, refuse_half_open };
  struct admission {
    verdict says = verdict::pass;
    /// Of the state in which it was let through, for `report`.
    std::uint64_t generation = 0;
    /// Where it refuses: how long until calls are tried again.
    duration retry_after{};
  };
  /// What a call says of the callee.
  enum class finding : std::uint8_t { success, failure, nothing };

  /// Errors: those of the window.
  explicit breaker_machine(breaker_rules rules = {});

  /// Asks for one call.
  admission admit(time_point now, const breaker_limits& limits);
  /// Tells how a call ended that was let through.
  void report(time_point now, const breaker_limits& limits, std::uint64_t generation,
              finding found);

  /// As `admit` would see it.
  breaker_state state(time_point now, const breaker_limits& limits);
  /// As the last call has left it.
  breaker_state recorded_state() const noexcept { return state_; }
  /// In this state.
  const call_counts& counts(time_point now) { return window_.counts(now); }
  /// In the one before, when it ended.
  const call_counts& counts_before() const noexcept { return counts_before_; }
  std::uint64_t generation() const noexcept { return generation_; }
  /// Whether it is closed and no call has failed since the last that went well.
  bool quiet() const noexcept { return state_ == breaker_state::closed && failures_in_a_row_ == 0; }

 private:
  void change(breaker_state to, time_point now);
  bool should_trip(time_point now, const breaker_limits& limits);

  breaker_rules rules_;
  outcome_window window_;
  call_counts counts_before_;
  breaker_state state_ = breaker_state::closed;
  std::uint64_t generation_ = 1;
  std::uint64_t failures_in_a_row_ = 0;
  std::uint32_t trying_ = 0;     // trials let through that have said nothing yet
  std::uint32_t succeeded_ = 0;  // trials in a row
  time_point since_{};  // open: when it opened; half-open: when a trial was last let through
};

}  // namespace kit::middleware
