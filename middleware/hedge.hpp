#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/attempts.hpp>
#include <kit/chain.hpp>
#include <kit/classify.hpp>
#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/decision.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/result.hpp>
#include <kit/retry_budget.hpp>
#include <kit/retry_run.hpp>
#include <kit/setting.hpp>
#include <kit/task_set.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <middleware/detail/placed.hpp>
#include <middleware/recent_quantile.hpp>

namespace kit::middleware {

/// When a second request is sent. Plain data; checked by `require_valid`.
struct hedge_limits {
  /// After so long without an answer. 0: after as long as 95 of 100 recent calls took, once there
  /// have been 16.
  duration delay = duration::zero();
  /// Never sooner.
  duration min_delay = std::chrono::milliseconds{1};

  friend bool operator==(const hedge_limits&, const hedge_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is negative.
void require_valid(const hedge_limits& limits);

/// Settings of `hedge`.
struct hedge_options {
  /// Can be turned at run time.
  setting<hedge_limits> limits = hedge_limits{};
  /// That the endpoint's calls may be made twice. Of requests that have a member `bool idempotent()
  /// const` each is asked, too.
  bool idempotent = false;
  /// Shared with the `retry` around it. Nothing: each endpoint has its own, with the default
  /// limits.
  std::optional<retry_budget> budget = {};
  /// Which answers don't win while another one may come. By default all do: around HTTP clients
  /// take `http::by_status()`.
  kit::classify classify = {};
};

/// Sends a second request when the first takes unusually long, and takes the answer that comes
/// first: against the few calls that are much slower than the others. A call that fails before the
/// second is sent fails; afterwards, the other one is waited for, and when both fail the first
/// one's failure is the call's. The loser is cancelled and waited for.
///
/// Second requests come out of a retry budget: when everything is slow, they stay few.
///
/// Errors:  throws `errc::invalid_argument` when put around an endpoint that isn't said to be
///          idempotent, by the option or by its requests.
/// Threads: any. Source: Dean and Barroso, The Tail at Scale, 2013.
class hedge {
 public:
  static constexpr std::string_view layer_name = "hedge";
  static constexpr bool decides = true;
  template <class Outer>
  static consteval void check_inside() {
    static_assert(kit::layer_name<Outer>() != "circuit_breaker",
                  "hedge is inside circuit_breaker: the breaker would not see both requests; put "
                  "hedge before circuit_breaker");
    static_assert(kit::layer_name<Outer>() != "hedge",
                  "hedge is inside another hedge: their requests multiply; keep one");
  }

  explicit hedge(hedge_options options = {});
  hedge for_endpoint(std::string_view name) const;

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    static_assert(std::copy_constructible<Req>,
                  "hedge sends a request twice: its type must be copyable");
    if constexpr (!requires(const Req& r) { r.idempotent(); }) require_idempotent();
    return detail::around(*this, std::move(next), name);
  }

 private:
  template <class Layer, class Req, class Resp>
  friend class detail::layered;

  struct shared {
    explicit shared(hedge_options o) : options(std::move(o)) {}
    const hedge_options options;
    const retry_budget budget = options.budget.value_or(retry_budget());
    std::mutex mutex;
    recent_quantile took{0.95};

    void add(duration d);
    std::optional<duration> delay();
  };
  void require_idempotent() const;

  /// Two requests, and what became of them. Outlives neither of them.
  template <class Resp>
  struct race {
    monitor changed;
    // With it locked:
    std::array<std::optional<result<Resp>>, 2> answers;
    int won = -1;

    void end(std::size_t which, result<Resp> r, const kit::classify& classify) {
      const bool ok = r.has_value() && !classify(r).failure;
      const auto lock = changed.lock();
      answers[which].emplace(std::move(r));
      if (ok && won < 0) won = static_cast<int>(which);
      changed.notify_all();
    }
    bool over(std::size_t sent) const {
      if (won >= 0) return true;
      for (std::size_t i = 0; i < sent; ++i) {
        if (!answers[i]) return false;
      }
      return true;
    }
  };

  static constexpr decision_kind hedged{
      .layer = "hedge",
      .verb = "hedged",
      .words = "no answer for {delay_ms} ms; {budget} more requests may be sent ahead"};
  static constexpr decision_kind second_won{
      .layer = "hedge", .verb = "second_won", .words = "its answer came first"};
  static constexpr decision_kind spent{
      .layer = "hedge", .verb = "budget_spent", .words = "no answer for {delay_ms} ms"};

  template <class Req, class Resp>
  static asio::awaitable<void> send(detail::place<hedge, Req, Resp> at,
                                    std::shared_ptr<race<Resp>> r, std::size_t which, Req req,
                                    taken_retry taken = {}) {
    taken.make();
    const auto& classify = at->layer.shared_->options.classify;
    std::exception_ptr thrown;
    try {
      r->end(which, co_await at->next.try_call(std::move(req)), classify);
      co_return;
    } catch (...) {
      thrown = std::current_exception();
    }
    r->end(which,
           fail(kit::detail::call_error(thrown, co_await asio::this_coro::executor,
                                        /*handler=*/false)),
           classify);
  }

  template <class Req, class Resp>
  static asio::awaitable<result<Resp>> run(detail::place<hedge, Req, Resp> at, Req req) {
    auto& self = *at->layer.shared_;
    const auto ex = co_await asio::this_coro::executor;
    const auto& wheel = timer_wheel::of(ex);
    // An attempt has been counted by who makes it.
    if (!attempt_number_of(context_of(ex))) self.budget.add_call(wheel.now());
    const auto delay = self.delay();
    const bool may = can_repeat(req) && does_no_harm_twice(req);
    const auto began = wheel.now();
    if (!delay || !may) {
      auto r = co_await at->next.try_call(std::move(req));
      if (r) self.add(wheel.now() - began);
      co_return r;
    }
    co_return co_await both(at, std::move(req), began, *delay);
  }

  template <class Req, class Resp>
  static asio::awaitable<result<Resp>> both(detail::place<hedge, Req, Resp> at, Req req,
                                            time_point began, duration delay) {
    auto& self = *at->layer.shared_;
    const auto ex = co_await asio::this_coro::executor;
    const auto& wheel = timer_wheel::of(ex);
    const auto ctx = context_of(ex);
    const auto outcome = std::make_shared<race<Resp>>();
    task_set tasks(ex);
    // Who has lost must be waited for, even when this coroutine is cancelled.
    const bool throwing = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    (void)tasks.try_spawn("first", send(at, outcome, 0, Req(req)));
    auto why = co_await first_answer(*outcome, 1, saturating_add(began, delay));
    if (why == wake::timed_out) {
      const auto now = wheel.now();
      auto taken = taken_retry::from(self.budget, now);
      const std::size_t sent = taken ? 2 : 1;
      if (taken) {
        decide(ctx, at->name, hedged, {delay, self.budget.left(now)});
        (void)tasks.try_spawn("second", send(at, outcome, 1, std::move(req), std::move(taken)));
      } else {
        decide(ctx, at->name, spent, {delay});
      }
      why = co_await first_answer(*outcome, sent, time_point::max());
    }
    tasks.cancel();
    co_await tasks.join();
    co_await asio::this_coro::throw_if_cancelled(throwing);
    const auto lock = outcome->changed.lock();
    if (outcome->won >= 0) {
      self.add(wheel.now() - began);
      if (outcome->won == 1) decide(ctx, at->name, second_won, {});
      co_return *std::move(outcome->answers[static_cast<std::size_t>(outcome->won)]);
    }
    if (why == wake::cancelled) co_return fail(ctx.cancelled() ? ctx.cause() : errc::canceled);
    co_return *std::move(outcome->answers[outcome->answers[0] ? 0 : 1]);
  }

  /// Until one of the `sent` requests has succeeded or all have failed, or why not.
  template <class Resp>
  static asio::awaitable<wake> first_answer(race<Resp>& r, std::size_t sent, time_point limit) {
    // Nothing throws here: who was cancelled between two waits must be asked.
    const auto state = co_await asio::this_coro::cancellation_state;
    auto lock = r.changed.lock();
    while (!r.over(sent)) {
      if (state.cancelled() != asio::cancellation_type::none) co_return wake::cancelled;
      if (const auto why = co_await r.changed.wait(std::move(lock), limit); why != wake::notified) {
        co_return why;
      }
      lock = r.changed.lock();
    }
    co_return wake::notified;
  }

  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware
