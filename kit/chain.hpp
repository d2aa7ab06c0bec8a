#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/endpoint.hpp>
#include <kit/interceptor.hpp>
#include <kit/reflect/name.hpp>
#include <kit/this_context.hpp>

namespace kit {

/// A middleware for one endpoint type: maps an endpoint to an endpoint of the same type, optionally
/// told the endpoint's name. It is applied once, when the service is put together; what it returns
/// must bear overlapping calls.
template <class M, class Req, class Resp>
concept middleware_for =
    std::is_invocable_r_v<endpoint<Req, Resp>, const M&, endpoint<Req, Resp>> ||
    std::is_invocable_r_v<endpoint<Req, Resp>, const M&, endpoint<Req, Resp>, std::string_view>;

/// What a middleware or interceptor is called in lists of layers, see `endpoint::layers`: its
/// `static constexpr std::string_view layer_name`, else its type's name.
template <class M>
constexpr std::string_view layer_name() {
  if constexpr (requires { std::string_view(M::layer_name); }) {
    return M::layer_name;
  } else {
    constexpr auto name = reflect::type_name<M>();
    constexpr auto base = name.substr(0, name.find('<'));
    constexpr bool is_name = std::is_class_v<M> && !base.empty() && base.find('(') == base.npos;
    return is_name ? base : std::string_view("function");
  }
}

/// The way of one call through fused interceptors: enters them in order, and leaves those entered
/// in reverse order, at the latest when destroyed.
template <class... I>
class call_through {
 public:
  call_through(std::tuple<I...>& interceptors, std::string_view name, asio::any_io_executor ex)
      : interceptors_(interceptors), call_(name, std::move(ex), (detail::is_timed<I>() || ...)) {}
  call_through(const call_through&) = delete;
  ~call_through() {
    if (entered_ > 0) {
      const error gone(errc::canceled);
      leave(outcome(gone));
    }
  }

  /// Nothing when all let the call through, else the refusal.
  std::optional<error> enter() { return enter_from<0>(); }

  void leave(const outcome& how) noexcept {
    call_.outcome_ = &how;
    call_.ended_.reset();  // what was asked for in `enter`
    leave_from<sizeof...(I)>();
  }

  /// The context that an interceptor set; null when none did.
  context* changed_context() const noexcept { return call_.context_; }

  /// The calling coroutine's, as it gave it.
  const asio::any_io_executor& executor() const noexcept { return call_.executor_; }

  /// The error of a call that ended in the exception being handled.
  error failure(bool of_handler) const {
    error e = to_error(std::current_exception());
    if (const auto* ctx = changed_context()) e = detail::settled(std::move(e), ctx->cause());
    return detail::call_error(std::move(e), call_.executor_, of_handler);
  }

 private:
  static_assert(sizeof...(I) <= 64, "no more than 64 interceptors in a row");

  template <std::size_t N>
  std::optional<error> enter_from() {
    if constexpr (N == sizeof...(I)) {
      return std::nullopt;
    } else {
      context* const before = call_.context_;
      call_.place_ = &contexts_[N];
      auto refusal = enter_one(std::get<N>(interceptors_), std::get<N>(states_));
      if (call_.context_ != before) changes_ |= std::uint64_t{1} << N;
      if (refusal) {
        restore_context<N>();
        return refusal->with_refused();
      }
      entered_ = N + 1;
      return enter_from<N + 1>();
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
  std::optional<error> enter_one(One& i, detail::state_t<One>& state) {
    try {
      if constexpr (detail::enters_with_state<One>) {
        return refusal_of([&] { return i.enter(call_, state); });
      } else if constexpr (detail::enters<One>) {
        return refusal_of([&] { return i.enter(call_); });
      }
      return std::nullopt;
    } catch (...) {
      return to_error(std::current_exception());
    }
  }

  template <class F>
  static std::optional<error> refusal_of(F enter) {
    if constexpr (std::is_void_v<decltype(enter())>) {
      enter();
    } else {
      static_assert(std::is_convertible_v<decltype(enter()), result<void>>,
                    "an interceptor's enter must return void or kit::result<void>");
      result<void> let = enter();
      if (!let) return std::move(let).error();
    }
    return std::nullopt;
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
  void leave_one(One& i, detail::state_t<One>& state) noexcept {
    if constexpr (detail::leaves_with_state<One>) {
      static_assert(noexcept(i.leave(call_, state)), "an interceptor's leave must be noexcept");
      i.leave(call_, state);
    } else if constexpr (detail::leaves<One>) {
      static_assert(noexcept(i.leave(call_)), "an interceptor's leave must be noexcept");
      i.leave(call_);
    }
  }

  std::tuple<I...>& interceptors_;
  call call_;
  [[no_unique_address]] std::tuple<detail::state_t<I>...> states_;
  std::array<context, sizeof...(I)> contexts_;  // those that were set
  std::uint64_t changes_ = 0;                   // whose
  std::size_t entered_ = 0;
};

namespace detail {

/// Neighbouring interceptors around an endpoint: one coroutine frame for all of them.
template <class Req, class Resp, class... I>
class fused {
 public:
  fused(std::tuple<I...> interceptors, endpoint<Req, Resp> next, std::string_view name)
      : shared_(std::make_shared<shared>(std::move(interceptors), std::move(next), name)) {}

  asio::awaitable<result<Resp>> try_call(Req&& req) const { return run(shared_, std::move(req)); }

 private:
  struct shared {
    shared(std::tuple<I...> i, endpoint<Req, Resp> n, std::string_view text)
        : interceptors(std::move(i)), next(std::move(n)), name(text) {}
    std::tuple<I...> interceptors;
    endpoint<Req, Resp> next;
    std::string name;
  };

  static asio::awaitable<result<Resp>> run(std::shared_ptr<shared> s, Req req) {
    call_through<I...> through(s->interceptors, s->name, co_await asio::this_coro::executor);
    std::optional<result<Resp>> r;
    if (auto refusal = through.enter()) {
      r.emplace(fail(*std::move(refusal)));
    } else {
      try {
        // In this frame where it can be, else in one of its own.
        context* changed = through.changed_context();
        std::optional<context_scope> scope;
        if (changed) scope.emplace(through.executor(), *changed);
        if (scope && !scope->entered()) {
          r.emplace(co_await with_context(*changed, s->next.try_call(std::move(req))));
        } else if (s->next.bare()) {
          r.emplace(co_await s->next(std::move(req)));
        } else {
          r.emplace(co_await s->next.try_call(std::move(req)));
        }
      } catch (...) {
        r.emplace(fail(through.failure(s->next.layers().empty())));
      }
    }
    through.leave(outcome(*r));
    co_return *std::move(r);
  }

  std::shared_ptr<shared> shared_;
};

}  // namespace detail

/// Middlewares put together: itself a middleware. Made by `chain`.
template <class... M>
class chained {
 public:
  explicit chained(std::tuple<M...> layers) : layers_(std::move(layers)) {}

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    return build<sizeof...(M)>(std::move(next), name, std::tuple<>());
  }

  const std::tuple<M...>& layers() const noexcept { return layers_; }

 private:
  // From the innermost outwards; `run` holds the interceptors met since the last other layer.
  template <std::size_t N, class Req, class Resp, class... Run>
  endpoint<Req, Resp> build(endpoint<Req, Resp> next, std::string_view name,
                            std::tuple<Run...> run) const {
    if constexpr (N == 0) {
      return fuse(std::move(next), name, std::move(run));
    } else {
      const auto& layer = std::get<N - 1>(layers_);
      using layer_type = std::tuple_element_t<N - 1, std::tuple<M...>>;
      if constexpr (interceptor<layer_type>) {
        return build<N - 1>(
            std::move(next), name,
            std::tuple_cat(std::tuple<layer_type>(for_endpoint(layer, name)), std::move(run)));
      } else {
        auto inner = fuse(std::move(next), name, std::move(run));
        return build<N - 1>(apply(layer, std::move(inner), name), name, std::tuple<>());
      }
    }
  }

  // An interceptor may prepare what depends on the endpoint's name.
  template <class I>
  static I for_endpoint(const I& i, std::string_view name) {
    if constexpr (requires { i.for_endpoint(name); }) {
      return i.for_endpoint(name);
    } else {
      return i;
    }
  }

  template <class Req, class Resp, class... Run>
  static endpoint<Req, Resp> fuse(endpoint<Req, Resp> next, std::string_view name,
                                  std::tuple<Run...> run) {
    if constexpr (sizeof...(Run) == 0) {
      return next;
    } else {
      const auto inner = next;
      endpoint<Req, Resp> around =
          detail::fused<Req, Resp, Run...>(std::move(run), std::move(next), name);
      return labelled<Run...>(std::move(around), inner);
    }
  }

  template <class Layer, class Req, class Resp>
  static endpoint<Req, Resp> apply(const Layer& layer, endpoint<Req, Resp> next,
                                   std::string_view name) {
    static_assert(middleware_for<Layer, Req, Resp>,
                  "a middleware must map endpoint<Req, Resp> to endpoint<Req, Resp>");
    const auto inner = next;
    if constexpr (std::is_invocable_v<const Layer&, endpoint<Req, Resp>, std::string_view>) {
      return labelled<Layer>(layer(std::move(next), name), inner);
    } else {
      return labelled<Layer>(layer(std::move(next)), inner);
    }
  }

  // A layer that has put others around, or nothing, has said what there is.
  template <class... Layers, class Req, class Resp>
  static endpoint<Req, Resp> labelled(endpoint<Req, Resp> around,
                                      const endpoint<Req, Resp>& inner) {
    if (!detail::endpoint_layers::same(around, inner) && around.layers().empty()) {
      std::vector<std::string> names{std::string(layer_name<Layers>())...};
      names.insert(names.end(), inner.layers().begin(), inner.layers().end());
      detail::endpoint_layers::set(around, std::move(names));
    }
    return around;
  }

  std::tuple<M...> layers_;
};

namespace detail {
template <class M>
std::tuple<M> layers_of(M m) {
  return std::tuple<M>(std::move(m));
}
template <class... M>
std::tuple<M...> layers_of(chained<M...> c) {
  return c.layers();
}
}  // namespace detail

/// Composes middlewares and interceptors; the first is outermost, i.e. sees a request first and its
/// response last. Chains inside are laid out flat. Source: Go kit's endpoint.Chain.
///
///     auto sum = kit::chain(log, limit, retry)(make_sum_endpoint(), "sum");
template <class First, class... Others>
auto chain(First first, Others... others) {
  static_assert(!detail::enters_wrongly<First> && (!detail::enters_wrongly<Others> && ...),
                "an interceptor's enter takes (kit::call&), or (kit::call&, state&)");
  static_assert(!detail::leaves_wrongly<First> && (!detail::leaves_wrongly<Others> && ...),
                "an interceptor's leave takes (kit::call&), or (kit::call&, state&)");
  static_assert(std::copy_constructible<First> && (std::copy_constructible<Others> && ...),
                "a middleware must be copyable, as each endpoint gets a copy: hold atomics and the "
                "like by shared_ptr");
  return std::apply(
      [](auto... layer) {
        return chained<decltype(layer)...>(std::tuple<decltype(layer)...>(std::move(layer)...));
      },
      std::tuple_cat(detail::layers_of(std::move(first)), detail::layers_of(std::move(others))...));
}

}  // namespace kit
