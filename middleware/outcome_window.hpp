#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <kit/clock.hpp>

namespace kit::middleware {

/// How calls ended: what a breaker decides on.
struct call_counts {
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  /// Since the last failure, and the last success.
  std::uint64_t consecutive_successes = 0;
  std::uint64_t consecutive_failures = 0;

  std::uint64_t total() const noexcept { return successes + failures; }
  /// Of all, from 0 to 1; 0 where there were none.
  double failure_ratio() const noexcept {
    return total() == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(total());
  }
  friend bool operator==(const call_counts&, const call_counts&) = default;
};

/// Which calls count.
struct window_options {
  /// Those of the last so long; 0: all since it was cleared. In that many steps, at least 1: the
  /// oldest step leaves at once.
  duration length = duration::zero();
  std::size_t steps = 10;
  /// The last so many, instead; 0: as above.
  std::size_t calls = 0;

  friend bool operator==(const window_options&, const window_options&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range: a negative length, no
/// step, more than 10,000 steps or 1,000,000 calls.
void require_valid(const window_options& options);

/// Counts how calls ended, over a sliding window.
/// Threads: one at a time.
class outcome_window {
 public:
  /// Errors: those of `require_valid`.
  explicit outcome_window(const window_options& options = {});

  void add(time_point now, bool failed);
  const call_counts& counts(time_point now);
  /// As if no call had been.
  void clear() noexcept;

 private:
  struct step {
    std::uint64_t successes = 0, failures = 0;
  };
  void slide(time_point now);

  window_options options_;
  call_counts counts_;
  std::vector<step> steps_;  // by time: a ring
  std::int64_t latest_ = 0;  // the number of its newest step
  std::vector<bool> last_;   // by calls: a ring of failures
  std::size_t next_ = 0;
};

}  // namespace kit::middleware
