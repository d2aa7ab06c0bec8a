#pragma once

#include <exception>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/context.hpp>

namespace kit {

/// Work to be run as a coroutine in a context of its own: what servers make of each request, and
/// `with_context` of its awaitable. An object, not a lambda, so that starting one allocates
/// nothing. Lives until `done`.
class job {
 public:
  /// Called once, on a coroutine whose executor carries the job's context.
  virtual asio::awaitable<void> run() = 0;
  /// How `run` ended; null when it returned. The last call; may destroy the job.
  virtual void done(std::exception_ptr failure) noexcept = 0;

 protected:
  ~job() = default;
};

/// A job under way.
class running_job {
 public:
  /// Cancels what the job waits for. On the job's loop or strand.
  virtual void cancel() = 0;

 protected:
  ~running_job() = default;
};

/// Starts a job on a coroutine of its own in that context. Returns what cancels it while it runs;
/// null when it is done already. The job's `done` comes on the executor, inside this call where the
/// loop is run by one thread and the job doesn't suspend. Call it on the executor.
running_job* launch(const asio::any_io_executor& ex, context ctx, job& work);

/// The same, and waits for the job. Cancelling the caller cancels the job.
asio::awaitable<void> run_in_context(context ctx, job& work);

/// That executor if it is a strand, else a new strand on it; without its context.
asio::any_io_executor on_strand(const asio::any_io_executor& ex);

}  // namespace kit
