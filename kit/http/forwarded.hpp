#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/http/headers.hpp>
#include <kit/ip_networks.hpp>

/// What proxies say of the client on whose behalf they ask: `Forwarded` (RFC 7239), and the older
/// `X-Forwarded-For`, `-Proto` and `-Host`.
namespace kit::http {

/// What one proxy added to `Forwarded`. Members that are empty were not given.
struct forwarded_hop {
  /// `for`: who asked the proxy: `203.0.113.9`, `[2001:db8::1]:4711`, `unknown` or `_name`.
  std::string client;
  std::string by;    ///< the proxy itself, in the same forms
  std::string host;  ///< the `Host` that it was asked for
  std::string proto;

  friend bool operator==(const forwarded_hop&, const forwarded_hop&) = default;
};

/// Parses a `Forwarded` value. Unknown parameters are dropped. White space around `;` is let
/// through, as some proxies write it. Nothing when the text is malformed: also by an address, a
/// host or a scheme that is none, and by a parameter that is given twice.
std::optional<std::vector<forwarded_hop>> parse_forwarded(std::string_view value);
/// Writes one; `parse_forwarded` reads it back. Members that need it are put in quotes.
std::string format_forwarded(const forwarded_hop& hop);

/// Whom to believe, and what. Name only fields that each of the trusted proxies sets itself or
/// takes away: others it hands on as clients sent them.
struct forwarding_options {
  /// The proxies that are believed. Empty: nobody is.
  ip_networks trusted = {};
  /// Believes peers on Unix sockets (`unix:...`), too: where only a proxy may connect to them.
  bool trust_unix_peers = false;
  bool x_forwarded_for = true;    ///< `X-Forwarded-For`. Without it the peer counts as the client.
  bool x_forwarded_proto = true;  ///< `X-Forwarded-Proto`
  /// `X-Forwarded-Host`. Many load balancers don't set it.
  bool x_forwarded_host = false;
  /// `Forwarded`. The three above are not looked at then.
  bool forwarded = false;

  /// Whether the peer at a connection's other end is believed.
  bool trusts(std::string_view peer) const noexcept {
    return trusted.contains(peer) || (trust_unix_peers && peer.starts_with("unix:"));
  }
};

/// Who asked, as far as trusted proxies vouch for it.
struct client_origin {
  enum class basis : std::uint8_t {
    peer,       ///< the peer is not trusted, or says nothing of its client
    forwarded,  ///< trusted proxies said so
    malformed,  ///< a trusted proxy said what cannot be read: nothing of it is believed
  };
  /// With a port where that is known: `203.0.113.9:4711`. The peer's own unless forwarded.
  std::string address;
  std::string scheme = {};  ///< `http` or `https`; empty: nobody trusted said
  std::string host =
      {};  ///< `example.com:8080`; empty: nobody trusted said; else `Host` may differ
  basis from = basis::peer;

  friend bool operator==(const client_origin&, const client_origin&) = default;
};

/// Goes back from the peer at the connection's other end, `10.0.0.7:50412` or `unix:`, through the
/// proxies that added to the fields, the last one first, to the first address that is not trusted;
/// or to the outermost when all are. What stands before it may be made up, and is not even parsed.
///
/// Scheme and host are what the outermost trusted proxy was asked for. Where `X-Forwarded-Proto` or
/// `-Host` has not as many members as `X-Forwarded-For`, or that isn't believed, its last one
/// counts: the nearest proxy's.
/// A proxy that hides its client (`for=unknown`) ends the way, and its own address is the result.
client_origin find_client(std::string_view peer, const headers& fields,
                          const forwarding_options& options);

}  // namespace kit::http
