#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/endpoint.hpp>
#include <kit/http/method.hpp>
#include <transports/http/client_codec.hpp>
#include <transports/http/detail/remote_call.hpp>
#include <transports/http/endpoint_options.hpp>
#include <transports/http/handler.hpp>

namespace kit::http {

/// What writes a Req into a request, which has the endpoint's method and URL: callable as
/// `(Req, request&)` or `(const context&, Req, request&)`, for nothing or a `result<void>`. It may
/// change all of the request.
template <class E, class Req>
concept request_encoder_for = std::invocable<const E&, Req&&, request&> ||
                              std::invocable<const E&, const context&, Req&&, request&>;

/// What makes a whole request of a Req: callable as `(Req)` or `(const context&, Req)`, for a
/// `request` or a `result<request>`.
template <class C, class Req>
concept request_maker_for = std::is_invocable_r_v<result<request>, const C&, Req&&> ||
                            std::is_invocable_r_v<result<request>, const C&, const context&, Req&&>;

/// What makes a Resp of an answer of any status: callable as `(response&)` or
/// `(const context&, response&)`, for a Resp or a `result<Resp>`. It may take things out of it.
///
/// One with a member function `max_body_bytes()` gets streamed content as bytes, up to that many;
/// more is `resource_exhausted`. Others get it as it comes; after them a stream is closed, and
/// reading it fails, unless `keep_body_open` is set.
template <class D, class Resp>
concept response_decoder_for =
    std::is_invocable_r_v<result<Resp>, const D&, response&> ||
    std::is_invocable_r_v<result<Resp>, const D&, const context&, response&>;

/// The typed endpoint that calls a server.
///
///     kit::endpoint<sum_request, sum_response> sum =
///         http::endpoint_of<sum_request, sum_response>(client, method::post,
///                                                      "http://10.0.0.7:8080/sum");
///     auto get = http::endpoint_of<get_user, user>(client, method::get, base + "/users/{id}");
///
/// Each call makes a new request of the method and URL, so an encoder may change either. `client`
/// is any HTTP endpoint: an `http::client`, one behind middlewares, a mock. What it and the encoder
/// and decoder fail with is returned as it is.
///
/// Encoder and decoder are shared by overlapping calls. Source: Go kit's transport/http, NewClient.
template <class Req, class Resp, request_encoder_for<Req> Encode, response_decoder_for<Resp> Decode>
endpoint<Req, Resp> endpoint_of(handler client, method m, std::string url, Encode encode,
                                Decode decode, endpoint_options options = {}) {
  using maker = detail::encoding_maker<Req, Encode>;
  return detail::remote_endpoint<Req, Resp, maker, Decode>(
      {std::move(client), maker{m, std::move(url), std::move(encode)}, std::move(decode)},
      std::move(options));
}

/// The same with the usual encoder and decoder: JSON, see `json_request_encoder` and
/// `json_response_decoder`.
template <class Req, class Resp>
endpoint<Req, Resp> endpoint_of(handler client, method m, std::string url,
                                endpoint_options options = {}) {
  return endpoint_of<Req, Resp>(std::move(client), m, std::move(url), json_request_encoder<Req>(),
                                json_response_decoder<Resp>(), std::move(options));
}

/// The same with requests that `make` makes whole. Source: NewExplicitClient.
template <class Req, class Resp, request_maker_for<Req> Make, response_decoder_for<Resp> Decode>
endpoint<Req, Resp> endpoint_of(handler client, Make make, Decode decode,
                                endpoint_options options = {}) {
  using maker = detail::whole_maker<Req, Make>;
  return detail::remote_endpoint<Req, Resp, maker, Decode>(
      {std::move(client), maker{std::move(make)}, std::move(decode)}, std::move(options));
}

}  // namespace kit::http
