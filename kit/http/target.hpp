#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kit/http/method.hpp>

namespace kit::http {

/// `host[:port]`, as in a `Host` field or between `//` and the path. Views into the parsed text.
struct authority {
  std::string_view host;              ///< with the brackets of an IPv6 literal; may be empty
  std::optional<std::uint16_t> port;  ///< nothing also for `host:`
};
/// Nothing when the text is no `uri-host [":" port]` (RFC 3986 3.2.2, RFC 9110 7.2), e.g. with user
/// information, or when the port is above 65535.
std::optional<authority> parse_authority(std::string_view text) noexcept;
/// Whether the text between the brackets is an IPv6 address, without zone.
bool is_ipv6(std::string_view text) noexcept;

/// The four forms of RFC 9112 3.2.
enum class target_form : std::uint8_t { origin, absolute, authority, asterisk };

/// The parts of a request target. Views into the parsed text.
struct target_parts {
  target_form form = target_form::origin;
  std::string_view scheme;     ///< absolute-form: `http` or `https`, as sent
  std::string_view authority;  ///< absolute- and authority-form: valid, and not empty
  std::string_view path;       ///< origin- and absolute-form; empty where an absolute URI has none
  std::string_view query;      ///< without the `?`
};
/// Nothing when the target has none of the forms, a form that does not go with the method
/// (authority-form is for CONNECT only, the asterisk for OPTIONS only), or a character that must be
/// encoded. Percent-encoding is not checked.
std::optional<target_parts> parse_target(const method& m, std::string_view target) noexcept;

/// The path of RFC 3986 5.2.4 without `.` and `..` segments: `/a/b/../c` is `/a/c`. Encoded dots
/// (`%2e`) count as dots. Never climbs above the root.
std::string remove_dot_segments(std::string_view path);

}  // namespace kit::http
