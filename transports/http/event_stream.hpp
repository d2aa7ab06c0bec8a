#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/http/event_stream.hpp>
#include <kit/http/pushed_body.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>

namespace kit::http {

/// Where the producer of an event stream sends. Threads: one sender at a time.
class event_sink {
 public:
  explicit event_sink(body_sink& out) noexcept : out_(out) {}

  /// Waits until the server has taken it: a client that reads slowly holds the producer up.
  ///
  /// Errors:       `errc::invalid_argument` as `append_event`; `errc::canceled` when the client has
  ///               gone.
  /// Cancellation: terminal.
  asio::awaitable<void> send(server_sent_event e);
  /// Lines that clients ignore. Errors: `errc::canceled`, as above.
  asio::awaitable<void> comment(std::string text = {});

 private:
  body_sink& out_;
};

/// Settings of an `event_stream`.
struct event_stream_options {
  /// A comment is sent when nothing else was for so long, so that proxies keep the connection, and
  /// that a client which has gone is noticed. 0: none.
  std::chrono::milliseconds keep_alive{15'000};
};

namespace detail {
response make_event_stream(std::unique_ptr<body_producer> producer,
                           const event_stream_options& options);

// Keeps the callable in place, as the coroutine may be a lambda that captures.
template <class F>
class event_producer final : public body_producer {
 public:
  explicit event_producer(F f) : f_(std::move(f)) {}
  asio::awaitable<void> run(body_sink& out) override { return run(f_, out); }

 private:
  static asio::awaitable<void> run(F& f, body_sink& out) {
    event_sink events(out);
    co_await f(events);
  }
  F f_;
};
}  // namespace detail

/// An answer of server-sent events (`text/event-stream`, HTML standard 9.2):
///
///     return http::event_stream([feed](http::event_sink& out) -> asio::awaitable<void> {
///       for (;;) co_await out.send({.data = co_await feed->next()});
///     });
///
/// The producer is a callable `asio::awaitable<void>(event_sink&)`, kept as by `pushed_body`. It
/// runs until it returns, which ends the stream (clients then reconnect), or until the client goes
/// away, which cancels it. The server's `request_timeout` doesn't count for it. A drain cancels it
/// at once and ends the stream after its last event; so a shutdown isn't held up.
///
/// Its fields are `Content-Type: text/event-stream`, `Cache-Control: no-cache`, and
/// `X-Accel-Buffering: no`, which tells nginx to pass on at once what comes.
template <class F>
  requires std::is_invocable_r_v<asio::awaitable<void>, std::decay_t<F>&, event_sink&>
response event_stream(F&& producer, const event_stream_options& options = {}) {
  using kept = detail::event_producer<std::decay_t<F>>;
  return detail::make_event_stream(std::make_unique<kept>(std::forward<F>(producer)), options);
}

/// The id of the last event that a client which reconnects has seen (`Last-Event-ID`), empty where
/// there is none. Valid until the request is changed or moved.
std::string_view last_event_id(const request& r) noexcept;

}  // namespace kit::http
