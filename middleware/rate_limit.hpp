#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include <asio/awaitable.hpp>

#include <kit/interceptor.hpp>
#include <kit/random.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>
#include <kit/timer.hpp>
#include <middleware/call_key.hpp>
#include <middleware/token_bucket.hpp>

namespace kit::middleware {

/// Settings of `rate_limit`.
struct rate_limit_options {
  /// Can be turned at run time.
  setting<token_rate> rate = token_rate{};
  /// How long a call may wait for its token. 0: calls are refused at once; `duration::max()`: as
  /// long as the call's deadline allows.
  duration max_wait = duration::zero();
  /// Each key has a bucket of its own. Empty: all calls have one together.
  call_key key = {};
  /// For how many keys there are buckets, at 48 bytes each. With more, those that have been used
  /// least come to be full again. 1 to 100,000,000.
  std::size_t max_keys = 65536;
  /// How many tokens a call takes. Empty: 1. What is negative or no number counts as 0.
  std::function<double(const call&)> cost = {};
  /// Where the secret comes from that keeps outsiders from choosing keys which share a bucket.
  random_source random = random_source::from_entropy();
};

/// Lets calls through at a limited rate, by a token bucket: each takes a token, and where there is
/// none it waits for the next one or is refused. Those who wait get theirs in the order they came.
///
///     const kit::setting<token_rate> rate(token_rate{.per_second = 100, .burst = 20});
///     kit::chain(rate_limit({.rate = rate, .key = by_client_address()}));
///
/// Refusals are `errc::resource_exhausted`, `rate limit exceeded`, and say when to come again. So
/// is a call refused at once whose deadline would come before its token: that error says so. Who
/// is cancelled while waiting gives the token back, as far as nobody after him counts on it.
///
/// An interceptor: fuses with its neighbours. Copies, and the endpoints they are put around, share
/// the buckets; for one each see `per_endpoint`. Threads: any.
/// Source: Go kit's package ratelimit; golang.org/x/time/rate.
class rate_limit {
  struct shared;

 public:
  static constexpr std::string_view layer_name = "rate_limit";
  static constexpr bool decides = true;

  /// Errors: throws `errc::invalid_argument` for an option out of range.
  explicit rate_limit(rate_limit_options options);

  /// A call's token, and its bucket.
  class state {
   public:
    state() = default;
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
      if (waits_) give_back();
    }

   private:
    friend class rate_limit;
    void give_back() noexcept;

    shared* shared_ = nullptr;
    const timer_wheel* wheel_ = nullptr;
    bool waits_ = false;
    time_point due_{};  // when the token comes that is waited for
    double cost_ = 0;
    std::string key_ = {};
  };
  result<admission> enter(call& c, state& s);
  asio::awaitable<result<void>> wait(call& c, state& s);

 private:
  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware
