#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/http/body.hpp>

namespace kit::http {

namespace detail {
class pushed_state;
}

/// Where the producer of a pushed body writes. Threads: one writer at a time.
class body_sink {
 public:
  body_sink(const body_sink&) = delete;
  body_sink& operator=(const body_sink&) = delete;

  /// Hands a chunk to the reader, and waits until it has been taken. An empty one does nothing.
  /// Errors:       throws `errc::canceled` when nobody reads any more.
  /// Cancellation: terminal.
  /// Lifetime:     the sink is valid while the producer runs.
  asio::awaitable<void> write(std::string chunk);
  /// What the reader finds after the end (RFC 9110 6.5).
  void set_trailers(headers fields);

 private:
  friend class detail::pushed_state;
  explicit body_sink(detail::pushed_state& state) noexcept : state_(state) {}
  detail::pushed_state& state_;
};

/// Settings of a `pushed_body`.
struct pushed_body_options {
  /// Bytes in all, where known; a server then says so. What is written is not checked against it.
  std::optional<std::uint64_t> size = {};
  /// See `body_source::endless`.
  bool endless = false;
  /// What the reader gets when the producer has written nothing for `filler_after`, again and
  /// again: for streams in which silence means a broken connection. Empty: it waits.
  std::string filler = {};
  /// Counted by the loop's timer wheel, from when the reader asks. At least 1 ms.
  std::chrono::milliseconds filler_after{15'000};
};

namespace detail {

/// The callable, which must outlive the coroutine that it makes.
class body_producer {
 public:
  virtual ~body_producer() = default;
  virtual asio::awaitable<void> run(body_sink& out) = 0;
};

template <class F>
class body_producer_of final : public body_producer {
 public:
  explicit body_producer_of(F f) : f_(std::move(f)) {}
  asio::awaitable<void> run(body_sink& out) override { return f_(out); }

 private:
  F f_;
};

body make_pushed_body(std::unique_ptr<body_producer> producer, pushed_body_options options);

}  // namespace detail

/// A body from a coroutine that writes it, piece by piece:
///
///     return http::response{.body = http::pushed_body(
///         [rows](http::body_sink& out) -> asio::awaitable<void> {
///           for (const auto& row : *rows) co_await out.write(to_csv(row));
///         })};
///
/// The producer is a callable `asio::awaitable<void>(body_sink&)`, kept by the body, so it may be a
/// lambda that captures. It starts at the first read, on the reader's executor and in its context:
/// a server's request. It is cancelled when the body is destroyed, when a read is cancelled, and
/// with the context. What it throws breaks the body off: the reader gets it as a `kit::error`.
///
/// Copies of the body share one producer.
/// Errors: `errc::invalid_argument` for options out of range.
template <class F>
  requires std::is_invocable_r_v<asio::awaitable<void>, std::decay_t<F>&, body_sink&>
body pushed_body(F&& producer, pushed_body_options options = {}) {
  using kept = detail::body_producer_of<std::decay_t<F>>;
  return detail::make_pushed_body(std::make_unique<kept>(std::forward<F>(producer)),
                                  std::move(options));
}

}  // namespace kit::http
