#pragma once

#include <cassert>
#include <concepts>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <asio/any_io_executor.hpp>

#include <kit/classify.hpp>
#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/result.hpp>

namespace kit {

/// One call on its way through the interceptors.
class call {
 public:
  call(std::string_view name, asio::any_io_executor ex);
  call(const call&) = delete;

  /// The endpoint's name, as given by `wrap`, `chain` or a router; empty when it has none.
  std::string_view name() const noexcept { return name_; }

  /// The context the call came in, or what an outer interceptor made of it, or this one.
  const kit::context& context() const;
  /// In `enter`: what follows runs in that context. Make it from `context()`, so that it is
  /// cancelled with it.
  void set_context(kit::context ctx);

  /// When the call began, by the loop's clock; read once for all interceptors of a chain.
  time_point started() const noexcept { return started_; }
  /// In `leave`: when it ended; likewise read once. In `enter`: now.
  time_point ended() const;
  duration elapsed() const { return ended() - started_; }

  /// In `leave`: how it ended. In `enter` it must not be called.
  const kit::outcome& outcome() const noexcept {
    assert(outcome_);
    return *outcome_;
  }

 private:
  template <class... I>
  friend class call_through;

  std::string_view name_;
  asio::any_io_executor executor_;
  time_point started_;
  mutable std::optional<time_point> ended_;
  mutable std::optional<kit::context> context_;
  std::optional<kit::context> replaced_;  // by the interceptor that is being entered
  const kit::outcome* outcome_ = nullptr;
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

// A member of that name which can't be called so would silently be no part of the interceptor.
template <class I>
inline constexpr bool enters_wrongly =
    requires { &I::enter; } && !enters<I> && !enters_with_state<I>;
template <class I>
inline constexpr bool leaves_wrongly =
    requires { &I::leave; } && !leaves<I> && !leaves_with_state<I>;
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
/// `chain` and `wrap` fuse neighbouring interceptors into one coroutine frame; `chain(i)` makes an
/// ordinary middleware of one. Each endpoint gets a copy of the interceptor; share by a
/// `shared_ptr`. It sees the call, not the request: what it needs of that must be in the context,
/// or it is an ordinary middleware.
///
/// One that has to prepare something for each endpoint, such as the handles of its metrics, has a
/// member `I for_endpoint(std::string_view name) const`: what it returns is the endpoint's copy.
///
/// Threads: calls may overlap, and run on each thread that calls the endpoint.
template <class I>
concept interceptor =
    std::copy_constructible<I> && (detail::enters<I> || detail::enters_with_state<I> ||
                                   detail::leaves<I> || detail::leaves_with_state<I>);

}  // namespace kit
