#pragma once

#include <exception>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/context.hpp>

namespace kit {

/// Work to be run as a coroutine in a context of its own: what servers make of each request, and
/// `with_context` of its awaitable. An object, not a lambda, so that starting one allocates
/// nothing. Lives until `done`, or until its loop is destroyed.
class job {
 public:
  /// Called once, on a coroutine whose executor carries the job's context.
  virtual asio::awaitable<void> run() = 0;
  /// How `run` ended; null when it returned. The last call; may destroy the job.
  virtual void done(std::exception_ptr failure) noexcept = 0;

 protected:
  ~job() = default;
};

/// Starts a job on a coroutine of its own in that context. Cancelling the context cancels what it
/// waits for. The job's `done` comes on the executor; where the job doesn't suspend maybe inside
/// this call, and always so on a loop run by one thread (`io_context(1)`). Call it on the executor.
/// Threads: on a loop run by several threads the job gets a strand, unless the executor is one.
///
/// Cheapest where `ex` carries a context already (`bind_context`), whatever it is.
void launch(const asio::any_io_executor& ex, context ctx, job& work);

/// That executor if it is a strand, else a new strand on it; without its context.
asio::any_io_executor on_strand(const asio::any_io_executor& ex);

/// Where one thing at a time runs: that executor if one thread runs its loop, else as `on_strand`.
/// Without its context.
asio::any_io_executor serialized(const asio::any_io_executor& ex);

namespace detail {

class runner;

/// A job that a coroutine starts and waits for.
class child_job {
 public:
  /// Refers to all but the context.
  child_job(const asio::any_io_executor& ex, context ctx, job& work) noexcept
      : executor_(ex), context_(std::move(ctx)), work_(work) {}

  /// Runs it, where it can run at once, up to its first suspension. True when it is done.
  bool start();
  /// Of a started one, on the executor.
  void cancel();
  /// Suspends until it is done, and starts it if `start` could not. Being cancelled cancels it.
  asio::awaitable<void> join() noexcept;

 private:
  const asio::any_io_executor& executor_;
  context context_;
  job& work_;
  runner* runner_ = nullptr;
};

}  // namespace detail
}  // namespace kit
