#pragma once

// What moved or differs between Asio 1.22 and the newest, in one place.

#include <typeinfo>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>
#include <asio/io_context.hpp>
#include <asio/version.hpp>
#if ASIO_VERSION < 102800
#include <asio/execution/execute.hpp>
#endif
#if ASIO_VERSION < 103200
#include <asio/detail/scheduler.hpp>
#else
#include <asio/config.hpp>
#endif

namespace kit {

/// Whether the loop was made for one thread: `io_context(1)`.
inline bool run_by_one_thread(asio::execution_context& loop) {
#if ASIO_VERSION < 103200  // Asio keeps the hint to itself
  const int hint = asio::use_service<asio::detail::scheduler>(loop).concurrency_hint();
  return hint == 1 || !ASIO_CONCURRENCY_HINT_IS_LOCKING(SCHEDULER, hint);
#else
  const asio::config config(loop);
  return config.get("scheduler", "concurrency_hint", 0) == 1 ||
         !config.get("scheduler", "locking", true);
#endif
}

/// The executor inside if it is of that type, else null. `any_io_executor::target` itself doesn't
/// look before Asio 1.24.
template <class Executor>
const Executor* target_of(const asio::any_io_executor& ex) noexcept {
  return ex.target_type() == typeid(Executor) ? ex.target<Executor>() : nullptr;
}

/// The loop behind an executor that is its own, without a context, if one thread runs it; else
/// null.
inline asio::io_context* one_thread_loop(const asio::any_io_executor& bare) {
  const auto* loop = target_of<asio::io_context::executor_type>(bare);
  return loop && run_by_one_thread(loop->context()) ? &loop->context() : nullptr;
}

/// Has the executor run `f`. Before Asio 1.28 a function object does that, and the member is
/// private.
template <class Executor, class F>
void execute_on(const Executor& ex, F&& f) {
#if ASIO_VERSION < 102800
  asio::execution::execute(ex, std::forward<F>(f));
#else
  ex.execute(std::forward<F>(f));
#endif
}

}  // namespace kit
