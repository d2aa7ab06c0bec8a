#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/this_coro.hpp>

#include <kit/chain.hpp>
#include <kit/clock.hpp>
#include <kit/decision.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/http/request.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <middleware/detail/http_sharing.hpp>
#include <middleware/detail/joined_calls.hpp>
#include <middleware/detail/placed.hpp>
#include <middleware/request_key.hpp>

namespace kit::middleware {

/// The key under which a caller repeats his request, and what tells it from another request with
/// the same key.
struct idempotency_key {
  std::string key;
  std::string fingerprint = {};
};

/// The default for `idempotency`: the key is the value of `idempotency-key` in the metadata, or of
/// an HTTP request its field of that name; the fingerprint is the request's JSON, or method, target
/// and content. Nothing where there is no key. Errors: throws `errc::failed_precondition` with a
/// key where the content is a stream that nobody has read before, `errc::invalid_argument` where
/// there is no JSON of it.
/// Source: draft-ietf-httpapi-idempotency-key-header-07.
struct by_idempotency_key {
  template <class Req>
  std::optional<idempotency_key> operator()(const context& ctx, const Req& r) const {
    if constexpr (std::is_same_v<Req, http::request>) {
      return of_http(ctx, r);
    } else {
      const auto key = ctx.metadata().get("idempotency-key");
      if (!key || key->empty()) return std::nullopt;
      return idempotency_key{std::string(*key), json::encode(r).value()};
    }
  }

 private:
  static std::optional<idempotency_key> of_http(const context& ctx, const http::request& r);
};

namespace detail {

/// Of 128 bits, that outsiders can't make equal.
call_print print_of(std::string_view fingerprint) noexcept;

/// Content that comes as a stream, where the request has a key.
/// Errors: `errc::invalid_argument` for more than so many bytes; what reading fails with.
asio::awaitable<result<void>> read_content(http::request& r, std::size_t max_bytes);

}  // namespace detail

/// Settings of `idempotency`.
template <class Key = by_idempotency_key>
struct idempotency_options {
  /// `std::optional<idempotency_key>(const context&, const Req&)`. What it throws refuses the call.
  Key key = {};
  /// How long answers are kept.
  duration keep = std::chrono::hours{24};
  /// How many; an answer takes its own memory besides. When they are too many, those go first that
  /// nobody has asked for for the longest time; a call that finds no room, as all are under way, is
  /// refused with `errc::unavailable`. At least 1.
  std::size_t max_keys = 100'000;
  /// How many bytes of content an HTTP request with a key may have where it isn't there as a whole
  /// yet: they are read first. With another `key` than the default, content isn't read.
  std::size_t max_content = 1024 * 1024;
};

/// A repeated request gets the first one's answer, and is not carried out again: for endpoints that
/// change something, whose callers try again when they got no answer. While the first is under way,
/// the others wait for it. It goes on when its caller is gone or his time is over: without a
/// deadline, in a context with his values, until it ends or its loop does.
///
/// Kept are answers, and errors that are final, be it what a handler throws. Carried out anew is
/// what was refused or canceled, or failed for a reason that may pass: `unavailable`,
/// `resource_exhausted`, `deadline_exceeded`, `aborted`, what has a hint when to come again, and of
/// HTTP status 408, 425, 429, 502, 503 and 504. An answer that is a stream gets who was the first;
/// the others fail with `errc::failed_precondition`, as it can't be kept and must not be made
/// again. Another request with the same key fails with `errc::invalid_argument`, `the idempotency
/// key was used for another request`. Keys are those of one identity. Requests without a key pass.
/// A response is copied for each call.
///
/// Each endpoint has its own, in memory: of this process, until it ends. Threads: any.
template <class Key = by_idempotency_key>
class idempotency {
 public:
  static constexpr std::string_view layer_name = "idempotency";
  static constexpr bool decides = true;

  /// Errors: throws `errc::invalid_argument` for an option out of range.
  explicit idempotency(idempotency_options<Key> options = {}) : options_(std::move(options)) {
    if (options_.max_keys == 0) {
      throw error(errc::invalid_argument, "idempotency_options::max_keys: at least 1");
    }
    if (options_.keep <= duration::zero()) {
      throw error(errc::invalid_argument, "idempotency_options::keep: positive");
    }
  }

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    static_assert(std::copy_constructible<Resp>, "idempotency: a response is copied for each call");
    static_assert(
        std::is_invocable_r_v<std::optional<idempotency_key>, const Key&, const context&,
                              const Req&>,
        "idempotency: the key is a function of (const kit::context&, const Req&) that returns an "
        "optional idempotency_key");
    return detail::around(
        with_calls<Resp>{options_.key, options_.keep, options_.max_content,
                         std::make_shared<detail::joined_calls<Resp>>(options_.max_keys)},
        std::move(next), name);
  }

 private:
  template <class Resp>
  struct with_calls {
    Key key_of;
    duration keep;
    std::size_t max_content;
    std::shared_ptr<detail::joined_calls<Resp>> calls;

    template <class Req, class>
    static asio::awaitable<result<Resp>> run(detail::place<with_calls, Req, Resp> at, Req req) {
      const auto& self = at->layer;
      const auto ctx = co_await this_context();
      if constexpr (std::is_same_v<Req, http::request> && std::is_same_v<Key, by_idempotency_key>) {
        if (req.body.is_stream()) {
          auto read = co_await detail::read_content(req, self.max_content);
          if (!read) co_return fail(std::move(read).error().with_refused());
        }
      }
      auto asked = detail::asked(
          [&]() -> std::optional<idempotency_key> { return self.key_of(ctx, std::as_const(req)); });
      if (!asked) co_return fail(std::move(asked).error().with_refused());
      auto& own = *asked;
      if (!own) co_return co_await at->next.try_call(std::move(req));
      std::string key = detail::key_for(ctx, std::move(own->key));
      const auto print = detail::print_of(own->fingerprint);
      co_return co_await join(at, std::move(key), print, std::move(req));
    }

    template <class Req>
    static asio::awaitable<result<Resp>> join(detail::place<with_calls, Req, Resp> at,
                                              std::string key, detail::call_print print, Req req) {
      const auto& self = at->layer;
      const auto ex = co_await asio::this_coro::executor;
      const auto ctx = context_of(ex);
      for (;;) {
        auto joined = self.calls->join(key, print, timer_wheel::of(ex).now());
        if (!joined) {
          decide(ctx, at->name, no_room, {});
          co_return fail(
              error(errc::unavailable, "too many calls with idempotency keys").with_refused());
        }
        if (joined->leads) {
          asio::co_spawn(bind_context(ex, ctx.without_cancel()),
                         carry_out(at, {self.calls, key, joined->call}, std::move(req)),
                         [](const std::exception_ptr&) {});  // `leading` has told who waits
          auto answer = co_await detail::joined_call<Resp>::answer(joined->call, ctx, true);
          if (answer) co_return *std::move(answer);
          co_return fail(errc::canceled);
        }
        if (joined->call->print() != print) {
          decide(ctx, at->name, mismatch, {});
          co_return fail(
              error(errc::invalid_argument, "the idempotency key was used for another request")
                  .with_refused());
        }
        decide(ctx, at->name, repeated, {});
        if (auto answer = co_await detail::joined_call<Resp>::answer(joined->call, ctx)) {
          co_return *std::move(answer);
        }
      }
    }

    // For whoever has the first request, and those who repeat it.
    template <class Req>
    static asio::awaitable<void> carry_out(detail::place<with_calls, Req, Resp> at,
                                           detail::leading<Resp> lead, Req req) {
      auto r = co_await at->next.try_call(std::move(req));
      if (!detail::is_final(r)) co_return lead.give({.first = std::move(r)});
      const auto now = timer_wheel::of(co_await asio::this_coro::executor).now();
      lead.keep(kept(std::move(r)), saturating_add(now, at->layer.keep));
    }

    static typename detail::joined_call<Resp>::answers kept(result<Resp> r) {
      if constexpr (detail::is_http<Resp>) {
        if (r && r->body.is_stream()) {
          return {.first = std::move(r),
                  .others = fail(errc::failed_precondition,
                                 "carried out before; its answer was a stream, which isn't kept")};
        }
      }
      return {.others = std::move(r)};
    }
  };

  static constexpr decision_kind repeated{
      .layer = "idempotency", .verb = "repeated", .words = "gets the first one's answer"};
  static constexpr decision_kind mismatch{
      .layer = "idempotency", .verb = "refused", .words = "another request has the key"};
  static constexpr decision_kind no_room{
      .layer = "idempotency", .verb = "refused_full", .words = "all keys are of calls under way"};

  idempotency_options<Key> options_;
};

}  // namespace kit::middleware
