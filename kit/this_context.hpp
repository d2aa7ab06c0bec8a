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

/// That executor, carrying the context instead of what it carried: to spawn work elsewhere without
/// losing the context. Asio cancels a coroutine that runs on other threads without a lock, so what
/// only has to compute or block is better left to `run_blocking`.
asio::any_io_executor bind_context(const asio::any_io_executor& ex, const context& ctx);

/// The executor below the context that an executor carries.
asio::any_io_executor without_context(const asio::any_io_executor& ex);

/// Runs `work` in a context: `co_await with_context(ctx.with(user_id{7}), audit())`.
///
/// Costs little more than a call where `ctx` only adds values to the caller's context, inside a
/// request or other job of a loop run by one thread; else what starting a coroutine costs.
///
/// Cancellation: that of `ctx` and that of the caller both cancel what `work` waits for, with
///               `cancellation_type::terminal`. In a context that was cancelled before, `work`
///               doesn't start: throws `std::system_error` of `operation_aborted`.
/// Lifetime:     `work` lives in the frame.
/// Threads:      on a loop run by several threads `work` gets a strand, unless the caller is on
///               one.
template <class T>
asio::awaitable<T> with_context(context ctx, asio::awaitable<T> work);

/// Runs `work` in the caller's context with a tighter deadline; a later one than the caller has
/// changes nothing. With one already past `work` doesn't start. Returns when `work` has ended: one
/// that doesn't react to being cancelled is waited for.
/// Errors: where time ran out and `work` gave up because of it, throws `errc::deadline_exceeded`.
/// What `work` produced all the same is returned, and what else it throws is thrown. Where it
/// yields a `result`, every failure is returned and none thrown.
template <class T>
asio::awaitable<T> with_deadline(time_point when, asio::awaitable<T> work);

/// `with_deadline`, counted from now by the clock of the loop. `duration::max()` means no limit.
template <class T>
asio::awaitable<T> with_timeout(duration limit, asio::awaitable<T> work);

namespace detail {

template <class T>
class awaitable_job final : public job {
 public:
  explicit awaitable_job(asio::awaitable<T> work) : work_(std::move(work)) {}

  asio::awaitable<void> run() override { return run(std::move(work_), value_); }
  void done(std::exception_ptr failure) noexcept override {
    failure_ = std::move(failure);
    done_ = true;
  }
  bool is_done() const noexcept { return done_; }

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
  bool done_ = false;
};

/// The time at which something must be done, as it is or counted from now.
struct time_limit {
  time_point when = time_point::max();
  std::optional<duration> span;
};

/// A context with a deadline, cancelled by the loop's timer.
class deadline_scope {
 public:
  /// Of the executor's context. Without effect when that has an earlier deadline.
  deadline_scope(const asio::any_io_executor& ex, const time_limit& limit);
  deadline_scope(const deadline_scope&) = delete;
  deadline_scope& operator=(const deadline_scope&) = delete;

  explicit operator bool() const noexcept { return source_.has_value(); }
  const kit::context& context() const noexcept { return source_->context(); }
  /// The exception being handled; as `deadline_exceeded` if the deadline caused it.
  std::exception_ptr failure() const;
  /// The same of an error.
  error settled(error e) const;

 private:
  std::optional<cancel_source> source_;
  std::optional<timer> timer_;
};

/// While it lives, the calling coroutine is in that context, if that is possible without starting
/// another one: when the context differs from the coroutine's by values only.
class context_scope {
 public:
  /// `ex` is what `co_await this_coro::executor` has given, not a copy. Meanwhile `ctx`, which must
  /// outlive the scope, is the coroutine's own: they change places, which costs nothing.
  context_scope(const asio::any_io_executor& ex, context& ctx) noexcept;
  context_scope(const context_scope&) = delete;
  context_scope& operator=(const context_scope&) = delete;
  ~context_scope();

  bool entered() const noexcept { return place_; }

 private:
  context* place_ = nullptr;  // of the coroutine's context
  context& other_;
};

/// The context of an executor that must outlive it, and isn't assigned to: as a rule not counted
/// once more, which would cost two atomic operations.
class lent_context {
 public:
  explicit lent_context(const asio::any_io_executor& of) noexcept;
  lent_context(const lent_context&) = delete;
  lent_context& operator=(const lent_context&) = delete;
  ~lent_context() {
    if (counted_) value.~context();
  }
  const context& get() const noexcept { return value; }

 private:
  union {
    context value;
  };
  bool counted_ = false;
};

// Coroutines for work that yields a `T`. Members of a class, because GCC warns of a function
// template whose frame holds a type without linkage.
template <class T>
struct work_of {
  static asio::awaitable<T> in(context ctx, asio::awaitable<T> work) {
    const auto ex = co_await asio::this_coro::executor;
    if (const context_scope scope(ex, ctx); scope.entered()) {
      co_return co_await std::move(work);
    }
    awaitable_job<T> job(std::move(work));
    child_job child(ex, std::move(ctx), job);
    const auto state = co_await asio::this_coro::cancellation_state;
    const auto before = state.cancelled();
    if (!child.start()) {
      // What was started must be waited for, even when it has got this coroutine cancelled.
      const bool throwing = co_await asio::this_coro::throw_if_cancelled();
      co_await asio::this_coro::throw_if_cancelled(false);
      if (state.cancelled() != before) child.cancel();
      if (!job.is_done()) co_await child.join();
      co_await asio::this_coro::throw_if_cancelled(throwing);
    }
    co_return job.take();
  }

  static asio::awaitable<T> within(time_limit limit, asio::awaitable<T> work) {
    const deadline_scope scope(co_await asio::this_coro::executor, limit);
    std::exception_ptr failure;
    try {
      if (!scope) co_return co_await std::move(work);
      if constexpr (is_result<T>) {
        T r = co_await in(scope.context(), std::move(work));
        if (!r) r.error() = scope.settled(std::move(r.error()));
        co_return r;
      } else {
        co_return co_await in(scope.context(), std::move(work));
      }
    } catch (...) {
      failure = scope.failure();
    }
    if constexpr (is_result<T>) {
      co_return fail(to_error(failure));
    } else {
      std::rethrow_exception(failure);
    }
  }
};

}  // namespace detail

template <class T>
asio::awaitable<T> with_context(context ctx, asio::awaitable<T> work) {
  return detail::work_of<T>::in(std::move(ctx), std::move(work));
}

template <class T>
asio::awaitable<T> with_deadline(time_point when, asio::awaitable<T> work) {
  return detail::work_of<T>::within({when, {}}, std::move(work));
}

template <class T>
asio::awaitable<T> with_timeout(duration limit, asio::awaitable<T> work) {
  return detail::work_of<T>::within({{}, limit}, std::move(work));
}

}  // namespace kit
