#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <kit/clock.hpp>
#include <kit/criticality.hpp>

namespace kit::middleware {

/// How late a loop may be. Plain data; checked by `require_valid`.
struct lag_limits {
  /// Lag that is there for good, not only now and then, is too much above this. Positive.
  duration target = std::chrono::milliseconds{5};
  /// What "for good" is: lag that hasn't been below the target for so long. At least the target, an
  /// hour at most.
  duration interval = std::chrono::milliseconds{100};

  friend bool operator==(const lag_limits&, const lag_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const lag_limits& limits);

/// Decides which calls a loop takes up when, and which it sheds.
///
/// Time goes in rounds, each of which begins with a call that is let run and ends when the loop has
/// got round to what was ready by then. Calls that come while a round has taken less than a quarter
/// of the target run at once, unless others wait. The rest wait for a turn in a later round, at
/// least one of them in each: more while those with a turn take less than that quarter, fewer when
/// a round takes longer than the target. Who gives the turns gives them to the critical ones first.
/// A loop that something else makes longer rounds than that has no more than a turn for each.
///
/// Lag is how long the first of those that wait has waited by the end of a round; nothing where all
/// of them have their turn in the next one. Once it has been above the target for a whole interval
/// the loop is overloaded, until all have their turn again. Then sheddable calls are shed at once,
/// and others when they have waited longer than the target, critical ones than an interval, unless
/// there is a turn for them and none of their class that came later. So a burst, or what comes
/// while the program is held up, is borne as long as there is time for it afterwards, and where
/// there isn't, calls don't wait just to be shed later.
///
/// A state machine, without a clock or a lock. Threads: one at a time.
/// Source: Nichols and Jacobson, Controlling Queue Delay, 2012; Maurer, Fail at Scale, 2015.
class lag_control {
 public:
  enum class verdict : std::uint8_t { run, wait, shed };

  /// A call comes while so many wait.
  verdict enter(time_point now, const lag_limits& limits, criticality of,
                std::size_t waiting) noexcept;
  /// Whether one is under way, whose end must be told.
  bool in_round() const noexcept { return in_round_; }
  /// The loop has got round to what was ready when the round began, or when it was asked last.
  /// Whether the round is over, else to be asked again: others may have come during a long one, and
  /// are to be seen before the turns are given.
  bool round_over(time_point now, const lag_limits& limits) noexcept;
  /// It was over; so many wait, the first of them for so long. How many of those have their turn in
  /// the next one, which has begun if any do.
  std::size_t next_round(time_point now, const lag_limits& limits, std::size_t waiting,
                         duration waited) noexcept;
  /// One of those that had waited begins with its turn.
  void begin_turn(time_point now) noexcept {
    if (turns_given_ && turns_began_ == time_point::max()) turns_began_ = now;
  }

  /// How long such a call may have waited when its turn comes, where others of its class wait.
  duration patience(const lag_limits& limits, criticality of) const noexcept;
  bool overloaded() const noexcept { return overloaded_; }
  /// At the end of the last round.
  duration lag() const noexcept { return lag_; }

 private:
  void adapt(const lag_limits& limits) noexcept;
  void add(time_point now, const lag_limits& limits, duration lag) noexcept;

  bool in_round_ = false;
  time_point began_{};  // the last round
  time_point ended_ = time_point::max();
  int looks_ = 0;  // since then

  bool turns_given_ = false;  // in this round
  time_point turns_began_ = time_point::max();
  std::size_t turns_ = 1;  // for a round
  bool all_used_ = false;

  duration lag_{};
  bool above_ = false;
  time_point above_since_{};
  bool overloaded_ = false;
};

}  // namespace kit::middleware
