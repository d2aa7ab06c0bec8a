#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/attempts.hpp>
#include <kit/clock.hpp>
#include <kit/decision.hpp>
#include <kit/endpoint.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <middleware/detail/placed.hpp>

namespace kit::middleware {

/// Settings of `timeout`.
struct timeout_options {
  /// Positive. Can be turned at run time; calls fail at once while it's 0 or less.
  /// `duration::max()`: none.
  setting<duration> limit = std::chrono::seconds{1};
  /// What the error says.
  std::string message = "took too long";
};

/// Gives calls a time limit: outside of `retry` for all attempts together, inside of it for each,
/// after which another one may follow.
///
///     kit::chain(timeout({.limit = 1s}), retry({...}), timeout({.limit = 200ms}));
///
/// A call whose time is over is cancelled and waited for, and fails with `errc::deadline_exceeded`,
/// `took too long`, with what its own error had attached and `attempt_timed_out`; an answer that
/// comes all the same is the answer. A caller's own deadline that comes sooner is left as it is.
/// Costs what starting a coroutine does. Threads: any.
class timeout {
 public:
  static constexpr std::string_view layer_name = "timeout";
  static constexpr bool decides = true;

  /// Errors: throws `errc::invalid_argument` for a limit that isn't positive.
  explicit timeout(timeout_options options = {})
      : options_(std::make_shared<const timeout_options>(std::move(options))) {
    if (options_->limit.get() <= duration::zero()) {
      throw error(errc::invalid_argument, "timeout_options::limit: positive");
    }
  }

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    return detail::around(*this, std::move(next), name);
  }

 private:
  template <class Layer, class Req, class Resp>
  friend class detail::layered;

  static constexpr decision_kind expired{
      .layer = "timeout", .verb = "expired", .words = "after {limit_ms} ms"};

  template <class Req, class Resp>
  static asio::awaitable<result<Resp>> run(detail::place<timeout, Req, Resp> at, Req req) {
    const auto ex = co_await asio::this_coro::executor;
    const auto ctx = context_of(ex);
    const auto limit = at->layer.options_->limit.get();
    const auto when = saturating_add(timer_wheel::of(ex).now(), limit);
    auto r = co_await with_deadline(when, at->next.try_call(std::move(req)));
    const bool tighter = when < ctx.deadline().value_or(time_point::max());
    if (!r && r.error() == errc::deadline_exceeded && tighter && !ctx.cancelled() &&
        timer_wheel::of(ex).now() >= when) {
      decide(ctx, at->name, expired, {limit});
      // It says what went before, such as the attempts of a retry.
      r.error() = r.error().with_message(at->layer.options_->message).with(attempt_timed_out{});
    }
    co_return r;
  }

  std::shared_ptr<const timeout_options> options_;
};

}  // namespace kit::middleware
