#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/endpoint.hpp>
#include <kit/this_context.hpp>
#include <transports/http/detail/hooked_call.hpp>
#include <transports/http/handler_options.hpp>

namespace kit::http::detail {

template <class D>
inline constexpr bool decodes_in_context = std::is_invocable_v<const D&, const context&, request&>;
template <class E, class Resp>
inline constexpr bool encodes_in_context =
    std::is_invocable_v<const E&, const context&, Resp&&, response&>;
/// A decoder that needs the whole content, and says how much of it there may be.
template <class D>
concept buffering = requires(const D& d) {
  { d.max_body_bytes() } -> std::convertible_to<std::size_t>;
};

/// Makes bytes of a streamed content; a longer one is answered by 413.
asio::awaitable<result<void>> buffer_body(request& req, std::size_t max_bytes);

template <class Req, class D>
result<Req> run_decoder(const D& decode, const context& ctx, request& req) {
  if constexpr (decodes_in_context<D>) {
    return decode(ctx, req);
  } else {
    return decode(req);
  }
}

template <class Resp, class E>
result<void> run_encoder(const E& encode, const context& ctx, Resp&& resp, response& r) {
  const auto run = [&]() -> decltype(auto) {
    if constexpr (encodes_in_context<E, Resp>) {
      return encode(ctx, std::forward<Resp>(resp), r);
    } else {
      return encode(std::forward<Resp>(resp), r);
    }
  };
  if constexpr (std::is_void_v<decltype(run())>) {
    run();
    return {};
  } else {
    return run();
  }
}

/// What a typed endpoint's handler is made of.
template <class Req, class Resp, class Decode, class Encode>
struct typed_parts {
  endpoint<Req, Resp> next;
  [[no_unique_address]] Decode decode;
  [[no_unique_address]] Encode encode;
};

/// A typed endpoint without hooks: one coroutine frame. As for each handler, the caller keeps it.
template <class Req, class Resp, class Decode, class Encode>
class plain_handler {
 public:
  explicit plain_handler(typed_parts<Req, Resp, Decode, Encode> parts) : is_(std::move(parts)) {}

  asio::awaitable<result<response>> try_call(request req) const {
    std::exception_ptr thrown;
    try {
      context ctx;
      if constexpr (decodes_in_context<Decode> || encodes_in_context<Encode, Resp>) {
        ctx = context_of(co_await asio::this_coro::executor);
      }
      if constexpr (buffering<Decode>) {
        if (req.body.is_stream()) {
          auto all = co_await buffer_body(req, is_.decode.max_body_bytes());
          if (!all) co_return fail(std::move(all).error());
        }
      }
      auto in = run_decoder<Req>(is_.decode, ctx, req);
      if (!in) co_return fail(std::move(in).error());
      std::optional<result<Resp>> out;
      if (is_.next.bare()) {
        out.emplace(co_await is_.next(*std::move(in)));
      } else {
        out.emplace(co_await is_.next.try_call(*std::move(in)));
      }
      if (!*out) co_return fail(std::move(*out).error());
      response r;
      auto encoded = run_encoder(is_.encode, ctx, **std::move(out), r);
      if (!encoded) co_return fail(std::move(encoded).error());
      co_return r;
    } catch (...) {
      thrown = std::current_exception();
    }
    const auto ex = co_await asio::this_coro::executor;
    co_return fail(kit::detail::call_error(std::move(thrown), ex, true));
  }

 private:
  typed_parts<Req, Resp, Decode, Encode> is_;
};

/// The same with hooks.
template <class Req, class Resp, class Decode, class Encode>
class hooked_handler {
 public:
  hooked_handler(typed_parts<Req, Resp, Decode, Encode> parts, handler_options options)
      : is_(std::move(parts)),
        options_(std::make_shared<const handler_options>(std::move(options))) {}

  asio::awaitable<result<response>> try_call(request req) const {
    const auto ex = co_await asio::this_coro::executor;
    hooked_call call(options_, context_of(ex), std::move(req));
    std::optional<error> failure;
    try {
      auto r = co_await answer(call);
      if (r) co_return call.succeed(*std::move(r));
      failure = std::move(r).error();
    } catch (...) {
      failure = to_error(std::current_exception());
    }
    co_return call.fail(*std::move(failure));
  }

 private:
  asio::awaitable<result<response>> answer(hooked_call& call) const {
    const context arrived = call.context();
    call.before();
    if constexpr (buffering<Decode>) {
      if (call.request().body.is_stream()) {
        auto all = co_await buffer_body(call.request(), is_.decode.max_body_bytes());
        if (!all) co_return fail(std::move(all).error());
      }
    }
    auto in = run_decoder<Req>(is_.decode, call.context(), call.request());
    if (!in) co_return fail(std::move(in).error());
    auto awaitable = is_.next.try_call(*std::move(in));
    if (call.context() != arrived) {
      awaitable = with_context(call.context(), std::move(awaitable));
    }
    auto out = co_await std::move(awaitable);
    if (!out) co_return fail(std::move(out).error());
    response r;
    call.after(r);
    auto encoded = run_encoder(is_.encode, call.context(), *std::move(out), r);
    if (!encoded) co_return fail(std::move(encoded).error());
    co_return r;
  }

  typed_parts<Req, Resp, Decode, Encode> is_;
  std::shared_ptr<const handler_options> options_;
};

}  // namespace kit::http::detail
