#pragma once

#include <optional>

#include <kit/clock.hpp>

namespace kit::middleware {

/// How much a token bucket lets through. Plain data; checked by `require_valid`.
struct token_rate {
  /// Tokens that come each second. 0: none, so that only the first burst passes; infinity: there is
  /// always one.
  double per_second = 100;
  /// Tokens that the bucket holds, so how many may be taken at once. 0: nothing passes.
  double burst = 1;

  friend bool operator==(const token_rate&, const token_rate&) = default;
};

/// Throws `errc::invalid_argument` for a member that is negative or no number.
void require_valid(const token_rate& rate);

/// Tokens that come at a steady rate and are taken by calls. Starts full. Time never runs backwards
/// for it: an earlier `now` counts as the latest one.
///
/// The rate is passed with each question; when it changes, the tokens there stay.
/// Threads: one at a time. Source: Go's golang.org/x/time/rate.
class token_bucket {
 public:
  /// What became of a request for tokens.
  struct answer {
    /// When the tokens are one's own, now or later; nothing where they were refused.
    std::optional<time_point> at{};
    /// How long it takes, or would take, from now; `duration::max()` where they never come.
    duration wait{};
    /// How many were there.
    double tokens = 0;
  };

  /// Takes `n` tokens, if they are there within `max_wait`: those that come later are taken in
  /// advance, so whoever asks first gets them first.
  answer take(time_point now, const token_rate& rate, double n, duration max_wait);

  /// Gives back what was taken for that time, as far as nobody else counts on it: those who have
  /// asked later have been told a time, and keep it.
  void give_back(time_point now, const token_rate& rate, double n, time_point at);

  /// How many are there; negative when some were taken in advance.
  double tokens(time_point now, const token_rate& rate) const;

 private:
  void advance(time_point now, const token_rate& rate);

  bool started_ = false;  // until then it is full
  double tokens_ = 0;     // at `latest_`
  time_point latest_{};
  time_point last_due_{};  // of all that was taken
};

}  // namespace kit::middleware
