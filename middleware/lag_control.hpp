#pragma once

#include <chrono>

#include <kit/clock.hpp>
#include <kit/criticality.hpp>

namespace kit::middleware {

/// How late a loop may be. Plain data; checked by `validate`.
struct lag_limits {
  /// Lag that is there for good, not only now and then, is too much above this. Positive.
  duration target = std::chrono::milliseconds{5};
  /// What "for good" is: lag that hasn't been below the target for so long. Positive.
  duration interval = std::chrono::milliseconds{100};

  friend bool operator==(const lag_limits&, const lag_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void validate(const lag_limits& limits);

/// Decides from a loop's lag, how long what is ready there waits for its turn, which calls to shed.
/// While lag is no more than peaks, none is. Once it has been above the target for a whole interval
/// the loop is overloaded, until it falls below; then sheddable calls are shed, others when what
/// has come before in the loop's round took longer than the target, and critical ones when it took
/// eight times as long. So each round does some work, and no more than can be waited for.
///
/// A state machine, without a clock or a lock. Threads: one at a time.
/// Source: Nichols and Jacobson, Controlling Queue Delay, 2012; Maurer, Fail at Scale, 2015.
class lag_control {
 public:
  void add(time_point now, const lag_limits& limits, duration lag) noexcept;
  bool overloaded() const noexcept { return overloaded_; }
  /// As it was last added.
  duration lag() const noexcept { return lag_; }

  /// Whether such a call is shed, that far into the loop's round.
  bool sheds(const lag_limits& limits, criticality of, duration into_round) const noexcept;

 private:
  duration lag_{};
  bool above_ = false;
  time_point above_since_{};
  bool overloaded_ = false;
};

}  // namespace kit::middleware
