#pragma once

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/context.hpp>
#include <kit/job.hpp>
#include <kit/result.hpp>
#include <kit/timer.hpp>

namespace kit {

/// The context of the calling coroutine: that of its executor, so children spawned on
/// `this_coro::executor`, both sides of `&&` and `||`, and strands made from it are in it, too.
/// The background context where nobody set one.
///
///     const kit::context& ctx = co_await kit::this_context();
asio::awaitable<context> this_context();

/// The context that an executor carries, also below a strand.
context context_of(const asio::any_io_executor& ex);

/// That executor, carrying the context instead of what it carried: to spawn work elsewhere, e.g. on
/// a thread pool, without losing the context.
asio::any_io_executor bind_context(const asio::any_io_executor& ex, const context& ctx);

/// The executor below the context that an executor carries.
asio::any_io_executor without_context(const asio::any_io_executor& ex);

/// Runs `work` in a context: `co_await with_context(ctx.with(user_id{7}), audit())`.
/// Cancellation: that of `ctx` and that of the caller both cancel what `work` waits for, with
/// `cancellation_type::terminal`. Lifetime: `work` lives in the frame.
/// Threads: on a loop run by several threads `work` gets a strand, unless the caller is on one.
template <class T>
asio::awaitable<T> with_context(context ctx, asio::awaitable<T> work);

/// Runs `work` in the caller's context with a tighter deadline; a later one than the caller has
/// changes nothing. Errors: where time ran out and `work` gave up because of it, throws
/// `errc::deadline_exceeded` (or returns it, when `work` yields a `result`). A value that `work`
/// produced all the same is returned.
template <class T>
asio::awaitable<T> with_deadline(time_point when, asio::awaitable<T> work);

/// `with_deadline`, counted from now by the clock of the loop.
template <class T>
asio::awaitable<T> with_timeout(duration limit, asio::awaitable<T> work);

namespace detail {

template <class T>
class awaitable_job final : public job {
 public:
  explicit awaitable_job(asio::awaitable<T> work) : work_(std::move(work)) {}

  asio::awaitable<void> run() override { return run(std::move(work_), value_); }
  void done(std::exception_ptr failure) noexcept override { failure_ = std::move(failure); }

  T take() {
    if (failure_) std::rethrow_exception(std::move(failure_));
    if constexpr (!std::is_void_v<T>) return std::move(*value_);
  }

 private:
  using stored = std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>>;

  static asio::awaitable<void> run(asio::awaitable<T> work, stored& value) {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
    } else {
      value.emplace(co_await std::move(work));
    }
  }

  asio::awaitable<T> work_;
  std::exception_ptr failure_;
  stored value_;
};

/// A context with a deadline, cancelled by the loop's timer.
class deadline_scope {
 public:
  deadline_scope(const asio::any_io_executor& ex, const context& parent, time_point when);
  deadline_scope(const deadline_scope&) = delete;

  const kit::context& context() const noexcept { return source_.context(); }
  /// Rethrows the exception being handled, as `deadline_exceeded` if the deadline caused it.
  [[noreturn]] void rethrow() const;
  /// The same for an error that was returned.
  void settle(error& e) const;

 private:
  cancel_source source_;
  timer timer_;
};

template <class T>
inline constexpr bool is_result = false;
template <class T>
inline constexpr bool is_result<result<T>> = true;

/// The context's deadline, or the end of time.
time_point deadline_of(const context& ctx) noexcept;
/// The time by the clock of the executor's loop.
time_point now(const asio::any_io_executor& ex);

}  // namespace detail

template <class T>
asio::awaitable<T> with_context(context ctx, asio::awaitable<T> work) {
  detail::awaitable_job<T> job(std::move(work));
  co_await run_in_context(std::move(ctx), job);
  co_return job.take();
}

template <class T>
asio::awaitable<T> with_deadline(time_point when, asio::awaitable<T> work) {
  const auto ex = co_await asio::this_coro::executor;
  const context outer = context_of(ex);
  if (detail::deadline_of(outer) <= when) co_return co_await std::move(work);
  detail::deadline_scope scope(ex, outer, when);
  try {
    if constexpr (detail::is_result<T>) {
      T r = co_await with_context(scope.context(), std::move(work));
      if (!r) scope.settle(r.error());
      co_return r;
    } else {
      co_return co_await with_context(scope.context(), std::move(work));
    }
  } catch (...) {
    scope.rethrow();
  }
}

template <class T>
asio::awaitable<T> with_timeout(duration limit, asio::awaitable<T> work) {
  const auto ex = co_await asio::this_coro::executor;
  co_return co_await with_deadline(detail::now(ex) + limit, std::move(work));
}

}  // namespace kit
