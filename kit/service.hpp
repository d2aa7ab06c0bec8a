#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include <kit/chain.hpp>
#include <kit/endpoint.hpp>
#include <kit/reflect.hpp>

namespace kit {

namespace detail {
template <class S, std::size_t... Is>
consteval bool all_endpoints(std::index_sequence<Is...>) {
  return (is_endpoint<reflect::field_type<S, Is>> && ...);
}
}  // namespace detail

/// A service: a plain struct whose members are all endpoints. Their names are the fields' names, as
/// `reflect_traits` may have changed them.
template <class S>
concept service = reflect::aggregate<S> && reflect::field_count<S> > 0 &&
                  detail::all_endpoints<S>(std::make_index_sequence<reflect::field_count<S>>{});

/// Calls `f(name, endpoint)` for each endpoint in order; `name` is a string literal's view.
template <class S, class F>
  requires service<std::remove_const_t<S>>
void for_each_endpoint(S& s, F&& f) {
  reflect::for_each_field(s, [&f](auto field, auto& ep) { f(field.name(), ep); });
}

/// Puts middlewares around every endpoint of a service, each told the endpoint's name; the first is
/// outermost, and neighbouring interceptors are fused, see `chain`.
///
///     auto add = kit::wrap(make_add_service(), instrument, limit, trace);
template <service S, class... Middleware>
S wrap(S s, Middleware... layers) {
  const auto around = chain(std::move(layers)...);
  for_each_endpoint(
      s, [&around](std::string_view name, auto& ep) { ep = around(std::move(ep), name); });
  return s;
}

/// Builds a service from one function that makes an endpoint: how a client of any transport comes
/// about. `make(name, std::type_identity<Req>{}, std::type_identity<Resp>{})` returns what
/// `endpoint<Req, Resp>` can be made of.
template <service S, class F>
S make_service(F&& make) {
  return reflect::make<S>([&make](auto field) {
    using ep = typename decltype(field)::type;
    return ep(make(field.name(), std::type_identity<typename ep::request_type>{},
                   std::type_identity<typename ep::response_type>{}));
  });
}

}  // namespace kit
