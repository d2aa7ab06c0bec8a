#pragma once

#include <chrono>

namespace kit {

/// Every point in time and every span that Cokit's interfaces speak of. Monotonic; the epoch means
/// nothing.
using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

/// Says what "now" is. The timer wheel of a loop reads one, which a test or a simulation exchanges
/// (`timer_wheel::use_clock`, `testing::manual_clock`).
/// Threads: `now()` may be called from any thread.
class clock {
 public:
  clock() = default;
  clock(const clock&) = delete;
  clock& operator=(const clock&) = delete;
  virtual ~clock() = default;

  /// Never runs backwards.
  virtual time_point now() const noexcept = 0;
};

/// `start + wait`, held inside what a `time_point` can express instead of wrapping round. A wait of
/// `duration::max()` so means "never".
constexpr time_point saturating_add(time_point start, duration wait) noexcept {
  if (wait > duration::zero() && start > time_point::max() - wait) return time_point::max();
  if (wait < duration::zero() && start < time_point::min() - wait) return time_point::min();
  return start + wait;
}

}  // namespace kit
