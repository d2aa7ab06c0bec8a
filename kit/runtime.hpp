#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

namespace kit {

/// Settings of a `runtime`.
struct runtime_options {
  /// Event loops, each run by a thread of its own; the caller of `run` is the first. 0: as many as
  /// the machine has processors.
  std::size_t threads = 1;
  /// Whether SIGINT and SIGTERM stop it, from its construction to the end of `run`: the first as
  /// `stop`, the second as `cancel`; a third one kills the process, as it would have without this.
  bool handle_signals = false;
  /// The threads after the first are called this, a hyphen and their number; of which the system
  /// shows 15 characters.
  std::string thread_name = "cokit";
};

/// The threads and event loops of a program that leaves them to Cokit: one `io_context` per thread,
/// and nothing shared between them.
///
///     asio::awaitable<void> serve() {
///       kit::http::server server(co_await asio::this_coro::executor, make_router(),
///                                {.port = 8080, .reuse_port = true});
///       co_await server.run();
///     }
///
///     int main() {
///       kit::runtime rt({.threads = 2, .handle_signals = true});
///       rt.on_each(serve);
///       return rt.run();
///     }
///
/// How its coroutines learn of the end: `stop` cancels each of them, once
/// (`cancellation_type::terminal`). `cancel` cancels the context that they run in, and each of them
/// once more. Whatever they are waiting for so gives up; but a server takes the first as the order
/// to drain, and its context's cancellation as the order to cut that short:
///
///     const auto ctx = co_await kit::this_context();
///     co_await asio::this_coro::throw_if_cancelled(false);
///     co_await serve_until_cancelled();
///     co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
///     close_listener();
///     while (busy() && !ctx.cancelled()) co_await changed.wait(changed.lock(), drain_limit);
///
/// It asks the context, as two cancellations in quick succession are seen as one. The same works
/// without a runtime, for whoever owns the coroutine and the `cancel_source` of its context.
///
/// Threads: `stop`, `cancel` and the executors may be used from any thread, the rest from the one
/// that made it. It runs once; make another one to run again.
class runtime {
 public:
  explicit runtime(runtime_options options = {});
  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;
  /// Destroys what is left on the loops. Not while `run` is running.
  ~runtime();

  /// The number of loops.
  std::size_t size() const noexcept;
  /// The executor of a loop, below `size()`. Valid as long as the runtime.
  asio::any_io_executor executor(std::size_t loop) const;

  /// Has a coroutine run on that loop once `run` is called. `make` is called there, and kept until
  /// the coroutine has ended, so that it may be a lambda that captures.
  /// Errors: throws `errc::failed_precondition` after `run`, `errc::out_of_range`.
  template <class F>
    requires std::same_as<std::invoke_result_t<F&>, asio::awaitable<void>>
  void on(std::size_t loop, F make) {
    add(loop, call(std::move(make)));
  }
  /// The same on each loop, with a copy of `make`.
  template <class F>
    requires std::same_as<std::invoke_result_t<F&>, asio::awaitable<void>>
  void on_each(const F& make) {
    for (std::size_t i = 0; i < size(); ++i)
      on(i, make);
  }

  /// Runs the loops until all coroutines have ended; whatever else is on the loops then is left
  /// alone, tasks of a `task_set` too: have a coroutine of the runtime join them. Returns the exit
  /// code for `main`: 0, or 128 + the signal that cut the end short.
  ///
  /// Errors: rethrows the first exception of a coroutine or of another handler on the loops, which
  ///         stops the rest as `stop` does. A coroutine that gives up because it was stopped
  ///         (`operation_aborted`, `errc::canceled`) has not failed. Throws
  ///         `errc::failed_precondition` when called twice, `std::system_error` when a thread
  ///         cannot be started.
  int run();

  /// Has all coroutines end: cancels each. More calls do nothing. Before `run`, they are started
  /// and cancelled.
  void stop();
  /// Cuts short what `stop` began: cancels the coroutines' context. Stops, too. More calls do
  /// nothing.
  void cancel();

 private:
  class impl;

  template <class F>
  static asio::awaitable<void> call(F make) {
    co_await make();
  }
  void add(std::size_t loop, asio::awaitable<void> task);

  std::unique_ptr<impl> impl_;
};

}  // namespace kit
