#pragma once

#include <concepts>
#include <exception>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/chain.hpp>
#include <kit/classify.hpp>
#include <kit/decision.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>
#include <middleware/detail/placed.hpp>

namespace kit::middleware {

/// Gives another answer where a call fails: a default, an old value, a cheaper way.
///
///     fallback([](const kit::error&) { return prices{}; })
///     fallback([local](const kit::error&, request r) { return local(std::move(r)); })
///
/// The function takes the error, and the request too if it wants to (which is copied then), and
/// returns a response, a `result` or an awaitable of one of them. What it fails with is the call's
/// error. It's asked where the outcome is a failure by the classifier, or was refused by a layer
/// further in; the mistakes of the caller stay his, and a call that is cancelled stays cancelled.
///
/// Put it outside of the layers whose refusals it shall answer. Threads: those of the function.
template <class F>
class fallback {
 public:
  static constexpr std::string_view layer_name = "fallback";
  static constexpr bool decides = true;
  template <class Outer>
  static consteval void check_inside() {
    static_assert(kit::layer_name<Outer>() != "retry",
                  "fallback is inside retry: a failed attempt would be answered instead of tried "
                  "again; put fallback before retry");
    static_assert(kit::layer_name<Outer>() != "circuit_breaker",
                  "fallback is inside circuit_breaker: the breaker would see no failure; put "
                  "fallback before circuit_breaker");
    static_assert(kit::layer_name<Outer>() != "hedge",
                  "fallback is inside hedge: its answer would win against a better one; put "
                  "fallback before hedge");
  }

  explicit fallback(F f, kit::classify classify = {})
      : function_(std::move(f)), classify_(std::move(classify)) {}

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    static_assert(std::invocable<const F&, const error&> || std::copy_constructible<Req>,
                  "fallback: the function gets a copy of the request");
    return detail::around(*this, std::move(next), name);
  }

 private:
  template <class Layer, class Req, class Resp>
  friend class detail::layered;

  static constexpr decision_kind answered{
      .layer = "fallback", .verb = "answered", .words = "instead of a failure"};

  bool falls_back(const outcome& how) const {
    if (how.code() == errc::canceled) return false;
    return classify_(how).failure || (how.error() && how.error()->refused());
  }

  template <class Req, class Resp>
  static asio::awaitable<result<Resp>> run(detail::place<fallback, Req, Resp> at, Req req) {
    const auto& self = at->layer;
    if constexpr (std::invocable<const F&, const error&>) {
      auto r = co_await at->next.try_call(std::move(req));
      if (!self.falls_back(outcome(r))) co_return r;
      decide(context_of(co_await asio::this_coro::executor), at->name, answered, {},
             kit::name(outcome(r).code()));
      co_return co_await ask<Resp>(self.function_, failure_of(r));
    } else {
      auto r = co_await at->next.try_call(Req(req));
      if (!self.falls_back(outcome(r))) co_return r;
      decide(context_of(co_await asio::this_coro::executor), at->name, answered, {},
             kit::name(outcome(r).code()));
      co_return co_await ask<Resp>(self.function_, failure_of(r), std::move(req));
    }
  }

  template <class Resp>
  static error failure_of(const result<Resp>& r) {
    if (!r) return r.error();
    return failed(*r).value_or(error(errc::unknown));
  }

  template <class Resp, class... Args>
  static asio::awaitable<result<Resp>> ask(const F& f, error e, Args... args) {
    std::exception_ptr thrown;
    try {
      using answer = std::invoke_result_t<const F&, const error&, Args...>;
      if constexpr (std::convertible_to<answer, result<Resp>>) {
        co_return f(e, std::move(args)...);
      } else {
        co_return co_await f(e, std::move(args)...);
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    co_return fail(
        kit::detail::call_error(thrown, co_await asio::this_coro::executor, /*handler=*/true));
  }

  F function_;
  kit::classify classify_;
};

}  // namespace kit::middleware
