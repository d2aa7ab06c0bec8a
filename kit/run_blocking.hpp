#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/associated_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>

#include <kit/parked.hpp>

namespace kit {

/// Runs `work`, a plain function that may block, on another executor, and comes back to the
/// caller's with what it returned or threw:
///
///     asio::thread_pool pool(4);
///     auto digest = co_await kit::run_blocking(pool.get_executor(), [&] { return hash(text); });
///
/// Cancellation: none: the caller waits for the end of `work`, which may use what is the caller's.
///               A long one can ask a copy of the caller's context now and then whether it is
///               `cancelled()`.
/// Threads:      `work` runs on one of the executor's; what it uses of the caller's, only it uses
///               meanwhile. The caller goes on where it was.
/// Lifetime:     `work` lives in the frame. Every job that was given to the executor must be run
///               before that and the caller's loop end: join a pool, rather than stop it.
template <class F>
asio::awaitable<std::invoke_result_t<F&>> run_blocking(asio::any_io_executor where, F work) {
  using value = std::invoke_result_t<F&>;
  constexpr bool gives_nothing = std::is_void_v<value>;
  std::exception_ptr failure;
  std::optional<std::conditional_t<gives_nothing, bool, value>> given;
  co_await suspend([&](auto handler) {
    // The loop must not end meanwhile.
    auto home = asio::prefer(asio::any_io_executor(asio::get_associated_executor(handler)),
                             asio::execution::outstanding_work.tracked);
    asio::post(where, [&, home = std::move(home), handler = std::move(handler)]() mutable {
      try {
        if constexpr (gives_nothing) {
          work();
        } else {
          given.emplace(work());
        }
      } catch (...) {
        failure = std::current_exception();
      }
      asio::post(home, std::move(handler));
    });
  });
  if (failure) std::rethrow_exception(std::move(failure));
  if constexpr (!gives_nothing) co_return *std::move(given);
}

}  // namespace kit
