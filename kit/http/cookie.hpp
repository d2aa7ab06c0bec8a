#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kit/http/headers.hpp>

/// Cookies (RFC 6265, and what its successor draft rfc6265bis says browsers do).
namespace kit::http {

/// A cookie of a request. Views into the header fields.
struct cookie {
  std::string_view name;   ///< never empty
  std::string_view value;  ///< as it was sent: nothing is decoded, quotes are a part of it
  friend bool operator==(const cookie&, const cookie&) = default;
};

/// The cookies of a request in their order, those of several `Cookie` lines one after another.
/// Pairs without `=` or without a name are left out. Browsers send the one of the longest path
/// first, so of equal names the first counts.
/// Lifetime: as long as `fields` is neither changed nor moved.
std::vector<cookie> cookies(const headers& fields);
/// The value of the first cookie of that name, which is case-sensitive. Allocates nothing.
std::optional<std::string_view> find_cookie(const headers& fields, std::string_view name) noexcept;

/// `SameSite`: with which requests from other sites a browser sends the cookie.
enum class same_site : std::uint8_t {
  unset,   ///< the browser's choice, mostly as `lax`
  lax,     ///< with navigation to the site only
  strict,  ///< with none
  none,    ///< with all; needs `secure`
};

/// A cookie that a server wants a client to keep: the value of a `Set-Cookie` field.
struct set_cookie {
  std::string name;         ///< a token
  std::string value = {};   ///< visible ASCII but `"`, `,`, `;` and `\`, or that between quotes
  std::string domain = {};  ///< also sent to its subdomains; empty: only to this host
  std::string path = {};    ///< also sent to paths below it; empty: the directory of the request
  /// Without it and `max_age` the cookie goes with the browser's session. 1601 or later.
  std::optional<std::chrono::sys_seconds> expires = {};
  /// Goes before `expires`; zero or less: the client drops the cookie at once. Browsers keep none
  /// longer than 400 days.
  std::optional<std::chrono::seconds> max_age = {};
  bool secure = false;       ///< https only
  bool http_only = false;    ///< hidden from scripts
  bool partitioned = false;  ///< kept apart for each top-level site; needs `secure`
  http::same_site same_site = same_site::unset;

  /// The field's value: `id=7; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax`.
  /// Errors: throws `errc::invalid_argument`, naming what is wrong: a character that the attribute
  ///         cannot hold, more than 4096 bytes of name and value or 1024 of domain or path (such
  ///         are dropped by browsers), or what a prefix of the name (`__Secure-`, `__Host-`,
  ///         `__Http-`, `__Host-Http-`), `same_site::none` or `partitioned` asks for and is
  ///         missing.
  std::string str() const;

  friend bool operator==(const set_cookie&, const set_cookie&) = default;
};

/// The cookie that makes a client forget the one of that name; `path` and `domain` must be those
/// that it was set with. What a prefix of the name asks for is set, too.
set_cookie removed_cookie(std::string_view name, std::string_view path = {},
                          std::string_view domain = {});

/// Adds a `Set-Cookie` line. Errors: as `set_cookie::str`; nothing is added then.
void add_cookie(headers& fields, const set_cookie& c);

/// Reads a `Set-Cookie` value as browsers do (rfc6265bis 5.6): attributes that are unknown or
/// malformed are ignored, of several the last counts, the leading dot of a domain is dropped.
/// Nothing for a value that is to be ignored wholly: a control character, no name, more than 4096
/// bytes, or a prefix of the name that the attributes do not live up to. Whether the domain fits
/// the request's host, and whether that was https, is for the caller to check.
std::optional<set_cookie> parse_set_cookie(std::string_view value);

/// Reads an `Expires` date by the lenient rules of RFC 6265 5.1.1.
std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text) noexcept;

}  // namespace kit::http
