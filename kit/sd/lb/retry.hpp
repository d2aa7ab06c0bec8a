#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/classify.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/random.hpp>
#include <kit/retry_budget.hpp>
#include <kit/retry_policy.hpp>
#include <kit/retry_run.hpp>
#include <kit/sd/lb/balancer.hpp>
#include <kit/setting.hpp>
#include <kit/this_context.hpp>

namespace kit::sd {

/// What a `retry_callback` makes of a failed attempt.
struct retry_answer {
  bool keep_trying = false;
  /// What the call fails with instead of the attempt's error, when it is given up.
  std::optional<error> replacement = {};
};
/// Decides after each failed attempt, of which it gets the number, from 1, and the error.
using retry_callback = std::function<retry_answer(std::uint32_t number, const error& failure)>;

/// Settings of a balancer's `retry`.
struct balancer_retry_options {
  /// Pauses are short, since the next attempt goes to another instance as a rule.
  setting<retry_limits> limits = retry_limits{.first_pause = std::chrono::milliseconds{5},
                                              .max_pause = std::chrono::seconds{1}};
  /// For all attempts together. `duration::max()`: the caller's deadline alone.
  duration timeout = duration::max();
  /// Which outcomes are retryable. By default every error, but for those that forbid it.
  kit::classify classify = kit::classify(retry_all);
  /// Decides instead of `max_attempts` and the classifier; not over what the callee forbids, nor
  /// where a request can't be sent again or somebody further up tries again. Empty and
  /// `until_timeout`: goes on until an attempt succeeds or time is over.
  retry_callback callback = {};
  bool until_timeout = false;
  /// Shared with whoever else sends requests again to the same service. Nothing: no limit.
  std::optional<retry_budget> budget = {};
  random_source random = random_source::from_entropy();
  /// For decisions and spans.
  std::string name = {};

  static classification retry_all(const outcome& o) {
    auto c = kit::classify::by_error(o.error());
    c.retryable = o.error() && !o.error()->forbids_retry();
    return c;
  }
};

namespace detail {

/// What a `retry` and its calls share.
template <class Req, class Resp>
struct balanced {
  retry_core core;
  std::shared_ptr<balancer<Req, Resp>> from;
  balancer_retry_options options;
};

retry_core retry_core_of(const balancer_retry_options& options);

}  // namespace detail

/// An endpoint that asks the balancer anew for each attempt, until one succeeds: the first success
/// is the answer. A balancer without instances counts as a failed attempt.
///
///     auto sum = sd::retry<sum_request, sum_response>(balancer, {.timeout = 500ms});
///
/// The error is the last attempt's, or the callback's replacement, and says what those before were:
/// `broken (previously: broken; timed out)`; `kit::attempts` with the raw ones is attached. When
/// time is over it is `errc::deadline_exceeded`, when the caller cancels `errc::canceled`, with the
/// attempts until then. Attempts run in a context that the timeout and the caller cancel; one that
/// doesn't react is waited for.
///
/// Errors:  throws `errc::invalid_argument` without a balancer, and for `until_timeout` without a
///          timeout.
/// Threads: those of the balancer.
/// Source:  Go kit's package sd/lb, Retry and RetryWithCallback.
template <std::copy_constructible Req, class Resp>
endpoint<Req, Resp> retry(std::shared_ptr<balancer<Req, Resp>> from,
                          balancer_retry_options options = {}) {
  if (!from) throw error(errc::invalid_argument, "sd::retry: there is no balancer");
  if (options.until_timeout && !options.callback && options.timeout == duration::max()) {
    throw error(errc::invalid_argument, "sd::retry: until_timeout without a timeout");
  }
  using shared = detail::balanced<Req, Resp>;
  std::shared_ptr<const shared> self(
      new shared{detail::retry_core_of(options), std::move(from), std::move(options)});
  return [self](Req r) {
    auto pick = [&from = *self->from] { return from.pick(); };
    return with_timeout(
        self->options.timeout,
        run_retries<Req, Resp>(self, self->core, self->options.name, pick, std::move(r)));
  };
}

}  // namespace kit::sd
