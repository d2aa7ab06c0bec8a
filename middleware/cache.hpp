#pragma once

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <kit/chain.hpp>
#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/decision.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <middleware/detail/placed.hpp>
#include <middleware/detail/recent_values.hpp>
#include <middleware/request_key.hpp>

namespace kit::middleware {

/// How long answers are good. Plain data; checked by `require_valid`.
struct cache_limits {
  duration ttl = std::chrono::seconds{10};
  /// How much longer they are given all the same, while a new one is fetched.
  duration stale_while_revalidate = duration::zero();
  /// How long fetching that may take. Positive.
  duration refresh_timeout = std::chrono::seconds{30};

  friend bool operator==(const cache_limits&, const cache_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const cache_limits& limits);

/// Settings of `cache`.
template <class Key = by_request>
struct cache_options {
  /// Can be turned at run time.
  setting<cache_limits> limits = cache_limits{};
  /// `std::optional<std::string>(const Req&)`, as in
  /// `cache(cache_options{.key = [](const item& i) { return std::optional(i.id); }})`: which
  /// requests have the same answer, nothing for those that have none to be kept; those of one
  /// identity only, in any case.
  Key key = {};
  /// How many answers are kept; those go first that nobody has asked for for the longest time. At
  /// least 1.
  std::size_t max_entries = 10'000;
};

/// Keeps answers for a while. Only successes are kept, without a business error. For endpoints that
/// only read. A response is copied for each call.
///
/// Of HTTP, kept are answers of status 200 to requests that `by_request` has a key for, unless
/// their content is a stream, or they have `Set-Cookie`, `Vary`, or `Cache-Control` with
/// `no-store`, `no-cache` or `private`. They aren't kept longer than `s-maxage`, `max-age` or
/// `Expires` says, less their `Age`, and not given afterwards where they say `must-revalidate`. A
/// kept one is given with its `Age`.
///
/// Within `stale_while_revalidate` an old answer is given at once, and one call fetches a new one
/// in the background, in a context with the caller's values but not his deadline; it's cancelled
/// when the last handle of the endpoint goes.
///
/// Each endpoint has its own. Put `coalesce` inside of it, and calls that find nothing at the same
/// time make one. Threads: any. Source: RFC 9111, for a shared cache;
/// RFC 5861 (stale-while-revalidate).
template <class Key = by_request>
class cache {
 public:
  static constexpr std::string_view layer_name = "cache";
  static constexpr bool decides = true;
  template <class Outer>
  static consteval void check_inside() {
    static_assert(kit::layer_name<Outer>() != "circuit_breaker",
                  "cache is inside circuit_breaker: what is kept could not be given while the "
                  "breaker is open; put cache before circuit_breaker");
  }

  /// Errors: throws `errc::invalid_argument` for an option out of range.
  explicit cache(cache_options<Key> options = {}) : options_(std::move(options)) {
    if (options_.max_entries == 0) {
      throw error(errc::invalid_argument, "cache_options::max_entries: at least 1");
    }
  }

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    static_assert(std::copy_constructible<Resp> && std::copy_constructible<Req>,
                  "cache: requests and responses are copied");
    static_assert(
        std::is_invocable_r_v<std::optional<std::string>, const Key&, const Req&>,
        "cache: the key is a function of const Req& that returns an optional std::string");
    return detail::around(with_values<Resp>(options_), std::move(next), name);
  }

 private:
  template <class Resp>
  struct with_values {
    explicit with_values(const cache_options<Key>& o)
        : limits(o.limits),
          key(o.key),
          values(std::make_shared<detail::recent_values<Resp>>(o.max_entries)) {}

    setting<cache_limits> limits;
    Key key;
    std::shared_ptr<detail::recent_values<Resp>> values;

    template <class Req, class>
    static asio::awaitable<result<Resp>> run(detail::place<with_values, Req, Resp> at, Req req) {
      const auto& self = at->layer;
      auto asked = detail::asked(
          [&]() -> std::optional<std::string> { return self.key(std::as_const(req)); });
      if (!asked) co_return fail(std::move(asked).error().with_refused());
      auto& own = *asked;
      if (!own) co_return co_await at->next.try_call(std::move(req));
      const auto ex = co_await asio::this_coro::executor;
      const auto ctx = context_of(ex);
      const std::string key = detail::key_for(ctx, *std::move(own));
      const auto limits = self.limits.get();
      const auto now = timer_wheel::of(ex).now();
      const auto may_give = [&](time_point stored, const detail::keeping_time& keep) {
        const auto over = now - stored - std::min(limits.ttl, keep.ttl);
        return over < (keep.stale ? limits.stale_while_revalidate : duration::zero());
      };
      if (auto found = self.values->find(key, may_give)) {
        const auto age = now - found->stored;
        const bool fresh = age < std::min(limits.ttl, found->keep.ttl);
        decide(ctx, at->name, fresh ? hit : stale, {age});
        if (!fresh) refresh(at, ex, ctx, key, std::move(req));
        if constexpr (detail::is_http<Resp>) detail::set_age(found->value, found->keep.age + age);
        co_return std::move(found->value);
      }
      auto r = co_await at->next.try_call(std::move(req));
      const auto then = timer_wheel::of(ex).now();
      if (const auto keep = r ? detail::may_keep(*r, then - now) : std::nullopt) {
        self.values->put(key, *r, then, *keep);
      }
      co_return r;
    }

    // With its entry goes what fetches its next value.
    template <class Req>
    static void refresh(const detail::place<with_values, Req, Resp>& at,
                        const asio::any_io_executor& ex, const context& ctx, const std::string& key,
                        Req req) {
      const auto& values = at->layer.values;
      auto stop = std::make_shared<cancel_source>(ctx.without_cancel());
      const auto inside = stop->context();
      const auto number = values->begin_refresh(key, std::move(stop));
      if (number == 0) return;
      const auto limit = at->layer.limits.get().refresh_timeout;
      auto fetching = fetch(at->next, {values, key, number}, std::move(req));
      asio::co_spawn(ex, with_context(inside, with_timeout(limit, std::move(fetching))),
                     [](const std::exception_ptr&) {});  // then the old one stays
    }
    template <class Req>
    static asio::awaitable<void> fetch(endpoint<Req, Resp> next,
                                       typename detail::recent_values<Resp>::refreshing mark,
                                       Req req) {
      const auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
      const auto began = wheel.now();
      auto r = co_await next.try_call(std::move(req));
      const auto now = wheel.now();
      const auto keep = r ? detail::may_keep(*r, now - began) : std::nullopt;
      if (keep) mark.put(*std::move(r), now, *keep);
    }
  };

  static constexpr decision_kind hit{
      .layer = "cache", .verb = "answered", .words = "what is {age_ms} ms old"};
  static constexpr decision_kind stale{
      .layer = "cache", .verb = "answered_stale", .words = "what is {age_ms} ms old"};

  cache_options<Key> options_;
};

}  // namespace kit::middleware
