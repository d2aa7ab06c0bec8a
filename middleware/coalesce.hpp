#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/chain.hpp>
#include <kit/decision.hpp>
#include <kit/endpoint.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>
#include <middleware/detail/http_sharing.hpp>
#include <middleware/detail/joined_calls.hpp>
#include <middleware/detail/placed.hpp>
#include <middleware/request_key.hpp>

namespace kit::middleware {

/// Settings of `coalesce`.
template <class Key = by_request>
struct coalesce_options {
  /// `std::optional<std::string>(const Req&)`: which requests are the same; those of one identity
  /// only, in any case.
  Key key = {};
  /// How many calls are shared at a time; further ones are made by themselves. At least 1.
  std::size_t max_calls = 10'000;
};

/// Identical calls at the same time share one: the first one makes it, and all get its answer, or
/// its error. When the one that makes it is cancelled, the next one does. For endpoints that only
/// read. A response is copied for each. One that makes the same call inside of itself waits for
/// itself.
///
/// Of HTTP, calls for `by_request` aren't the same that are conditional or carry credentials, and
/// an answer isn't shared that is a stream, or has `Set-Cookie`, `Vary`, or `Cache-Control` with
/// `no-store`, `no-cache` or `private`: then the others make the call, each for himself.
///
/// Each endpoint has its own. Threads: any. Source: Go's golang.org/x/sync/singleflight.
template <class Key = by_request>
class coalesce {
 public:
  static constexpr std::string_view layer_name = "coalesce";
  static constexpr bool decides = true;

  /// Errors: throws `errc::invalid_argument` for an option out of range.
  explicit coalesce(coalesce_options<Key> options = {}) : options_(std::move(options)) {
    if (options_.max_calls == 0) {
      throw error(errc::invalid_argument, "coalesce_options::max_calls: at least 1");
    }
  }

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    static_assert(std::copy_constructible<Resp>, "coalesce: a response is copied for each call");
    static_assert(
        std::is_invocable_r_v<std::optional<std::string>, const Key&, const Req&>,
        "coalesce: the key is a function of const Req& that returns an optional std::string");
    return detail::around(
        with_calls<Resp>{options_.key,
                         std::make_shared<detail::joined_calls<Resp>>(options_.max_calls)},
        std::move(next), name);
  }

 private:
  template <class Resp>
  struct with_calls {
    Key key;
    std::shared_ptr<detail::joined_calls<Resp>> calls;

    template <class Req, class>
    static asio::awaitable<result<Resp>> run(detail::place<with_calls, Req, Resp> at, Req req) {
      const auto& self = at->layer;
      auto asked = detail::asked(
          [&]() -> std::optional<std::string> { return self.key(std::as_const(req)); });
      if (!asked) co_return fail(std::move(asked).error().with_refused());
      auto& own = *asked;
      if (!own) co_return co_await at->next.try_call(std::move(req));
      const auto ctx = context_of(co_await asio::this_coro::executor);
      const std::string key = detail::key_for(ctx, *std::move(own));
      for (;;) {
        const auto joined = self.calls->join(key, {}, time_point::min());
        if (!joined) break;
        if (joined->leads) {
          detail::leading<Resp> lead(self.calls, key, joined->call);
          auto r = co_await at->next.try_call(std::move(req));
          // What it was cancelled for needn't concern the others.
          if (!ctx.cancelled() && (r || r.error() != errc::canceled)) {
            const bool apart = r && !detail::may_share(*r);
            lead.give({.others = apart ? std::nullopt : std::optional(r), .apart = apart});
          }
          co_return r;
        }
        decide(ctx, at->name, shared, {});
        if (auto answer = co_await detail::joined_call<Resp>::answer(joined->call, ctx)) {
          co_return *std::move(answer);
        }
        if (joined->call->apart()) break;
      }
      co_return co_await at->next.try_call(std::move(req));
    }
  };
  static constexpr decision_kind shared{
      .layer = "coalesce", .verb = "shared", .words = "waits for the same call of another one"};

  coalesce_options<Key> options_;
};

}  // namespace kit::middleware
