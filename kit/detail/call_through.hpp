#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/endpoint.hpp>
#include <kit/interceptor.hpp>
#include <kit/this_context.hpp>

namespace kit::detail {

/// The way of one call through fused interceptors: enters them in order, and leaves those entered
/// in reverse order, at the latest when destroyed.
///
///     through.enter();
///     while (through.waits()) through.enter_after(co_await through.wait());
template <class... I>
class call_through {
 public:
  call_through(std::tuple<I...>& interceptors, std::string_view name, asio::any_io_executor ex)
      : interceptors_(interceptors), call_(name, std::move(ex), (is_timed<I>() || ...)) {}
  call_through(const call_through&) = delete;
  ~call_through() {
    if (entered_ > 0) {
      const error gone(errc::canceled);
      (void)leave(outcome(gone));
    }
  }

  /// Enters them, up to the first that refuses or wants to wait.
  void enter() { enter_from<0>(); }

  /// Whether the one that comes next waits.
  bool waits() const noexcept {
    if constexpr (can_wait) {
      return waiting_;
    } else {
      return false;
    }
  }
  /// Waits as that one wants to.
  asio::awaitable<result<void>> wait() { return wait_of<0>(); }
  /// Goes on behind it, where it let the call through.
  void enter_after(result<void> let) {
    waiting_ = false;
    call_.now_.reset();
    enter_after_from<0>(std::move(let));
  }

  /// Why the call isn't let through; nothing where all have let it.
  std::optional<error>& refusal() noexcept { return refusal_; }

  /// The error that the call has been given in the place of its outcome; null where none was.
  const error* leave(const outcome& how) noexcept {
    call_.outcome_ = &how;
    call_.now_.reset();
    leave_from<sizeof...(I)>();
    return call_.failure_ ? &*call_.failure_ : nullptr;
  }

  /// The context that an interceptor set; null when none did.
  context* changed_context() const noexcept { return call_.context_; }

  /// The calling coroutine's, as it gave it.
  const asio::any_io_executor& executor() const noexcept { return call_.executor_; }

  /// The error of a call that ended in the exception being handled.
  error failure(bool of_handler) const {
    error e = to_error(std::current_exception());
    if (const auto* ctx = changed_context()) e = settled(std::move(e), ctx->cause());
    return call_error(std::move(e), call_.executor_, of_handler);
  }

 private:
  static_assert(sizeof...(I) <= 64, "no more than 64 interceptors in a row");
  static constexpr bool can_wait = (waits_for_entry<I> || ...);

  template <std::size_t N>
  void enter_from() {
    if constexpr (N < sizeof...(I)) {
      context* const before = call_.context_;
      call_.place_ = &contexts_[N];
      const auto said = enter_one(std::get<N>(interceptors_), std::get<N>(states_));
      if (call_.context_ != before) changes_ |= std::uint64_t{1} << N;
      if (refusal_) {
        restore_context<N>();
        return;
      }
      if (said == admission::wait) {
        next_ = N;
        waiting_ = true;
        return;
      }
      entered_ = N + 1;
      enter_from<N + 1>();
    }
  }

  template <std::size_t N>
  asio::awaitable<result<void>> wait_of() {
    if constexpr (N < sizeof...(I)) {
      using one = std::tuple_element_t<N, std::tuple<I...>>;
      if constexpr (waits_for_entry<one>) {
        if (next_ == N) return std::get<N>(interceptors_).wait(call_, std::get<N>(states_));
      }
      return wait_of<N + 1>();
    } else {
      return {};
    }
  }

  template <std::size_t N>
  void enter_after_from(result<void> let) {
    if constexpr (N < sizeof...(I)) {
      if (next_ != N) return enter_after_from<N + 1>(std::move(let));
      if (!let) {
        refusal_ = std::move(let).error().with_refused();
        restore_context<N>();
        return;
      }
      entered_ = N + 1;
      enter_from<N + 1>();
    }
  }

  // Each interceptor is left in the context that it was entered in, or has made.
  template <std::size_t N>
  void restore_context() noexcept {
    if (!(changes_ >> N & 1)) return;
    changes_ &= ~(std::uint64_t{1} << N);
    const auto left = static_cast<std::size_t>(std::bit_width(changes_));
    call_.context_ = left > 0 ? &contexts_[left - 1] : nullptr;
  }

  template <class One>
  admission enter_one(One& i, state_t<One>& state) {
    try {
      if constexpr (enters_with_state<One>) {
        return heed<One>([&] { return i.enter(call_, state); });
      } else if constexpr (enters<One>) {
        return heed<One>([&] { return i.enter(call_); });
      }
    } catch (...) {
      refusal_ = to_error(std::current_exception()).with_refused();
    }
    return admission::in;
  }

  template <class One, class F>
  admission heed(F enter) {
    using answer = decltype(enter());
    if constexpr (std::is_void_v<answer>) {
      enter();
    } else if constexpr (std::is_same_v<answer, result<admission>>) {
      static_assert(waits_for_entry<One>,
                    "an interceptor whose enter may say wait has a member wait");
      const result<admission> said = enter();
      if (said) return *said;
      refusal_ = said.error().with_refused();
    } else {
      static_assert(std::is_convertible_v<answer, result<void>>,
                    "an interceptor's enter must return void, kit::result<void>, or "
                    "kit::result<kit::admission> where it has a member wait");
      const result<void> let = enter();
      if (!let) refusal_ = let.error().with_refused();
    }
    return admission::in;
  }

  template <std::size_t N>
  void leave_from() noexcept {
    if constexpr (N > 0) {
      if (entered_ >= N) {
        entered_ = N - 1;
        leave_one(std::get<N - 1>(interceptors_), std::get<N - 1>(states_));
        restore_context<N - 1>();
      }
      leave_from<N - 1>();
    }
  }

  template <class One>
  void leave_one(One& i, state_t<One>& state) noexcept {
    if constexpr (leaves_with_state<One>) {
      static_assert(noexcept(i.leave(call_, state)), "an interceptor's leave must be noexcept");
      i.leave(call_, state);
    } else if constexpr (leaves<One>) {
      static_assert(noexcept(i.leave(call_)), "an interceptor's leave must be noexcept");
      i.leave(call_);
    }
  }

  std::tuple<I...>& interceptors_;
  call call_;
  [[no_unique_address]] std::tuple<state_t<I>...> states_;
  std::array<context, sizeof...(I)> contexts_;  // those that were set
  std::uint64_t changes_ = 0;                   // whose
  std::size_t entered_ = 0;
  std::size_t next_ = 0;  // who waits
  bool waiting_ = false;
  std::optional<error> refusal_;
};

}  // namespace kit::detail
