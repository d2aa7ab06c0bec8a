#pragma once

#include <concepts>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/endpoint.hpp>
#include <kit/http/method.hpp>
#include <kit/this_context.hpp>
#include <transports/http/detail/typed_handler.hpp>
#include <transports/http/endpoint_options.hpp>
#include <transports/http/handler.hpp>

namespace kit::http::detail {

/// Turns what `f` returns, nothing, a value or a result, into a result.
template <class T, class F>
result<T> as_result(F&& f) {
  if constexpr (std::is_void_v<decltype(f())>) {
    f();
    return {};
  } else {
    return f();
  }
}

/// A request of a method and a URL, filled by an encoder.
template <class Req, class Encode>
struct encoding_maker {
  http::method method;
  std::string url;
  [[no_unique_address]] Encode encode;

  static constexpr bool in_context =
      std::is_invocable_v<const Encode&, const context&, Req&&, request&>;

  result<request> operator()(const context& ctx, Req&& value) const {
    request req;
    req.method = method;
    req.target = url;
    auto done = as_result<void>([&]() -> decltype(auto) {
      if constexpr (in_context) {
        return encode(ctx, std::move(value), req);
      } else {
        return encode(std::move(value), req);
      }
    });
    if (!done) return fail(std::move(done).error());
    return req;
  }
};

/// A request that is made whole.
template <class Req, class Make>
struct whole_maker {
  [[no_unique_address]] Make make;

  result<request> operator()(const context& ctx, Req&& value) const {
    if constexpr (std::is_invocable_v<const Make&, const context&, Req&&>) {
      return make(ctx, std::move(value));
    } else {
      return make(std::move(value));
    }
  }
};

template <class Resp, class D>
result<Resp> run_response_decoder(const D& decode, const context& ctx, response& r) {
  if constexpr (std::is_invocable_v<const D&, const context&, response&>) {
    return decode(ctx, r);
  } else {
    return decode(r);
  }
}

/// One typed call on its way. What of it doesn't depend on the endpoint's types.
///
/// Ends by `end`, or when destroyed: the finalizers run once in any case.
class remote_call {
 public:
  remote_call(std::shared_ptr<const endpoint_options> options, const asio::any_io_executor& ex);
  remote_call(const remote_call&) = delete;
  remote_call& operator=(const remote_call&) = delete;
  ~remote_call();

  /// That of the last hook.
  const kit::context& context() const noexcept { return context_; }

  /// Throw what a hook throws.
  void before(request& req);
  /// What `client` answers, in the call's context.
  asio::awaitable<result<response>> send(const handler& client, request req);
  void after(response& r);
  /// Closes streamed content that nobody shall read any more.
  void close_content() noexcept;
  void end(const kit::error* failure) noexcept;

 private:
  class content;

  const std::shared_ptr<const endpoint_options> options_;
  const asio::any_io_executor& executor_;
  const kit::context arrived_;
  kit::context context_;
  std::shared_ptr<cancel_source> source_;  // of the context in which it's sent
  std::shared_ptr<content> content_;
  call_end seen_;
  headers response_headers_;
  bool ended_ = false;
};

template <class Make, class Decode>
struct remote_parts {
  handler client;
  Make make;
  [[no_unique_address]] Decode decode;
};

template <class Req, class Resp, class Make, class Decode>
class remote_endpoint {
 public:
  remote_endpoint(remote_parts<Make, Decode> parts, endpoint_options options)
      : is_(std::move(parts)),
        options_(std::make_shared<const endpoint_options>(std::move(options))) {}

  asio::awaitable<result<Resp>> try_call(Req value) const {
    const auto ex = co_await asio::this_coro::executor;
    remote_call call(options_, ex);
    std::optional<result<Resp>> out;
    try {
      out.emplace(co_await run(call, std::move(value)));
    } catch (...) {
      out.emplace(fail(kit::detail::call_error(std::current_exception(), ex, true)));
    }
    call.close_content();
    call.end(*out ? nullptr : &out->error());
    co_return *std::move(out);
  }

 private:
  asio::awaitable<result<Resp>> run(remote_call& call, Req value) const {
    auto req = is_.make(call.context(), std::move(value));
    if (!req) co_return fail(std::move(req).error());
    call.before(*req);
    auto r = co_await call.send(is_.client, *std::move(req));
    if (!r) co_return fail(std::move(r).error());
    call.after(*r);
    if constexpr (buffering<Decode>) {
      if (r->body.is_stream()) co_await r->body.buffer(is_.decode.max_body_bytes());
    }
    co_return run_response_decoder<Resp>(is_.decode, call.context(), *r);
  }

  remote_parts<Make, Decode> is_;
  std::shared_ptr<const endpoint_options> options_;
};

}  // namespace kit::http::detail
