#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <kit/codec/json_reader.hpp>
#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/error_handler.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>

namespace kit::http {

/// A request and its answer when all is over: what finalizers see. Refers to what lives as long as
/// the finalizer's call.
struct exchange {
  const http::request& request;  ///< as the decoder left it
  /// The status answered. 499 when there was nobody left to answer: the call was abandoned.
  http::status status;
  /// As the handler answers them; the server adds `Date`, `Content-Length` and the like.
  const http::headers& response_headers;
  /// Of the content, in bytes: handed to the server, or pulled by it where the content is a stream.
  /// 0 where the protocol has none, as in an answer to HEAD.
  std::uint64_t response_bytes;
  /// What failed; null when nothing did. After a failure the status may still be that of a success:
  /// a stream broke off.
  const kit::error* failure;
};

/// Runs before decoding. May change the request; returns the context for what follows.
using before_hook = std::function<context(const context&, request&)>;
/// Runs after a successful endpoint and before encoding. May set fields and the status of the
/// answer, which the encoder can overrule; returns the context for what follows.
using after_hook = std::function<context(const context&, response&)>;
/// Makes the answer to a request that failed.
using error_encoder = std::function<response(const context&, const error&)>;
/// Runs when all is over. What it throws goes to the error handler.
using finalizer = std::function<void(const context&, const exchange&)>;

/// How a typed endpoint's request is read, and what happens around it besides decoding and
/// encoding. All hooks run in the order given, each with the context that the previous one
/// returned; so do the decoder, the endpoint (`co_await this_context()`), the encoder and what
/// follows.
///
///     before..., decode, endpoint, after..., encode, finalizers...
///
/// A failure of any of these, returned or thrown, goes to the error handler, then to the error
/// encoder, and past all but the finalizers. Finalizers run exactly once for each request, also
/// when it is cancelled or its connection lost; with the content where that is a stream, else right
/// before the server sends it.
///
/// Threads: calls overlap, so functions given here must bear that. They run in the coroutine of the
/// request and must not block.
/// Source: Go kit's package transport/http, ServerOption.
struct handler_options {
  std::vector<before_hook> before = {};
  std::vector<after_hook> after = {};
  /// Empty: the error is returned to the caller of the handler. A server answers it by
  /// `error_response`, and so do finalizers make the handler do, as they see the answer.
  http::error_encoder error_encoder = {};
  /// Empty: nobody watches.
  kit::error_handler error_handler = {};
  std::vector<finalizer> finalizers = {};

  /// How the library's own decoder reads content, see `json_decoder`: of a router's typed routes
  /// and services, and of `handler_of` without a decoder. One that is given to `handler_of` has
  /// options of its own, and these are not looked at.
  json::decode_options decode = {};
  /// Whether it refuses content that doesn't say to be JSON, by 415.
  bool check_type = false;

  /// Whether there is nothing to do around decoding and encoding: such a handler costs least.
  bool empty() const noexcept {
    return before.empty() && after.empty() && !error_encoder && !error_handler &&
           finalizers.empty();
  }
};

}  // namespace kit::http
