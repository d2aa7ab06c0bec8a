#pragma once

#include <concepts>
#include <cstddef>
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

#include <kit/detail/call_through.hpp>
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
    try {
      through.enter();
      while (through.waits())
        through.enter_after(co_await through.wait());
      if (through.refusal()) {
        r.emplace(fail(*std::move(through.refusal())));
      } else {
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
      }
    } catch (...) {
      r.emplace(fail(through.failure(s->next.layers().empty())));
    }
    if (const error* instead = through.leave(outcome(*r))) r.emplace(fail(*instead));
    co_return *std::move(r);
  }

  std::shared_ptr<shared> shared_;
};

}  // namespace detail

namespace detail {
/// The layer as it is for the endpoint of that name.
template <class M>
auto layer_for(const M& layer, std::string_view name) {
  if constexpr (requires { layer.for_endpoint(name); }) {
    return layer.for_endpoint(name);
  } else {
    return layer;
  }
}
template <class M>
using layer_for_t = decltype(layer_for(std::declval<const M&>(), std::string_view()));
}  // namespace detail

/// A layer of its own for each endpoint that it is put around, where a layer's copies share what
/// they count: `make()`, or `make(name)` with the endpoint's name, makes it.
///
///     kit::wrap(add, kit::per_endpoint([] { return circuit_breaker(); }));
template <class Make>
class per_endpoint {
 public:
  explicit per_endpoint(Make make) : make_(std::move(make)) {}

  auto for_endpoint(std::string_view name) const { return detail::layer_for(made(name), name); }

 private:
  auto made(std::string_view name) const {
    if constexpr (std::is_invocable_v<const Make&, std::string_view>) {
      return make_(name);
    } else {
      return make_();
    }
  }
  Make make_;
};

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
      auto layer = detail::layer_for(std::get<N - 1>(layers_), name);
      using layer_type = decltype(layer);
      if constexpr (interceptor<layer_type>) {
        return build<N - 1>(
            std::move(next), name,
            std::tuple_cat(std::tuple<layer_type>(std::move(layer)), std::move(run)));
      } else {
        auto inner = fuse(std::move(next), name, std::move(run));
        return build<N - 1>(apply(layer, std::move(inner), name), name, std::tuple<>());
      }
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

template <class Outer, class Inner>
consteval void check_order() {
  if constexpr (requires { Inner::template check_inside<Outer>(); }) {
    Inner::template check_inside<Outer>();
  }
  if constexpr (requires { Outer::template check_around<Inner>(); }) {
    Outer::template check_around<Inner>();
  }
}
/// Of layers from two arguments of `chain`; a chain inside has checked its own.
template <class... Outer, class... Inner>
consteval void check_order(std::type_identity<std::tuple<Outer...>>,
                           std::type_identity<std::tuple<Inner...>>) {
  const auto inside = []<class O>(std::type_identity<O>) {
    (check_order<layer_for_t<O>, layer_for_t<Inner>>(), ...);
  };
  (inside(std::type_identity<Outer>{}), ...);
}
/// The layers of one, which may be a chain, or make one for each endpoint.
template <class M>
using layers_in = decltype(layers_of(std::declval<layer_for_t<M>>()));
template <class Outer, class... Others>
consteval void check_orders() {
  if constexpr (sizeof...(Others) > 0) {
    using outer = layers_in<Outer>;
    (check_order(std::type_identity<outer>{}, std::type_identity<layers_in<Others>>{}), ...);
    check_orders<Others...>();
  }
}
}  // namespace detail

/// `chain`, for experts: whatever the order, see there.
template <class First, class... Others>
auto unchecked_chain(First first, Others... others) {
  static_assert(!detail::enters_wrongly<First> && (!detail::enters_wrongly<Others> && ...),
                "an interceptor's enter takes (kit::call&), or (kit::call&, state&)");
  static_assert(!detail::leaves_wrongly<First> && (!detail::leaves_wrongly<Others> && ...),
                "an interceptor's leave takes (kit::call&), or (kit::call&, state&)");
  static_assert(!detail::waits_wrongly<First> && (!detail::waits_wrongly<Others> && ...),
                "an interceptor's wait takes (kit::call&, state&) and returns "
                "asio::awaitable<kit::result<void>>");
  static_assert(std::copy_constructible<First> && (std::copy_constructible<Others> && ...),
                "a middleware must be copyable, as each endpoint gets a copy: hold atomics and the "
                "like by shared_ptr");
  return std::apply(
      [](auto... layer) {
        return chained<decltype(layer)...>(std::tuple<decltype(layer)...>(std::move(layer)...));
      },
      std::tuple_cat(detail::layers_of(std::move(first)), detail::layers_of(std::move(others))...));
}

/// Composes middlewares and interceptors; the first is outermost, i.e. sees a request first and its
/// response last. Chains inside are laid out flat. Source: Go kit's endpoint.Chain.
///
///     auto sum = kit::chain(log, limit, retry)(make_sum_endpoint(), "sum");
///
/// Some orders are mistakes, and don't compile: a layer says by static_assert, in a static member
/// template `consteval void check_inside<Outer>()`, which layers it must not be inside of, and in
/// `check_around<Inner>()` which ones must not be inside of it. Each pair is asked, by
/// `layer_name<Outer>()`. Who means it all the same writes `unchecked_chain`, which may be a part
/// of a chain.
template <class First, class... Others>
auto chain(First first, Others... others) {
  detail::check_orders<First, Others...>();
  return unchecked_chain(std::move(first), std::move(others)...);
}

}  // namespace kit
