#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/context.hpp>
#include <kit/detail/runner.hpp>

namespace kit::detail {

/// Starts a job on a coroutine thread of its own in that context. Returns what cancels it while it
/// runs; null when it is done already. The job's `done` comes on the executor, inside this call
/// where the loop is run by one thread. Call it on the executor.
running* launch(const asio::any_io_executor& ex, context ctx, job& work);

/// The same, and waits for the job. Cancelling the caller cancels the job.
asio::awaitable<void> run_in_context(context ctx, job& work);

/// That executor if it is a strand, else a new strand on it; without its context.
asio::any_io_executor on_strand(const asio::any_io_executor& ex);

}  // namespace kit::detail
