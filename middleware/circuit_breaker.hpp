#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <kit/chain.hpp>
#include <kit/classify.hpp>
#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>
#include <middleware/breaker_machine.hpp>
#include <middleware/outcome_window.hpp>

namespace kit::middleware {

/// A breaker's change of state.
struct breaker_change {
  /// Whose call it came by.
  std::string_view endpoint;
  breaker_state from, to;
  /// Of the calls that counted in `from`.
  call_counts counts;
};

/// Settings of `circuit_breaker`. The defaults are those of sony/gobreaker; see also
/// `handy_breaker`.
struct circuit_breaker_options {
  /// Can be turned at run time, also to force it open or closed.
  setting<breaker_limits> limits = breaker_limits{};
  /// Which calls count while it is closed.
  window_options window = {};
  /// Decides whether it opens, instead of the limits: asked after each failure while closed, on any
  /// thread, under the breaker's lock. Must neither throw nor ask the breaker.
  std::function<bool(const call_counts&)> trips = {};
  /// Whether a call that was let through before it opened, and goes well, closes it.
  bool late_success_closes = false;
  /// Which outcomes are failures; around HTTP handlers and clients take `http::by_status()`. Those
  /// of calls that were cancelled say nothing of the callee and never count.
  kit::classify classify = {};
  /// Whether what layers further in refuse counts as failure. Otherwise it doesn't count at all,
  /// since the callee has nothing to do with it.
  bool count_refusals = false;
  /// Called after each change, on the thread of the call, under no lock. Must not throw.
  std::function<void(const breaker_change&)> on_change = {};
  /// What the errors say.
  std::string open_message = "circuit breaker is open";
  std::string half_open_message = "too many requests";
};

/// As in streadway/handy: opens when more than that share of more than 10 calls within 5 seconds
/// failed, tries one call after each second, and closes at the first that goes well.
/// Source: Go kit's package circuitbreaker, HandyBreaker.
circuit_breaker_options handy_breaker(double failure_ratio = 0.05);

/// Keeps calls from a callee that fails: after too many failures it is open, and refuses calls at
/// once; after a while it tries a few, and closes when they go well. See `breaker_machine`.
///
///     const circuit_breaker breaker({.limits = breaker_limits{.consecutive_failures = 10}});
///     auto sum = kit::chain(retry, breaker)(remote.sum, "sum");
///
/// A call that ends as its deadline comes is a failure, whoever set that: callers who give too
/// little time open it. Where they aren't to be trusted, put `deadline` outside, or a classifier.
///
/// Refusals are `errc::unavailable`, `circuit breaker is open` or, while calls are being tried,
/// `too many requests`; both say when to come again.
///
/// While no call fails and only failures in a row are asked for, threads that share it write
/// nothing that others read.
///
/// An interceptor: fuses with its neighbours. Copies, and the endpoints they are put around, share
/// the state; for one each see `per_endpoint`. Threads: any.
/// Source: Go kit's package circuitbreaker, Gobreaker; Nygard, Release It!, 2007.
class circuit_breaker {
 public:
  static constexpr std::string_view layer_name = "circuit_breaker";
  static constexpr bool decides = true;

  /// Errors: throws `errc::invalid_argument` for an option out of range.
  explicit circuit_breaker(circuit_breaker_options options = {});

  struct state {
    std::uint64_t generation = 0;
  };
  result<void> enter(call& c, state& s);
  void leave(call& c, state& s) noexcept;

  breaker_state current(time_point now) const;

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware
