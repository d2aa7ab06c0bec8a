#pragma once

#include <array>
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
};

/// The range of a limit. Plain data.
struct limit_range {
  /// At least 1.
  double min = 4;
  double max = 1000;
  /// Where it begins.
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
  /// Longer calls count as overloaded.
  duration timeout = std::chrono::seconds{5};
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void validate(const aimd_options& options);

/// By how much longer calls take than they do where the callee isn't busy: as long as it is hardly
/// more, the limit grows, by a little queue; when it is more, it shrinks in proportion.
///
/// How long they take there is measured again and again, by letting only half as many through for a
/// moment; else what takes long for a long time would come to be what is usual.
/// Source: Netflix's concurrency-limits, GradientLimit; Envoy's adaptive concurrency filter.
struct gradient_options {
  limit_range range = {};
  /// How much longer calls may take before the limit shrinks, as a factor. 1 or more.
  double tolerance = 1.15;
  /// How many calls wait at the callee when it is just busy.
  double queue = 1;
  /// How much of a new estimate counts, above 0 to 1.
  double smoothing = 0.1;
  /// After how many calls it measures again. At least 100.
  std::uint32_t measure_every = 2000;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void validate(const gradient_options& options);

/// Finds out how many calls at a time a callee takes, from how they go. A state machine, without a
/// clock or a lock. Threads: one at a time.
class adaptive_limit {
 public:
  using options = std::variant<gradient_options, aimd_options>;

  /// Errors: those of `validate`.
  explicit adaptive_limit(const options& o);

  void add(const limit_sample& sample) noexcept;
  /// At least 1.
  std::size_t limit() const noexcept;
  /// How long calls take where the callee isn't busy. Zero before the first one, and with additive
  /// increase.
  duration usual() const noexcept;

 private:
  void add(const aimd_options& o, const limit_sample& s) noexcept;
  void add(const gradient_options& o, const limit_sample& s) noexcept;

  double typical(double sample) noexcept;
  bool measures(const gradient_options& o, double took, std::size_t in_flight) noexcept;

  options options_;
  double limit_;
  double usual_ = 0;                 // nanoseconds
  std::array<double, 5> latest_{};   // calls
  std::uint32_t next_ = 0;           // in there
  double recent_ = 0;                // the same of the latest calls
  std::uint32_t until_measure_ = 0;  // calls
  std::uint32_t to_skip_ = 0;        // calls that began before
  std::uint32_t to_measure_ = 0;     // calls; 0: it doesn't
  double measured_ = 0;              // the sum so far
};

}  // namespace kit::middleware
