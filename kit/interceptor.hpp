#pragma once

#include <cassert>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/classify.hpp>
#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/result.hpp>
#include <kit/this_context.hpp>

namespace kit {

namespace detail {
template <class... I>
class call_through;
}

/// What an interceptor's `enter` may say of a call that it doesn't refuse.
enum class admission : std::uint8_t {
  in,    ///< It is let through.
  wait,  ///< Not yet: `wait` decides.
};

/// One call on its way through the interceptors.
class call {
 public:
  /// `timed`: it begins now, rather than when somebody asks.
  call(std::string_view name, asio::any_io_executor ex, bool timed);
  call(const call&) = delete;

  /// The endpoint's name, as given by `wrap`, `chain` or a router; empty when it has none.
  std::string_view name() const noexcept { return name_; }

  /// The context the call came in, or what an outer interceptor made of it, or this one.
  const kit::context& context() const {
    return context_ ? *context_ : (own_ ? *own_ : own_.emplace(executor_)).get();
  }
  /// In `enter`: what follows runs in that context. Make it from `context()`, so that it is
  /// cancelled with it.
  void set_context(kit::context ctx) noexcept {
    *place_ = std::move(ctx);
    context_ = place_;
  }

  /// When the call began, by the loop's clock; read once for all interceptors of a chain.
  time_point started() const;
  /// In `enter`: now, which is when it began unless an interceptor further out had it wait.
  time_point now() const;
  /// In `leave`: when it ended; likewise read once.
  time_point ended() const { return now(); }
  duration elapsed() const { return ended() - started(); }

  /// Of the coroutine that makes the call.
  const asio::any_io_executor& executor() const noexcept { return executor_; }
  /// Of its loop.
  timer_wheel& timers() const;

  /// In `leave`: how it ended. In `enter` it must not be called.
  const kit::outcome& outcome() const noexcept {
    assert(outcome_);
    return *outcome_;
  }
  /// In `leave`: the call fails with that error instead. The layers further out see that.
  void fail_with(error e) noexcept {
    failure_.emplace(std::move(e));
    own_outcome_.emplace(*failure_);
    outcome_ = &*own_outcome_;
  }

 private:
  template <class... I>
  friend class detail::call_through;

  std::string_view name_;
  asio::any_io_executor executor_;
  mutable std::optional<time_point> started_;
  mutable std::optional<time_point> now_;  // until there is reason to look again
  mutable std::optional<detail::lent_context> own_;
  kit::context* context_ = nullptr;  // the last that was set
  kit::context* place_ = nullptr;    // for what the interceptor sets that is being entered
  const kit::outcome* outcome_ = nullptr;
  std::optional<error> failure_;
  std::optional<kit::outcome> own_outcome_;  // of it
};

namespace detail {
template <class I>
struct state_of {
  struct type {};
};
template <class I>
  requires requires { typename I::state; }
struct state_of<I> {
  using type = typename I::state;
};
template <class I>
using state_t = typename state_of<I>::type;

template <class I>
concept enters = requires(I& i, call& c) { i.enter(c); };
template <class I>
concept enters_with_state = requires(I& i, call& c, state_t<I>& s) { i.enter(c, s); };
template <class I>
concept leaves = requires(I& i, call& c) { i.leave(c); };
template <class I>
concept leaves_with_state = requires(I& i, call& c, state_t<I>& s) { i.leave(c, s); };

template <class I>
concept waits_for_entry = requires(I& i, call& c, state_t<I>& s) {
  { i.wait(c, s) } -> std::same_as<asio::awaitable<result<void>>>;
};

template <class I>
constexpr bool is_timed() {
  if constexpr (requires { bool(I::timed); }) {
    return I::timed;
  } else {
    return true;
  }
}

// A member of that name which can't be called so would silently be no part of the interceptor.
template <class I>
inline constexpr bool enters_wrongly =
    requires { &I::enter; } && !enters<I> && !enters_with_state<I>;
template <class I>
inline constexpr bool leaves_wrongly =
    requires { &I::leave; } && !leaves<I> && !leaves_with_state<I>;
template <class I>
inline constexpr bool waits_wrongly = requires { &I::wait; } && !waits_for_entry<I>;
}  // namespace detail

/// A middleware that never suspends: `enter` before the call, `leave` after it, or one of the two.
///
///     struct in_flight {
///       kit::result<void> enter(kit::call&);   // or void: can't refuse
///       void leave(kit::call&) noexcept;       // must be noexcept
///     };
///
/// `enter` refuses the call by returning an error (or throwing one); the layers further in then
/// never see the call. `leave` runs exactly once for each `enter` that let the call through, in
/// reverse order: on success, error, exception, and also when the call is cancelled or its frame
/// destroyed. An interceptor that refused is not left.
///
/// A nested type `state` is made for each call by default construction and passed as a second
/// argument to both: `enter(call&, state&)`, `leave(call&, state&)`.
///
/// One that mostly decides at once, but has some calls wait, such as for a place in a queue, has a
/// third member, and needn't be another middleware for it:
///
///     kit::result<kit::admission> enter(kit::call&, state&);
///     asio::awaitable<kit::result<void>> wait(kit::call&, state&);
///
/// Where `enter` says `admission::wait`, `wait` lets the call through or refuses it. It runs in the
/// caller's coroutine; where it is cancelled, or its frame destroyed, it must undo what it did: the
/// interceptor is not left then.
///
/// `chain` and `wrap` fuse neighbouring interceptors into one coroutine frame; `chain(i)` makes an
/// ordinary middleware of one. Each endpoint gets a copy of the interceptor; share by a
/// `shared_ptr`. It sees the call, not the request: what it needs of that must be in the context,
/// or it is an ordinary middleware.
///
/// A layer that has to prepare something for each endpoint, such as the handles of its metrics, has
/// a member `for_endpoint(std::string_view name) const`: the layer that it returns is the
/// endpoint's. See also `per_endpoint`.
///
/// Reading the clock is a good part of what a call costs. One with `static constexpr bool timed =
/// false` asks for the time only if there is a reason, and by `enter`: where all interceptors of a
/// chain are so, the clock isn't read before.
///
/// Threads: calls may overlap, and run on each thread that calls the endpoint.
template <class I>
concept interceptor =
    std::copy_constructible<I> && (detail::enters<I> || detail::enters_with_state<I> ||
                                   detail::leaves<I> || detail::leaves_with_state<I>);

}  // namespace kit
