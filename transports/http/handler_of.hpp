#pragma once

#include <concepts>
#include <utility>

#include <kit/endpoint.hpp>
#include <transports/http/detail/typed_handler.hpp>
#include <transports/http/handler.hpp>
#include <transports/http/handler_options.hpp>
#include <transports/http/json_codec.hpp>

namespace kit::http {

/// What makes a Req of a request: callable as `(request&)` or `(const context&, request&)`, for a
/// Req or a `result<Req>`. It may take things out of the request, e.g. the content.
///
/// One with a member function `max_body_bytes()` gets streamed content as bytes, up to that many;
/// more is answered by 413. Others get it as it comes.
template <class D, class Req>
concept decoder_for = std::is_invocable_r_v<result<Req>, const D&, request&> ||
                      std::is_invocable_r_v<result<Req>, const D&, const context&, request&>;

/// What writes a Resp into an answer, which has status 200 and what the after hooks set: callable
/// as `(Resp, response&)` or `(const context&, Resp, response&)`, for nothing or a `result<void>`.
/// When it fails, what it has written so far is thrown away, the fields of the hooks, too.
template <class E, class Resp>
concept encoder_for = std::invocable<const E&, Resp&&, response&> ||
                      std::invocable<const E&, const context&, Resp&&, response&>;

/// The handler that serves a typed endpoint.
///
///     auto sum = http::handler_of(add.sum, decode_sum, http::json_encoder<sum_response>{},
///                                 {.before = {http::populate_request_context}});
///
/// A failure of the decoder, the endpoint or the encoder is the handler's error, which servers
/// answer by `error_response`; see `handler_options` for what may be done with it before. Without
/// options a call costs one coroutine frame above the endpoint's.
///
/// An empty endpoint makes an empty handler. Decoder and encoder are shared by overlapping calls.
///
/// Lifetime: hold the handler until its awaitable has completed.
/// Source: Go kit's transport/http, NewServer.
template <class Req, class Resp, decoder_for<Req> Decode, encoder_for<Resp> Encode>
handler handler_of(endpoint<Req, Resp> ep, Decode decode, Encode encode,
                   handler_options options = {}) {
  if (!ep) return {};
  using parts = detail::typed_parts<Req, Resp, Decode, Encode>;
  parts is{std::move(ep), std::move(decode), std::move(encode)};
  if (options.empty()) return detail::plain_handler<Req, Resp, Decode, Encode>(std::move(is));
  return detail::hooked_handler<Req, Resp, Decode, Encode>(std::move(is), std::move(options));
}

namespace detail {

template <class Req>
json_decoder<Req> decoder_of(const handler_options& o) {
  if constexpr (std::same_as<Req, request>) {
    return {};
  } else {
    return {.options = o.decode, .check_type = o.check_type};
  }
}

}  // namespace detail

/// The same with the usual decoder and encoder: JSON, see `json_decoder`, which gets its options
/// from `decode` and `check_type`, and `json_encoder`.
template <class Req, class Resp>
handler handler_of(endpoint<Req, Resp> ep, handler_options options = {}) {
  auto decode = detail::decoder_of<Req>(options);
  return handler_of(std::move(ep), std::move(decode), json_encoder<Resp>(), std::move(options));
}

}  // namespace kit::http
