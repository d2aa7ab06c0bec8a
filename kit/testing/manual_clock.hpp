#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include <asio/io_context.hpp>

#include <kit/clock.hpp>

namespace kit::testing {

/// Time that moves only when told to. By itself a clock for anything that takes one; told to drive
/// loops, it also fires their timers, so that hours pass in microseconds and every run is the same.
///
/// Lifetime: clock and loops may go in any order; loops left without it go back to the real time.
/// Threads: `now` from any; the rest on the one thread that runs all driven loops.
class manual_clock final : public clock {
 public:
  /// Starts on a whole tick of the timer wheel, so that "50 ms from now" is met exactly.
  explicit manual_clock(time_point start = time_point{std::chrono::hours{24}});
  ~manual_clock() override;

  time_point now() const noexcept override { return now_.load(std::memory_order_relaxed); }

  /// From now on the loop's timers go by this clock. Before any is armed, or at any time.
  void drive(asio::io_context& loop);

  /// Lets time pass. Goes from one timer's time to the next, and at each runs the loops until
  /// nothing is ready, so that what happens in between happens at its time, in order. Not from
  /// inside a timer's function.
  void advance(duration span) { advance_to(saturating_add(now(), span)); }
  void advance_to(time_point end);

  /// Runs the loops until nothing is ready, at the present time. Never blocks.
  /// Errors: rethrows what a handler throws.
  void run();

 private:
  std::atomic<time_point> now_;
  std::shared_ptr<std::vector<asio::io_context*>> loops_;  // each loop leaves when it ends
};

}  // namespace kit::testing
