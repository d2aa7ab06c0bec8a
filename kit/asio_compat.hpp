#pragma once

// What moved or differs between Asio 1.22 and the newest, in one place.

#include <typeinfo>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/detail/scheduler.hpp>
#include <asio/execution_context.hpp>
#include <asio/version.hpp>
#if __has_include(<asio/execution/execute.hpp>)
#include <asio/execution/execute.hpp>
#endif

namespace kit {

/// Whether the loop was made for one thread: `io_context(1)`. Asio keeps the hint to itself.
inline bool run_by_one_thread(asio::execution_context& loop) {
  const int hint = asio::use_service<asio::detail::scheduler>(loop).concurrency_hint();
  return hint == 1 || !ASIO_CONCURRENCY_HINT_IS_LOCKING(SCHEDULER, hint);
}

/// The executor inside if it is of that type, else null. `any_io_executor::target` itself doesn't
/// look before Asio 1.24.
template <class Executor>
const Executor* target_of(const asio::any_io_executor& ex) noexcept {
  return ex.target_type() == typeid(Executor) ? ex.target<Executor>() : nullptr;
}

/// Has the executor run `f`. While Asio had a function object for that, the member was private.
template <class Executor, class F>
void execute_on(const Executor& ex, F&& f) {
#if __has_include(<asio/execution/execute.hpp>)
  asio::execution::execute(ex, std::forward<F>(f));
#else
  ex.execute(std::forward<F>(f));
#endif
}

}  // namespace kit
