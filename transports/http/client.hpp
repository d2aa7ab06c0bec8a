#pragma once

#include <memory>

#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <transports/http/call_failure.hpp>
#include <transports/http/client_options.hpp>
#include <transports/http/handler.hpp>

namespace kit::http {

/// An HTTP client, HTTP/1.1 and HTTP/2: an `endpoint<request, response>`, so whatever fits around a
/// handler fits around it. The request's target is an absolute URL.
///
///     kit::http::client client;
///     auto r = co_await client({.target = "https://example.org/"});
///     kit::http::handler upstream = limit(kit::http::handler(client));
///
/// Sends the request's fields, and of its own only `Host`, what frames the content, and
/// `Accept-Encoding` where it may unpack. Any status is an answer. Connections stay open for the
/// next call; one that the server closed just when a call was sent on it is replaced, and the call
/// sent again, if nothing of an answer came and the method is idempotent (RFC 9110 9.2.2) or the
/// request has an `Idempotency-Key`.
///
/// A small handle; copies share the connections. Streamed content of the request is read in a
/// coroutine of its own in the caller's context.
///
/// Errors:       `call_failure` says in which stage it failed. `deadline_exceeded` when `timeout`
///               or the context's deadline is over, `canceled` when the call is cancelled: the
///               transfer is aborted then.
/// Cancellation: all types.
/// Lifetime:     idle connections don't keep a loop running; they are closed with the last copy, or
///               with their loop.
/// Threads:      any. Each loop has its own connections: calls stay on the loop that they come
///               from, but for the look-up of names, which libcurl does on threads of its own.
///               Mutexes are waited for only where several threads use the client. The first client
///               of a process calls `curl_global_init`.
/// Source:       libcurl's multi interface; Go's http.Client.
class client {
 public:
  /// Errors: throws `errc::invalid_argument` for options out of range.
  explicit client(client_options options = {});

  /// Calls, and has the whole content. Throws on failure.
  asio::awaitable<response> operator()(request req) const;
  /// The same, returning the failure.
  asio::awaitable<result<response>> try_call(request req) const;

  /// The endpoint whose answers come when their head is here, with the content as a stream: reading
  /// it pulls, and a slow reader holds up the server (with HTTP/2 only when the stream's window is
  /// full: libcurl 7.88 opens it to 32 MiB, and keeps in memory what comes). Destroying the
  /// response aborts the transfer. The deadline and the cancellation that count are those of the
  /// call until the head is here, then those of each read.
  handler streaming() const;

 private:
  class impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace kit::http
