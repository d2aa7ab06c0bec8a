#pragma once

#include <cstddef>
#include <string>

#include <transports/http/handler.hpp>

namespace kit::http {

/// Settings of a `reverse_proxy`.
struct reverse_proxy_options {
  /// Sends the host of the base URL instead of the one the request was for.
  bool rewrite_host = false;
  /// Adds the peer's address to `X-Forwarded-For`, and sets `X-Forwarded-Proto` and
  /// `X-Forwarded-Host` where the request has none.
  bool add_forwarded = true;
  /// Drops what the request says of that itself, and its `Forwarded`: for a proxy that is the first
  /// one, as clients may write there what they like.
  bool drop_forwarded = false;
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
/// before the request's. `Host` stays what it was. Fields that belong to one connection are taken
/// out in both directions (RFC 9110 7.6.1), `Upgrade` too; none is added but as the options say.
/// Content goes on as it comes, both ways, where the server streams requests and `client` answers.
///
/// Errors:   of an origin that cannot be reached, or breaks off before its answer: 502 without
///           content, and 504 when time is over; both as errors, which hooks, breakers and logs
///           see. `errc::invalid_argument` when it is made, for a base URL that is none.
/// Lifetime: hold the handler until its awaitable has completed.
/// For hooks put it into `handler_of`:
///
///     http::handler_of(http::reverse_proxy(client, url), {.before = {add_credentials}})
///
/// Source: Go kit's transport/httprp; Go's httputil.ReverseProxy; RFC 9110 7.6.
handler reverse_proxy(handler client, std::string base_url, reverse_proxy_options options = {});

}  // namespace kit::http
