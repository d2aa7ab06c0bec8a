#pragma once

#include <cstdint>
#include <optional>

#include <kit/http/headers.hpp>
#include <kit/http/version.hpp>
#include <transports/http/field_line.hpp>
#include <transports/http/protocol_error.hpp>

namespace kit::http {

/// The number in `Content-Length`; nothing without one, or where it says something else.
std::optional<std::uint64_t> content_length(const headers& fields) noexcept;

/// What the fields of a request's head say about where the message ends and what becomes of the
/// connection. Fed field by field while they are parsed.
struct message_framing {
  std::optional<std::uint64_t> content_length;
  bool has_transfer_encoding = false;  ///< then it is `chunked`; all else is refused
  bool has_host = false;
  bool close = false;       ///< `Connection: close`
  bool persistent = false;  ///< `Connection: keep-alive`
  bool expects_continue = false;
  bool tunnel = false;  ///< CONNECT: what follows the head may be no HTTP

  /// Whether `add` would look at that field; most it would not.
  static constexpr bool concerns(field f) noexcept {
    return f == field::connection || f == field::content_length || f == field::expect ||
           f == field::host || f == field::transfer_encoding;
  }
  /// Takes note of a field. Returns what is wrong with it, if anything is.
  std::optional<protocol_error> add(const field_line& line, version v);
  /// Checks what can be said only of the whole head.
  std::optional<protocol_error> check(version v) const;

  bool keep_alive(version v) const noexcept {
    return !close && !tunnel && (v >= version::http_1_1 || persistent);
  }
};

}  // namespace kit::http
