#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include <kit/clock.hpp>
#include <kit/setting.hpp>

namespace kit {

/// How many second attempts calls may make. Plain data; checked by `require_valid`.
struct retry_budget_limits {
  /// For each call, that many: with 0.2, retries add a fifth to the load at most. Not negative.
  double ratio = 0.2;
  /// And so many each second, for callers that have little to do. Not negative.
  double min_per_second = 10;

  friend bool operator==(const retry_budget_limits&, const retry_budget_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const retry_budget_limits& limits);

/// The calls and retries of the last ten seconds, in steps of one, and whether there may be more: a
/// state machine, without a clock or a lock. Threads: one at a time.
class retry_window {
 public:
  void add_call(time_point now) noexcept;
  /// Counts a retry, if there may be one.
  bool take(time_point now, const retry_budget_limits& limits) noexcept;
  /// Takes a retry back that was taken at that time and didn't come about.
  void give_back(time_point taken) noexcept;

  /// How many there may be now; less than one: none.
  double left(time_point now, const retry_budget_limits& limits) noexcept;

 private:
  static constexpr std::int64_t steps = 10;
  struct step {
    std::int64_t calls = 0, retries = 0;
  };
  step& slide(time_point now) noexcept;

  std::array<step, steps> steps_{};
  std::int64_t latest_ = 0;
  step sum_;
};

/// Keeps those who try again, or send a second request ahead, from multiplying the load on a callee
/// that is in trouble: shared by all layers that send such requests to one destination.
///
/// A small handle: copies are the same budget. Threads: any.
/// Source: Finagle's RetryBudget; Google, Site Reliability Engineering, 2016, chapter 21.
class retry_budget {
 public:
  /// The limits can be turned at run time.
  explicit retry_budget(setting<retry_budget_limits> limits = {});

  /// Counts a call, which has earned a part of a retry.
  void add_call(time_point now) const;
  /// Takes a retry, if there is one.
  bool take(time_point now) const;
  /// Returns a retry that was taken at that time and didn't come about.
  void give_back(time_point taken) const;
  double left(time_point now) const;

 private:
  struct state;
  std::shared_ptr<state> state_;
};

}  // namespace kit
