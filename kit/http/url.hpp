#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kit/result.hpp>

namespace kit::http {

/// An absolute URL with an authority: `scheme://[userinfo@]host[:port][/path][?query][#fragment]`
/// (RFC 3986). Path, query, fragment and user information stay percent-encoded.
struct url {
  std::string scheme;    ///< lower case
  std::string userinfo;  ///< before the `@`; empty: none
  std::string host;      ///< lower case; an IPv6 address without its brackets; never empty
  std::optional<std::uint16_t> port;
  std::string path = "/";  ///< starts with `/`
  std::optional<std::string> query;
  std::optional<std::string> fragment;

  /// Errors: `errc::invalid_argument`, naming what is wrong and the byte offset. The URL's text is
  /// not repeated, as it may hold a password.
  static result<url> parse(std::string_view text);

  bool is_ipv6() const noexcept { return host.find(':') != host.npos; }
  /// `port`, else the scheme's: 80 for http and ws, 443 for https and wss; 0 for another scheme.
  std::uint16_t effective_port() const noexcept;
  /// For `Host`: brackets around IPv6, and the port unless it is the scheme's.
  std::string authority() const;
  /// For a request line: path and query.
  std::string target() const;
  /// The whole URL again.
  std::string str() const;

  friend bool operator==(const url&, const url&) = default;
};

/// Whether that is an absolute URL of http or https: what requests can be sent to.
bool is_http_url(std::string_view text);

}  // namespace kit::http
