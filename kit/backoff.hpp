#pragma once

#include <kit/clock.hpp>
#include <kit/random.hpp>

namespace kit {

/// How waits between attempts grow. Plain data; checked by `require_valid`, which `backoff` calls.
struct backoff_options {
  /// What the first wait grows from, as if it had been the wait before. Positive.
  duration initial = std::chrono::seconds{1};
  /// No wait is longer. At least `initial`.
  duration max = std::chrono::minutes{1};
  /// How many times longer than the one before a wait is, on average. 1 or more.
  double multiplier = 2;
  /// A wait is drawn evenly from this share around that, to both sides, so that those who failed
  /// together don't come back together. 0 (always the same) to 1 (from none to twice).
  double jitter = 0.5;

  friend bool operator==(const backoff_options&, const backoff_options&) = default;
};

/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const backoff_options& options);

/// How long to wait before the next attempt: exponential, with jitter.
///
///     co_await kit::sleep_for(waits.next());   // and waits.reset() once an attempt succeeded
///
/// With the default options Go kit's rule: twice the wait before, times a number from [0.5, 1.5).
/// The longest waits keep their jitter, too: about the maximum the drawn range ends at it.
/// Source: Go kit, package util/conn, Exponential. Threads: one at a time.
class backoff {
 public:
  /// Errors: throws `errc::invalid_argument` for options out of range.
  backoff(const backoff_options& options, random_source random);

  /// At most `max`.
  duration next() noexcept;
  /// The next wait is a first one again.
  void reset() noexcept { previous_ = options_.initial; }

 private:
  backoff_options options_;
  random_source random_;
  duration previous_;
};

}  // namespace kit
