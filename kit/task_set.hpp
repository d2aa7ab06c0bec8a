#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/context.hpp>

namespace kit {

/// A task that ended with an exception.
struct task_failure {
  std::string task;
  std::exception_ptr exception;
};

/// What became of the tasks of a set.
struct task_report {
  /// The names of those that have not ended, in the order they were started.
  std::vector<std::string> running;
  /// Those that failed, in the order they did; no more than `task_set_options::max_failures`.
  std::vector<task_failure> failures;
  /// How many failed, the ones not kept included.
  std::size_t failed = 0;

  bool all_ended() const noexcept { return running.empty(); }
  /// Throws what the first failed task threw, if one did.
  void rethrow() const {
    if (!failures.empty()) std::rethrow_exception(failures.front().exception);
  }
};

/// Settings of a `task_set`.
struct task_set_options {
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  /// Tasks at a time, at least 1.
  std::size_t limit = unlimited;
  /// Whether the first failure cancels the rest.
  bool cancel_on_failure = false;
  /// Is given each failure; then the report has none. Called where the task ran, under no lock;
  /// must not throw. Empty: failures are kept for the report.
  std::function<void(const task_failure&)> on_failure = nullptr;
  /// How many failures are kept; further ones are only counted.
  std::size_t max_failures = 16;
};

/// Owns coroutines that run in the background: none outlives its owner unnoticed.
///
///     kit::task_set tasks(co_await asio::this_coro::executor);
///     co_await tasks.spawn("heartbeat", heartbeat(client));
///     ...
///     tasks.cancel();
///     auto report = co_await tasks.join(5s);   // report.running: who did not stop
///
/// A coroutine that was cancelled itself, e.g. one of a runtime that was stopped, can wait for them
/// only after it has said that it goes on, as any `co_await` throws there:
///
///     co_await asio::this_coro::throw_if_cancelled(false);
///     co_await kit::wait_until(kit::time_point::max());       // until cancelled
///     co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
///     tasks.cancel();
///     auto report = co_await tasks.join(5s);
///
/// A failure is told to `on_failure`, or else kept for `join`, which waits for the other tasks, too
/// (`cancel_on_failure` shortens that). Those still kept when the set is destroyed are dropped:
/// give `on_failure` where nobody joins.
///
/// Each task runs in the context that the set's executor carries, and is cancelled with it. On a
/// loop run by several threads each gets a strand of its own, unless the set is on one.
///
/// A task that gives up because the set was cancelled (`operation_aborted`, `errc::canceled`) has
/// not failed.
///
/// Lifetime: destroying the set cancels the tasks but does not wait: what they refer to stays until
/// `join` says that they have ended. Tasks still there when their loop is destroyed end with it;
/// the set may end later, unless it is on a strand, which Asio wants gone before its loop.
/// Threads:  any.
/// Source:   Trio's nursery, kj's TaskSet.
class task_set {
 public:
  /// Errors: throws `errc::invalid_argument` for a limit of 0.
  explicit task_set(const asio::any_io_executor& ex, task_set_options options = {});
  task_set(const task_set&) = delete;
  task_set& operator=(const task_set&) = delete;
  ~task_set();

  /// Starts a task, when need be after waiting for another one to end.
  /// Errors: throws `errc::canceled` when the set is or gets cancelled; the task is not started.
  /// Cancellation: any type, of the waiting, as `std::system_error` of `operation_aborted`.
  asio::awaitable<void> spawn(std::string name, asio::awaitable<void> work);
  /// The same, of a function that makes the coroutine, such as a lambda that captures: it is kept
  /// until the task has ended.
  template <class F>
    requires std::same_as<std::invoke_result_t<F&>, asio::awaitable<void>>
  asio::awaitable<void> spawn(std::string name, F make) {
    return spawn(std::move(name), call(std::move(make)));
  }

  /// Starts a task, maybe up to where it first waits before the call returns. False, and not
  /// started, when `limit` are running or the set was cancelled.
  [[nodiscard]] bool try_spawn(std::string name, asio::awaitable<void> work);
  template <class F>
    requires std::same_as<std::invoke_result_t<F&>, asio::awaitable<void>>
  [[nodiscard]] bool try_spawn(std::string name, F make) {
    return try_spawn(std::move(name), call(std::move(make)));
  }

  /// Cancels all tasks, with `cancellation_type::terminal`, and takes no further ones. More calls
  /// do nothing.
  void cancel() noexcept;
  bool cancelled() const noexcept;
  /// How many are running.
  std::size_t size() const;

  /// Waits until no task is running, for at most that long, and takes the failures so far. Tasks
  /// may still be started meanwhile, and afterwards.
  ///
  /// Errors:       none but cancellation, as `std::system_error` of `operation_aborted`; it does
  ///               not cancel the tasks.
  /// Cancellation: any type.
  /// Lifetime:     the set may go while it waits.
  asio::awaitable<task_report> join(duration limit = duration::max());

 private:
  class task;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final
  class state;

  template <class F>
  static asio::awaitable<void> call(F make) {
    co_await make();
  }

  std::shared_ptr<state> state_;
};

}  // namespace kit
