#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace kit::http {

/// One event of a `text/event-stream` (server-sent events).
/// Source: the HTML standard, section 9.2.
struct event {
  /// What the client's handler gets. May have several lines; CR, LF and CRLF arrive as LF.
  std::string data = {};
  /// The type; empty: `message`. Without CR, LF and NUL, as the next.
  std::string event = {};
  /// What a client that reconnects says it has seen, see `last_event_id`. Empty: none.
  std::string id = {};
  /// From now on, how long the client waits before it reconnects.
  std::optional<std::chrono::milliseconds> retry = {};
};

/// The event as it is sent. One that has only an id or a retry time sets that, and is no message.
/// Errors: throws `errc::invalid_argument` for CR, LF or NUL in `id` or `event`, or a negative
/// `retry`.
std::string format(const event& e);

}  // namespace kit::http
