#pragma once

#include <cstdint>
#include <string_view>

#include <kit/classify.hpp>
#include <kit/clock.hpp>
#include <kit/error.hpp>
#include <kit/random.hpp>

namespace kit {

/// How often and when a call is tried. Plain data; checked by `require_valid`.
struct retry_limits {
  /// In all; 0 counts as 1.
  std::uint32_t max_attempts = 3;
  /// A pause is drawn evenly from 0 to this: before the second attempt to `first_pause`, before
  /// each further one to twice as much as before the last one, up to `max_pause`. 0: none.
  duration first_pause = std::chrono::milliseconds{50};
  duration max_pause = std::chrono::seconds{2};
  /// A callee who asks to come again later than that isn't waited for: the call fails with what he
  /// said, such as when an open circuit breaker refuses. Sooner, what he asks for is done, also
  /// where it is longer than `max_pause`.
  duration max_retry_after = std::chrono::seconds{5};
  /// How long one attempt may take. `duration::max()`: as long as the call.
  duration attempt_timeout = duration::max();

  friend bool operator==(const retry_limits&, const retry_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const retry_limits& limits);

/// What is to be done after an attempt.
enum class retry_verdict : std::uint8_t {
  again,          ///< Another one, after a pause.
  final,          ///< It succeeded, or its error is one that another attempt doesn't mend.
  forbidden,      ///< The callee said not to come again.
  no_attempts,    ///< There were enough.
  no_time,        ///< The deadline comes before the next one, or that would be too late.
  left_to_caller  ///< Somebody further up the call tree tries again.
};
/// `again`, `final` and so on.
std::string_view name(retry_verdict verdict) noexcept;

/// What was seen of an attempt.
struct attempt_outcome {
  /// From 1.
  std::uint32_t number = 1;
  classification meaning = {};
  /// Null where there was an answer.
  const kit::error* error = nullptr;
  /// Its own time was over, not the call's.
  bool timed_out = false;
  /// The caller says that he tries again, see `attempt_number_of`.
  bool caller_retries = false;
  /// Until the call's deadline.
  duration left = duration::max();
};

struct retry_step {
  retry_verdict verdict = retry_verdict::final;
  /// Before the next attempt: what was drawn, or what the callee asked for, if that is longer.
  duration pause{};
};

/// Decides what comes after an attempt, but for the budget. Takes one random number.
/// Source: AWS Architecture Blog, Exponential Backoff and Jitter, 2015 (full jitter).
retry_step plan_retry(const retry_limits& limits, const attempt_outcome& seen,
                      random_source random);

}  // namespace kit
