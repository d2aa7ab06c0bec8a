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
/// `duration::max()`, or of a coarser unit's maximum, so means "never".
template <class Rep, class Period>
constexpr time_point saturating_add(time_point start,
                                    std::chrono::duration<Rep, Period> wait) noexcept {
  using unit = std::chrono::duration<Rep, Period>;
  if (wait > std::chrono::duration_cast<unit>(duration::max())) return time_point::max();
  if (wait < std::chrono::duration_cast<unit>(duration::min())) return time_point::min();
  const auto span = std::chrono::duration_cast<duration>(wait);
  if (span > duration::zero() && start > time_point::max() - span) return time_point::max();
  if (span < duration::zero() && start < time_point::min() - span) return time_point::min();
  return start + span;
}

}  // namespace kit
