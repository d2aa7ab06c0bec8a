#pragma once

#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <kit/error.hpp>
#include <kit/result.hpp>
#include <kit/testing/manual_clock.hpp>
#include <kit/timer.hpp>

namespace kit::testing {

namespace detail {
struct started_state {
  bool done = false;
  std::exception_ptr failure;
  asio::cancellation_signal signal;
};
}  // namespace detail

/// A coroutine that a test has started. Asserts "not yet" as well as "done":
///
///     auto call = loop.start(client.get("/"));
///     CHECK(call.pending());
///     loop.advance(50ms);
///     CHECK(call.error() == kit::errc::deadline_exceeded);
///
/// Copies refer to the same coroutine. Destroying it leaves the coroutine running.
template <class T>
class started {
 public:
  bool pending() const noexcept { return !state_->done; }
  bool done() const noexcept { return state_->done; }
  bool failed() const noexcept { return state_->failure != nullptr; }

  /// What the coroutine returned. Errors: rethrows what it threw; `std::logic_error` while pending.
  auto value() const& -> std::add_lvalue_reference_t<T> {
    require_done();
    if (state_->failure) std::rethrow_exception(state_->failure);
    if constexpr (!std::is_void_v<T>) return *state_->value;
  }
  T value() && {
    if constexpr (std::is_void_v<T>) {
      std::as_const(*this).value();
    } else {
      return std::move(std::as_const(*this).value());
    }
  }
  /// What it failed with: thrown, or as the error of a `kit::result`.
  /// Errors: `std::logic_error` while pending or when it succeeded.
  kit::error error() const {
    require_done();
    if (state_->failure) return to_error(state_->failure);
    if constexpr (kit::detail::is_result<T>) {
      if (!state_->value->has_value()) return state_->value->error();
    }
    throw std::logic_error("the coroutine has not failed");
  }
  /// What it threw, null when it returned. Errors: `std::logic_error` while pending.
  std::exception_ptr exception() const {
    require_done();
    return state_->failure;
  }

  /// Cancels what the coroutine waits for, as Asio does. Run the loop to see the effect.
  void cancel(asio::cancellation_type type = asio::cancellation_type::terminal) {
    state_->signal.emit(type);
  }

 private:
  friend class loop;
  struct state : detail::started_state {
    std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> value;
  };

  explicit started(std::shared_ptr<state> s) : state_(std::move(s)) {}

  static asio::awaitable<void> run(asio::awaitable<T> work, state& into) {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(work);
    } else {
      into.value.emplace(co_await std::move(work));
    }
  }

  void require_done() const {
    if (!state_->done) throw std::logic_error("the coroutine is still running");
  }

  std::shared_ptr<state> state_;
};

/// A test's event loop: an `io_context` that runs until nothing is ready, never blocks, and whose
/// time is a `manual_clock`. A wrong test so fails instead of hanging. Asio's own timers keep the
/// real time: code to be tested uses Cokit's (`sleep_for`, `with_timeout`, `timer_wheel`).
/// Lifetime: coroutines still pending are destroyed with the loop, so what they refer to must be
/// declared before it.
/// Threads:  one.
class loop {
 public:
  loop() { clock_.drive(context_); }
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  asio::io_context& context() noexcept { return context_; }
  asio::io_context::executor_type get_executor() noexcept { return context_.get_executor(); }
  manual_clock& clock() noexcept { return clock_; }
  timer_wheel& wheel() { return timer_wheel::of(context_); }
  time_point now() const noexcept { return clock_.now(); }

  /// Starts the coroutine and runs the loop until nothing is ready.
  template <class T>
  started<T> start(asio::awaitable<T> work) {
    return start_on(get_executor(), std::move(work));
  }
  /// The same on an executor made from this loop's: a strand, one with a context.
  template <class T>
  started<T> start_on(const asio::any_io_executor& ex, asio::awaitable<T> work) {
    auto state = std::make_shared<typename started<T>::state>();
    spawn(ex, started<T>::run(std::move(work), *state), state);
    run();
    return started<T>(std::move(state));
  }

  /// Runs until nothing is ready.
  void run() { clock_.run(); }
  /// Lets time pass, see `manual_clock::advance`.
  void advance(duration span) { clock_.advance(span); }

 private:
  static void spawn(const asio::any_io_executor& ex, asio::awaitable<void> work,
                    std::shared_ptr<detail::started_state> state);

  manual_clock clock_;  // the last to go: coroutines destroyed with the loop have its time, too
  asio::io_context context_{1};
};

}  // namespace kit::testing
