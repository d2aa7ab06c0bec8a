#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/network.hpp>
#include <transports/http/handler.hpp>
#include <transports/http/server_options.hpp>

namespace kit::http {

class router;

/// An HTTP/1.1 server (RFC 9110, RFC 9112): a coroutine that ends.
///
///     kit::http::server server(co_await asio::this_coro::executor, router, {.port = 8080});
///     co_await server.run();
///
/// Each request runs in a context of its own, which is cancelled when the client goes away, when
/// `request_timeout` is over, and when the answer has been sent, streamed content included. An
/// error of the handler is answered by `error_response`. It starts no thread and installs no signal
/// handler.
///
/// Threads: on an `io_context` made for one thread (`io_context(1)`, `kit::runtime`) everything
/// runs there, and mutexes are waited for only where other threads call, e.g. `stop`. To Cokit the
/// concurrency hint 1 means that exactly one thread runs the loop: one that several threads run
/// must not be made with it. On any other executor each connection runs on a strand of its own, and
/// handlers of different connections run at the same time. A handler must not block: work that does
/// goes to a pool of threads, by `kit::run_blocking`.
class server {
 public:
  /// Binds and listens: clients may connect from now on, and are accepted by `run`.
  /// Errors: throws `errc::invalid_argument` for options out of range, `std::system_error` when the
  /// address cannot be bound.
  server(const asio::any_io_executor& ex, handler h, const server_options& options = {});
  /// The same on another network than the system's, which must outlive the server. Without TLS.
  server(const asio::any_io_executor& ex, handler h, const server_options& options,
         kit::network& network);
  /// Of a router as it is now; `stream_request_bodies` is switched on where it has a streaming
  /// route.
  /// Errors: also as the router's conversion to a handler.
  server(const asio::any_io_executor& ex, const router& r, const server_options& options = {});
  server(const asio::any_io_executor& ex, const router& r, const server_options& options,
         kit::network& network);
  server(const server&) = delete;
  server& operator=(const server&) = delete;
  /// Closes all connections, and cancels the requests that run.
  ~server();

  /// Where it listens, e.g. `127.0.0.1:8080`, `unix:/run/app.sock`.
  std::string local_address() const;
  /// 0 where it has none.
  std::uint16_t port() const;
  /// The descriptor that listens; -1 on a network that was given, and after the drain has begun.
  int native_handle() const noexcept;
  /// Connections at the moment.
  std::size_t connections() const;

  /// Serves until `stop` or until cancelled. Then calls `on_drain`, goes on for `drain_delay`, and
  /// drains: accepts what the kernel already has, closes the listener, answers what runs and what
  /// comes within `drain_idle_grace` with `Connection: close`, ends endless streams
  /// (`body_source::endless`) at once, cancels what takes longer than `drain_timeout`, closes what
  /// ignores that for `cancel_grace`, and returns. Values of the caller's context are seen by the
  /// handlers.
  ///
  /// Errors:       `errc::failed_precondition` when called twice, `errc::unavailable` when the
  ///               network closes the listener.
  /// Cancellation: as `stop`; all types. What comes behind it may be awaited again. Cancelling the
  ///               caller's context does as `cancel`. So `kit::runtime` drains on the first signal
  ///               and cuts that short on the second.
  /// Lifetime:     when the server is destroyed, the awaitable ends by itself.
  asio::awaitable<void> run();

  /// Makes `run` drain and return. From any thread; more calls do nothing.
  void stop();
  /// Cuts a drain short: cancels running requests now. Stops, too. From any thread.
  void cancel();

 private:
  class impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace kit::http
