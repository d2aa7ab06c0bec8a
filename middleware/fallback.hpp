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

namespace detail {

template <class Answer, class Resp>
inline constexpr bool answers = std::convertible_to<Answer, result<Resp>>;
template <class Answer, class Resp>
inline constexpr bool answers<asio::awaitable<Answer>, Resp> =
    std::convertible_to<Answer, result<Resp>>;

}  // namespace detail

/// Gives another answer where a call fails: a default, an old value, a cheaper way.
///
///     fallback([](const kit::error&) { return prices{}; })
///     fallback([local](const kit::error&, request r) { return local(std::move(r)); })
///
/// The function takes the error, and the request too if it wants to (which is copied then), and
/// returns a response, a `result` or an awaitable of one of them. What it fails with is the call's
/// error. It's asked where the outcome is a failure by the classifier (with `http::by_status()`
/// also an answer of 5xx, whose error it gets), or was refused by a layer further in; the mistakes
/// of the caller stay his, and a call that is cancelled stays cancelled.
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
    static_assert(kit::layer_name<Outer>() != "cache",
                  "fallback is inside cache: its answer would be kept and given to others; put "
                  "fallback before cache");
    static_assert(kit::layer_name<Outer>() != "idempotency",
                  "fallback is inside idempotency: its answer would be kept as what was done; put "
                  "fallback before idempotency");
  }

  explicit fallback(F f, kit::classify classify = {})
      : function_(std::move(f)), classify_(std::move(classify)) {}

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    if constexpr (!std::invocable<const F&, const error&>) {
      static_assert(std::invocable<const F&, const error&, Req>,
                    "fallback: the function takes (const kit::error&), or (const kit::error&, "
                    "Req), and is called as a const one");
      static_assert(std::copy_constructible<Req>,
                    "fallback: the function gets a copy of the request");
    }
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
      co_return co_await ask<Resp>(self.function_, failure_of(outcome(r)));
    } else {
      auto r = co_await at->next.try_call(Req(req));
      if (!self.falls_back(outcome(r))) co_return r;
      decide(context_of(co_await asio::this_coro::executor), at->name, answered, {},
             kit::name(outcome(r).code()));
      co_return co_await ask<Resp>(self.function_, failure_of(outcome(r)), std::move(req));
    }
  }

  static error failure_of(const outcome& how) {
    return how.failure().value_or(error(errc::unknown));
  }

  template <class Resp, class... Args>
  static asio::awaitable<result<Resp>> ask(const F& f, error e, Args... args) {
    std::exception_ptr thrown;
    try {
      using answer = std::invoke_result_t<const F&, const error&, Args...>;
      static_assert(detail::answers<answer, Resp>,
                    "fallback: the function returns a response, a kit::result of one, or an "
                    "asio::awaitable of one of these");
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
