#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <kit/http/forwarded.hpp>
#include <kit/ip_networks.hpp>
#include <kit/secure.hpp>
#include <transports/http/access_log.hpp>
#include <transports/http/connection_metrics.hpp>
#include <transports/http/request_parser.hpp>

namespace kit::http {

/// Settings of one HTTP server. Plain data; checked by `require_valid`, which the server calls.
/// Durations: zero switches a limit off where its comment says so; negative ones are refused.
/// `serve` makes a server on each loop: all limits are those of one loop then.
struct server_options {
  /// Address to bind, an IPv4 or IPv6 literal, or `localhost`; `::` accepts both. Or
  /// `unix:/run/app.sock`, a Unix socket, which is removed at the end; one that was left behind is
  /// replaced. Or `fd:3`, a descriptor that listens already, as systemd hands it over: a copy of
  /// it.
  std::string address = "127.0.0.1";
  /// The permissions of a Unix socket; those who may write may connect. By default that is every
  /// local user, as with systemd's sockets. With 0660 it is this process's user and group, with
  /// 0600 the user; or put the socket into a folder that only those can enter who may connect.
  unsigned unix_mode = 0666;
  /// Port to bind. 0 lets the kernel choose; `server::port()` tells which.
  std::uint16_t port = 0;
  /// Binds with SO_REUSEPORT, so that the servers of several loops share the port.
  bool reuse_port = false;
  /// Connections the kernel holds ready to be accepted. 0: as many as the system allows.
  int backlog = 0;

  /// Connections at a time, with `serve` on each loop. Further ones wait in the backlog. At
  /// least 1.
  std::size_t max_connections = 65'536;
  /// Requests on one connection; the last one is answered with `Connection: close`. 0: no limit.
  std::size_t max_requests_per_connection = 0;
  /// A connection older than that is closed after its present request, so that clients find new
  /// instances; an endless answer is ended. Spread by up to a tenth either way. 0: no limit.
  std::chrono::milliseconds max_connection_age{0};
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

  /// Serves HTTPS by it, e.g. by a `kit::tls::server_context`. Null: plain HTTP. Not on a network
  /// that the server is given.
  std::shared_ptr<secure_context> tls = {};
  /// How long a handshake may take before the connection is closed. The header of a peer in
  /// `proxy_protocol_from` counts as a part of it, and has as long without TLS. 0: no limit; who
  /// says nothing then stays until the server drains.
  std::chrono::milliseconds tls_handshake_timeout{10'000};
  /// Handshakes at a time, with `serve` on each loop. Further connections wait in the backlog. At
  /// least 1.
  std::size_t max_tls_handshakes = 4'096;

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
  /// has `cancel_grace` left to answer. For streamed content the time counts anew from each piece
  /// that was sent, and not at all where it is endless (`body_source::endless`).
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

  /// The proxies that are believed what they say of the client, by `X-Forwarded-*` or `Forwarded`:
  /// it goes into `connection_info`. Nobody, unless set.
  forwarding_options forwarding = {};
  /// Peers whose connections begin with HAProxy's PROXY protocol, version 1 or 2, before TLS, too:
  /// one that doesn't is closed, and one that is not through with it after `tls_handshake_timeout`.
  /// Others are served as usual: no header is read from them, and one that they send is a malformed
  /// request. Not with a network that is given.
  ip_networks proxy_protocol_from = {};
  /// The same of all peers on a Unix socket.
  bool proxy_protocol_on_unix = false;
  /// Takes the deadline and the metadata that a caller sends along (`propagation.hpp`) into the
  /// request's context. A deadline only tightens; that of a request with streamed content is not
  /// looked at. Both are the caller's word, like any field of the request: switch it off in a
  /// server for the public internet.
  bool propagate = true;
  /// The field in which callers show a key. With `Authorization` it goes into the request's
  /// context, as `kit::credentials`, for the layers that ask who is there. Empty: keys aren't
  /// looked for.
  std::string api_key_field = "X-API-Key";
  /// Told of each request when it is over. Empty: nobody is, and it costs nothing.
  http::access_log access_log = {};
  /// Where connections are counted; nowhere by default. Requests are by `server_metrics`.
  connection_metrics connections = {};

  /// Called first of all when the server has been stopped, on its executor, once: to tell whoever
  /// sends requests here, see `health::on_drain`. With `serve` once on each loop, maybe at the same
  /// time. Not when the server is destroyed instead. What it throws is thrown by `run` in the end.
  std::function<void()> on_drain = nullptr;
  /// After that: how long the server goes on as if nothing had happened, until load balancers have
  /// noticed. `cancel` cuts it short. The times below count from its end.
  std::chrono::milliseconds drain_delay{0};
  /// After `stop`: how long running requests may take before their contexts are cancelled.
  std::chrono::milliseconds drain_timeout{10'000};
  /// After `stop`: how long a connection without a request may still send one, which may be on its
  /// way; it is answered with `Connection: close`. At most `drain_timeout`.
  std::chrono::milliseconds drain_idle_grace{200};
  /// After the contexts were cancelled: how long handlers may take to return.
  std::chrono::milliseconds cancel_grace{1'000};
};

/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const server_options& options);

}  // namespace kit::http
