#pragma once

#include <cstddef>
#include <string>

#include <transports/http/handler.hpp>

namespace kit::http {

/// Settings of a `reverse_proxy`.
struct reverse_proxy_options {
  /// Sends the host of the base URL instead of the one the request was for.
  bool rewrite_host = false;
  /// Says who asked: adds the peer's address to `X-Forwarded-For`, and sets `X-Forwarded-Proto` and
  /// `X-Forwarded-Host` where the request has none.
  bool add_forwarded = true;
  /// Sends on what the request says of that itself, whoever sent it. Without it only what comes
  /// from proxies that the server trusts (`server_options::forwarding`), as clients may write there
  /// what they like: else `Forwarded`, all `X-Forwarded-*` and `X-Real-IP` are dropped first.
  bool keep_forwarded = false;
  /// How often a request is sent again that cannot have had an effect: the origin was not reached,
  /// or the method is idempotent and no answer came. Only with content that is bytes. 0: never.
  std::size_t retries = 1;
};

/// The handler that sends each request on to an origin, and gives its answer.
///
///     const kit::http::client client({.decompress = false});
///     router.mount("/api", http::streaming(http::reverse_proxy(client.streaming(),
///                                                              "http://10.0.0.7:8080/v1")));
///
/// The target is the base URL's path and the request's joined by one slash, with the base's query
/// before the request's. A path with `.` or `..` between its slashes, in percent-encoding too, is
/// answered 400: what it means to the origin need not be below the base. `Host` stays what it was.
/// Fields that belong to one connection are taken out in both directions (RFC 9110 7.6.1),
/// `Upgrade` too; none is added but as the options say. Content goes on as it comes, both ways,
/// where the server streams requests and `client` answers.
///
/// Event streams go on as long as both sides want; an origin that is silent between events for
/// longer than the client's `read_timeout` is taken for dead.
///
/// Errors:   of an origin that cannot be reached, or breaks off before its answer: 502 without
///           content, 503 when too many calls wait for it, and 504 when time is over; all as
///           errors, which hooks, breakers and logs see. A client's own failure to send its
///           content stays what it is. `errc::invalid_argument` when it is made, for a base URL
///           that is none.
/// Lifetime: hold the handler until its awaitable has completed.
/// For hooks put it into `handler_of`:
///
///     http::handler_of(http::reverse_proxy(client.streaming(), url), {.before =
///     {add_credentials}})
///
/// Source: Go kit's transport/httprp; Go's httputil.ReverseProxy; RFC 9110 7.6.
handler reverse_proxy(handler client, std::string base_url, reverse_proxy_options options = {});

}  // namespace kit::http
