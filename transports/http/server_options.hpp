#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include <transports/http/request_parser.hpp>

namespace kit::http {

/// Settings of one HTTP server. Plain data; checked by `validate`, which the server calls.
/// Durations: zero switches a limit off where its comment says so; negative ones are refused.
struct server_options {
  /// Address to bind, an IPv4 or IPv6 literal, or `localhost`; `::` accepts both.
  std::string address = "127.0.0.1";
  /// Port to bind. 0 lets the kernel choose; `server::port()` tells which.
  std::uint16_t port = 0;
  /// Binds with SO_REUSEPORT, so that the servers of several loops share the port.
  bool reuse_port = false;
  /// Connections the kernel holds ready to be accepted. 0: as many as the system allows.
  int backlog = 0;

  /// Connections at a time. Further ones wait in the backlog. At least 1.
  std::size_t max_connections = 65'536;
  /// Requests on one connection; the last one is answered with `Connection: close`. 0: no limit.
  std::size_t max_requests_per_connection = 0;
  /// What a request may bring: 431, 414, 413.
  parser_options limits = {};
  /// Starts the handler as soon as the head is there, where the body isn't: `request::body` is then
  /// a stream. The handler must deal with both. A server made from a router that has streaming
  /// routes switches it on by itself; see `streaming`.
  ///
  /// Reading the stream reads from the connection, at most 64 KiB ahead, and sends `100 Continue`
  /// to a client that waits for it. It throws `kit::error` when the body is malformed, too large,
  /// too slow or broken off; as the handler's error that is answered 400, 413, 431 or 408. Of what
  /// the handler leaves unread up to 256 KiB are passed over; where more is left, the connection is
  /// closed after the answer.
  bool stream_request_bodies = false;

  /// From the first byte of a request to the end of its header section; past it 408. A new
  /// connection has as long for its first byte. 0: no limit.
  std::chrono::milliseconds header_timeout{10'000};
  /// From the end of the header section, a body may take this long (of a streamed one the time
  /// counts in which the handler waits for it) ...
  std::chrono::milliseconds body_grace{5'000};
  /// ... and as much longer as its bytes so far take at this rate, in bytes per second; past it
  /// 408. 0: no limit.
  std::size_t min_body_rate = 240;
  /// How long a connection may stay without a request before it is closed. 0: no limit.
  std::chrono::milliseconds idle_timeout{60'000};
  /// The deadline of each request's context, counted from its last byte. 0: none. The handler then
  /// has `cancel_grace` left to answer. Streamed content must be out by then, too, or it is broken
  /// off, unless it is endless (`body_source::endless`): then only the handler must be done.
  ///
  /// Of a request whose body is streamed, the time is counted anew from each piece that the handler
  /// has read, and stands still while it waits for one. Its context has no deadline to see, and is
  /// cancelled with `deadline_exceeded` all the same.
  std::chrono::milliseconds request_timeout{60'000};
  /// After the client has ended its side while its request runs. Mostly it has gone away, but it
  /// may also have said all it wanted to say, and both look the same: how long until the request's
  /// context is cancelled. A reset cancels at once.
  std::chrono::milliseconds half_close_grace{200};
  /// How long a client may leave the answer unread, counted since the last byte it took; past it
  /// the connection is reset. 0: no limit.
  std::chrono::milliseconds write_timeout{30'000};

  /// After `stop`: how long running requests may take before their contexts are cancelled.
  std::chrono::milliseconds drain_timeout{10'000};
  /// After `stop`: how long a connection without a request may still send one, which may be on its
  /// way; it is answered with `Connection: close`. At most `drain_timeout`.
  std::chrono::milliseconds drain_idle_grace{200};
  /// After the contexts were cancelled: how long handlers may take to return.
  std::chrono::milliseconds cancel_grace{1'000};
};

/// Throws `errc::invalid_argument` naming the member that is out of range.
void validate(const server_options& options);

}  // namespace kit::http
