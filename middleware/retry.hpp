#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/chain.hpp>
#include <kit/classify.hpp>
#include <kit/endpoint.hpp>
#include <kit/random.hpp>
#include <kit/result.hpp>
#include <kit/retry_budget.hpp>
#include <kit/retry_policy.hpp>
#include <kit/retry_run.hpp>
#include <kit/setting.hpp>
#include <middleware/detail/placed.hpp>

namespace kit::middleware {

/// Settings of `retry`.
struct retry_options {
  /// Can be turned at run time.
  setting<retry_limits> limits = retry_limits{};
  /// Shared with the other layers that send requests again, or ahead, to the same destination.
  /// Nothing: each endpoint has its own, with the default limits.
  std::optional<retry_budget> budget = {};
  /// Which outcomes are retryable. Around an HTTP client take `http::by_status()`.
  kit::classify classify = {};
  /// Of the pauses.
  random_source random = random_source::from_entropy();
};

/// Tries calls again that failed for a reason that may pass: after a pause that grows, within a
/// budget, and never when the pause would outlast the call's deadline. What the callee asks for is
/// done: to come again after so long, or not at all.
///
///     const kit::retry_budget budget;      // of the destination
///     auto sum = kit::chain(retry({.budget = budget}), circuit_breaker())(remote.sum, "sum");
///
/// Only one layer of a call tree tries again: the uppermost one that has a `retry`. Those below
/// learn of it by the call's metadata, see `attempt_key`, which clients of typed endpoints send
/// along.
///
/// The error is the last attempt's, and says what the others were: `broken (previously: broken;
/// timed out)`. It has `kit::attempts` attached. One that another attempt can't mend is returned as
/// it is, when it's the first. A call that is cancelled, or whose deadline comes, fails with that,
/// and has the attempts until then attached, too.
///
/// A request is copied for each attempt but the last possible one. One of a type with a member
/// `bool repeatable() const` is sent once only where that is false (content that is a stream), and
/// with `bool idempotent() const` (an HTTP method) tried again only where that is true, or the
/// callee can't have got it (`never_sent`), or says that it hasn't begun. All other requests are
/// taken to bear repetition: put no retry around an endpoint that doesn't.
///
/// Threads: any. Source: Go kit's package sd/lb, Retry; gRFC A6.
class retry {
 public:
  static constexpr std::string_view layer_name = "retry";
  static constexpr bool decides = true;
  template <class Outer>
  static consteval void check_inside() {
    static_assert(kit::layer_name<Outer>() != "retry",
                  "retry is inside another retry: their attempts multiply; keep the outer one");
    static_assert(kit::layer_name<Outer>() != "circuit_breaker",
                  "retry is inside circuit_breaker: the breaker would not see the attempts, and "
                  "could not stop them; put retry before circuit_breaker");
    static_assert(kit::layer_name<Outer>() != "hedge",
                  "retry is inside hedge: each of the two requests would be tried again; put retry "
                  "before hedge");
  }

  explicit retry(retry_options options = {});
  retry for_endpoint(std::string_view name) const;

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    static_assert(std::copy_constructible<Req>,
                  "retry sends a request again: its type must be copyable");
    return detail::around(*this, std::move(next), name);
  }

 private:
  template <class Layer, class Req, class Resp>
  friend class detail::layered;

  template <class Req, class Resp>
  static asio::awaitable<result<Resp>> run(detail::place<retry, Req, Resp> at, Req req) {
    auto pick = [&next = at->next]() -> result<endpoint<Req, Resp>> { return next; };
    return run_retries<Req, Resp>(at, *at->layer.core_, at->name, pick, std::move(req));
  }

  std::shared_ptr<const retry_options> options_;
  std::shared_ptr<const retry_core> core_;
};

}  // namespace kit::middleware
