#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/classify.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/retry_budget.hpp>
#include <kit/retry_policy.hpp>
#include <kit/setting.hpp>
#include <kit/shared_random.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

// For layers that make calls again: what `middleware::retry` and a balancer's retry are made of.
namespace kit {

/// What all calls that one layer tries again have in common.
struct retry_core {
  setting<retry_limits> limits;
  kit::classify classify;
  std::optional<retry_budget> budget;
  mutable shared_random random;
  /// Decides whether to go on, instead of the limits and the classifier; may replace the error.
  std::function<bool(std::uint32_t number, std::optional<error>& failure)> goes_on = {};
};

/// Whether a request can be sent once more, and whether it does no harm when it comes twice.
template <class Req>
bool can_repeat(const Req& r) {
  if constexpr (requires {
                  { r.repeatable() } -> std::same_as<bool>;
                }) {
    return r.repeatable();
  } else {
    return true;
  }
}
template <class Req>
bool does_no_harm_twice(const Req& r) {
  if constexpr (requires {
                  { r.idempotent() } -> std::same_as<bool>;
                }) {
    return r.idempotent();
  } else {
    return true;
  }
}

/// A retry out of a budget: goes back to it unless it's made.
class taken_retry {
 public:
  taken_retry() = default;
  /// Empty where there is none left.
  static taken_retry from(const retry_budget& budget, time_point now) {
    taken_retry r;
    if (budget.take(now)) {
      r.budget_ = budget;
      r.at_ = now;
    }
    return r;
  }
  taken_retry(taken_retry&& other) noexcept
      : budget_(std::exchange(other.budget_, std::nullopt)), at_(other.at_) {}
  taken_retry& operator=(taken_retry&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(at_, other.at_);
    return *this;
  }
  ~taken_retry() {
    if (budget_) budget_->give_back(at_);
  }

  explicit operator bool() const noexcept { return budget_.has_value(); }
  void make() noexcept { budget_.reset(); }

 private:
  std::optional<retry_budget> budget_;
  time_point at_{};
};

/// One call that is tried again: what of it doesn't depend on the endpoint's types.
class retry_run {
 public:
  retry_run(const retry_core& core, const asio::any_io_executor& ex, std::string_view name);
  retry_run(const retry_run&) = delete;

  /// How an attempt may be repeated.
  struct nature {
    bool repeatable = true;
    bool harmless = true;
  };

  bool caller_retries() const noexcept { return caller_retries_; }
  bool is_last_possible() const noexcept {
    return caller_retries_ || (!core_.goes_on && number_ >= limits_.max_attempts);
  }
  /// Without a number of attempts.
  bool goes_on() const noexcept { return static_cast<bool>(core_.goes_on); }
  duration attempt_timeout() const noexcept { return limits_.attempt_timeout; }

  /// The context of the next attempt.
  context begin_attempt();
  bool is_retry() const noexcept { return number_ > 1; }
  void attempt_is_made() noexcept { taken_.make(); }
  /// How long to wait before the next one; nothing when there is none.
  std::optional<duration> end_attempt(const outcome& how, const nature& is);

  /// What the call fails with, when its last attempt failed.
  error failure() const;
  /// What it fails with when it was cancelled between two attempts.
  error interrupted(std::exception_ptr thrown) const;

 private:
  std::optional<duration> ask(const outcome& how, const nature& is);
  std::optional<duration> plan(const outcome& how, const error* failure, const nature& is);
  static bool can_be_repeated(const error* e, const nature& is);
  std::nullopt_t give_up(retry_verdict why);
  void forget_some();
  bool timed_out(const outcome& how) const;
  /// Which says it when there is nothing left.
  bool take_from_budget(time_point now, std::string_view why);
  std::string all_errors() const;

  const retry_core& core_;
  const asio::any_io_executor& executor_;
  const std::string_view name_;
  const context context_;
  const timer_wheel& wheel_;
  const retry_limits limits_;
  const bool caller_retries_;
  std::uint32_t number_ = 0;
  time_point began_{};  // the attempt
  taken_retry taken_;   // for an attempt that isn't made yet
  std::vector<error> errors_;
  std::size_t forgotten_ = 0;  // of them
  std::optional<error> replacement_;
  bool plain_ = false;  // the one error is to be returned as it is
  bool out_of_time_ = false;
};

namespace detail {

/// The last attempt gets the request itself, those before it get copies.
template <class Req>
Req for_attempt(Req& req, bool last) {
  return last ? std::move(req) : req;
}

/// An attempt that is cancelled before it comes so far costs the budget nothing.
template <class Resp>
asio::awaitable<result<Resp>> counted_as_made(retry_run& run, asio::awaitable<result<Resp>> call) {
  run.attempt_is_made();
  co_return co_await std::move(call);
}

}  // namespace detail

/// Calls what `pick` gives, until an attempt succeeds or there shall be no other one.
///
/// `pick()` returns a `result<endpoint<Req, Resp>>`; its failure counts as an attempt's. `owner`
/// holds what the references refer to.
template <class Req, class Resp, class Pick>
asio::awaitable<result<Resp>> run_retries(std::shared_ptr<const void> owner, const retry_core& core,
                                          std::string_view name, Pick pick, Req req) {
  (void)owner;
  const auto ex = co_await asio::this_coro::executor;
  retry_run run(core, ex, name);
  const retry_run::nature is{.repeatable = can_repeat(req), .harmless = does_no_harm_twice(req)};
  for (;;) {
    const auto ctx = run.begin_attempt();
    std::exception_ptr interrupted;
    try {
      result<endpoint<Req, Resp>> next = pick();
      result<Resp> r = fail(errc::unknown);
      if (!next) {
        r = fail(std::move(next).error());
      } else {
        const bool last = !is.repeatable || run.is_last_possible();
        auto call = next->try_call(detail::for_attempt(req, last));
        if (run.is_retry()) call = detail::counted_as_made(run, std::move(call));
        if (run.attempt_timeout() != duration::max()) {
          call = with_timeout(run.attempt_timeout(), std::move(call));
        }
        r = co_await with_context(ctx, std::move(call));
      }
      const auto pause = run.end_attempt(outcome(r), is);
      if (!pause) {
        if (!r) r = fail(run.failure());
        co_return r;
      }
      if (*pause > duration::zero()) {
        co_await sleep_for(*pause);
      } else if (run.goes_on()) {
        co_await asio::post(asio::use_awaitable);  // it may be for long: the loop has more to do
      }
    } catch (...) {
      interrupted = std::current_exception();
    }
    if (interrupted) co_return fail(run.interrupted(interrupted));
  }
}

}  // namespace kit
