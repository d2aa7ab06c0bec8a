#pragma once

#include <string>

#include <kit/runtime.hpp>
#include <transports/http/handler.hpp>
#include <transports/http/server_options.hpp>

namespace kit::http {

class router;

/// Has a runtime serve HTTP: one `server` on each of its loops, all on the same port, until the
/// runtime is stopped. Returns where they listen, e.g. `127.0.0.1:8080`.
///
///     kit::runtime rt({.threads = 2, .handle_signals = true});
///     const auto address = kit::http::serve(rt, router, {.port = 8080});
///     return rt.run();
///
/// Clients may connect as soon as it returns. With several loops the kernel spreads connections
/// over them (SO_REUSEPORT), which also lets another process of the same user listen there. The
/// first SIGINT or SIGTERM (`runtime::stop`) drains the servers, the second cuts that short.
///
/// Each loop's server has all of the options: limits such as `max_connections` and
/// `max_tls_handshakes` are those of one loop, and four loops may have four times as much.
/// `on_drain` is called once on each loop, by its thread, maybe at the same time.
///
/// Errors:   as the constructor of `server` and `runtime::on`; the runtime is then left as it was.
/// Lifetime: the runtime owns the servers.
/// Threads:  before `run`, on the thread that made the runtime. The handler is called on all loops
///           at the same time.
std::string serve(runtime& rt, handler h, server_options options = {});
/// Of a router as it is now; `stream_request_bodies` is switched on where it has a streaming route.
std::string serve(runtime& rt, const router& r, server_options options = {});

}  // namespace kit::http
