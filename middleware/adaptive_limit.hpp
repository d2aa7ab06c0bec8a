#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <variant>

#include <kit/clock.hpp>

namespace kit::middleware {

/// How a call went: what an adaptive limit learns from.
struct limit_sample {
  /// How long it took, without waiting for a place. Positive.
  duration took{};
  /// How many were under way when it ended, itself included.
  std::size_t in_flight = 0;
  /// The callee, or the time limit, said that it was too much.
  bool overloaded = false;
  /// The caller's own time was over. If the call took at least as long as calls do of late, it
  /// counts as overloaded; if not, the caller was impatient, and it tells nothing.
  bool out_of_time = false;
};

/// The range of a limit. Plain data.
struct limit_range {
  /// At least 1.
  double min = 1;
  /// `min` to 1e9.
  double max = 1000;
  /// Where it begins: `min` to `max`.
  double initial = 20;
};

/// Additive increase, multiplicative decrease: one place more for each round of calls that went
/// well, and fewer by a factor when one was overloaded or took longer than `timeout`. Simple, and
/// never far from what the callee takes; saws up and down below it.
/// Source: Chiu and Jain, 1989; TCP Reno; Netflix's concurrency-limits, AIMDLimit.
struct aimd_options {
  limit_range range = {};
  /// Above 0 and below 1.
  double backoff = 0.9;
  /// Longer calls count as overloaded. Positive.
  duration timeout = std::chrono::seconds{5};
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const aimd_options& options);

/// By how much longer calls take than where the callee isn't busy. The mean of many calls is
/// compared with another such mean, so it doesn't matter how different single calls are. Up to
/// `tolerance` times what is usual, the limit grows by its square root. Beyond, it shrinks in
/// proportion, and so settles above what the callee takes by a short queue. A limit of which less
/// than half is used stays as it is; what calls take then is what is usual. What is usual where
/// much is used is measured now and then: only a quarter as many calls are let through for a
/// moment. That also happens when the limit has shrunk to half, as calls may just take longer now.
/// Each overloaded call takes half a place away.
/// Source: Netflix's concurrency-limits, Gradient2Limit; Envoy's adaptive concurrency filter, from
/// which are the measuring, the square root and the tolerance.
struct gradient_options {
  limit_range range = {};
  /// How much longer calls may take before the limit shrinks, as a factor. 1 or more.
  double tolerance = 1.25;
  /// Of how many calls a mean is. At least 10. More where the limit is greater, and fewer where it
  /// is below a tenth of that.
  std::uint32_t window = 100;
  /// After how many calls it measures again. At least 100. Rarer where the limit is great.
  std::uint32_t measure_every = 10'000;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const gradient_options& options);

/// Finds out how many calls at a time a callee takes, from how they go. A state machine, without a
/// clock or a lock. Threads: one at a time.
class adaptive_limit {
 public:
  using options = std::variant<gradient_options, aimd_options>;

  /// Errors: those of `require_valid`.
  explicit adaptive_limit(const options& o);

  void add(const limit_sample& sample) noexcept;
  /// At least 1.
  std::size_t limit() const noexcept;
  /// How long calls take where the callee isn't busy, on average. Zero before that is known, and
  /// with additive increase.
  duration usual() const noexcept;

 private:
  void add(const aimd_options& o, const limit_sample& s) noexcept;
  void add(const gradient_options& o, const limit_sample& s) noexcept;

  bool impatient(double took) noexcept;
  double reduced() const noexcept;
  void count(double took, double in_flight) noexcept;
  void end_window(const gradient_options& o, double mean) noexcept;
  void end_measurement(const gradient_options& o, double mean) noexcept;
  void measured(const gradient_options& o, double share) noexcept;

  options options_;
  double limit_;
  double recent_ = 0;  // nanoseconds that calls took of late

  // By the gradient.
  double usual_ = 0;                 // nanoseconds
  double highest_;                   // the limit since the last measurement
  bool measures_ = false;            // else it watches
  std::uint64_t until_measure_ = 0;  // calls
  std::uint64_t to_skip_ = 0;        // calls that began before the window
  struct {
    double calls = 0;
    double took = 0;  // nanoseconds, all together
    double peak = 0;  // under way at a time
  } window_;
  struct {
    double limit = 1;
    double took = 0;  // nanoseconds, on average
  } before_;          // in the last window in which the limit was used
};

}  // namespace kit::middleware
