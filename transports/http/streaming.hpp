#pragma once

#include <utility>

#include <transports/http/handler.hpp>
#include <transports/http/handler_of.hpp>

namespace kit::http {

/// A handler that a router gives bodies to as they come.
struct streaming_handler {
  handler answer;
};

/// Marks a route whose handler reads its request's body piece by piece:
///
///     asio::awaitable<http::response> upload(http::request r) {
///       while (auto piece = co_await r.body.read()) store(*piece);
///       co_return http::response();
///     }
///     router.post("/upload", http::streaming(upload));
///
/// The handler then starts when the head is there, and `body::is_stream()` where the body isn't yet
/// (`body::read` reads either). So do the middlewares around it. The other routes get bytes; see
/// `server_options::stream_request_bodies`.
inline streaming_handler streaming(handler h) {
  return {std::move(h)};
}
/// The same of a typed endpoint: one that takes an `http::request`, or whose decoder keeps the body
/// for later.
template <class Req, class Resp>
streaming_handler streaming(endpoint<Req, Resp> ep, handler_options hooks = {}) {
  return {handler_of(std::move(ep), std::move(hooks))};
}

}  // namespace kit::http
