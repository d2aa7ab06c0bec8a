#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <kit/constraints/rules.hpp>
#include <kit/reflect.hpp>

namespace kit {

/// The constraints of a struct's fields: specialize it, see <kit/constraints.hpp>.
template <class T>
struct constraints {};

namespace detail {

template <auto Member, class... Rules>
struct constrained_field {
  static constexpr auto member = Member;
  std::tuple<Rules...> rules;
};
template <class... Fields>
struct constrained_fields {
  static constexpr std::size_t count = sizeof...(Fields);
  template <std::size_t I>
  using field = std::tuple_element_t<I, std::tuple<Fields...>>;

  std::tuple<Fields...> all;
};

template <class T>
concept has_rules = requires { constraints<T>::fields; };
template <class T>
concept is_opaque = requires { requires constraints<T>::opaque; };
template <class T, class Found>
concept has_check = requires(const T& v, Found& found) { constraints<T>::check(v, found); };
template <class T>
concept names_check = requires { &constraints<T>::check; };

inline constexpr std::size_t no_rules = SIZE_MAX;

/// Which of the fields in `constraints<T>` the member is; `no_rules`: none of them.
template <class T, std::size_t Member>
consteval std::size_t rules_of_member() {
  std::size_t found = no_rules;
  if constexpr (has_rules<T>) {
    using fields = std::remove_cvref_t<decltype(constraints<T>::fields)>;
    [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      ((reflect::detail::index_of<T, fields::template field<Is>::member>() == Member
            ? void(found = Is)
            : void()),
       ...);
    }(std::make_index_sequence<fields::count>{});
  }
  return found;
}

/// Whether no member stands twice in `constraints<T>`.
template <class T>
consteval bool members_differ() {
  if constexpr (has_rules<T>) {
    using fields = std::remove_cvref_t<decltype(constraints<T>::fields)>;
    return []<std::size_t... Is>(std::index_sequence<Is...>) {
      return (
          (rules_of_member<T,
                           reflect::detail::index_of<T, fields::template field<Is>::member>()>() ==
           Is) &&
          ...);
    }(std::make_index_sequence<fields::count>{});
  } else {
    return true;
  }
}

/// What holds one value or nothing.
template <class T>
inline constexpr bool is_owner = false;
template <class T>
inline constexpr bool is_owner<std::optional<T>> = true;
template <class T, class D>
inline constexpr bool is_owner<std::unique_ptr<T, D>> = !std::is_array_v<T>;
template <class T>
inline constexpr bool is_owner<std::shared_ptr<T>> = !std::is_array_v<T>;

template <class T>
using owned = std::remove_cvref_t<decltype(*std::declval<const T&>())>;
template <class C>
using element_of = std::remove_cvref_t<decltype(*std::begin(std::declval<const C&>()))>;

template <class T>
concept map_like = range_like<T> && requires {
  typename T::key_type;
  typename T::mapped_type;
};

template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;
template <class T>
inline constexpr bool may_be_nothing = is_owner<T>;
template <class... Ts>
inline constexpr bool may_be_nothing<std::variant<std::monostate, Ts...>> = true;
template <class T>
inline constexpr bool is_tuple = false;
template <class... Ts>
inline constexpr bool is_tuple<std::tuple<Ts...>> = true;
template <class A, class B>
inline constexpr bool is_tuple<std::pair<A, B>> = true;

/// A struct that the walk goes through.
template <class T>
concept walked_struct = reflect::aggregate<T> && !range_like<T> && !text_like<T> && !is_opaque<T> &&
                        !reflect::detail::has_base<T>;

template <class... Ts>
struct types {
  static constexpr std::size_t count = sizeof...(Ts);
  template <std::size_t I>
  using at = std::tuple_element_t<I, std::tuple<Ts...>>;

  /// Calls `f.operator()<T>()` for each.
  template <class F>
  static constexpr void for_each(F f) {
    (void)f;
    (f.template operator()<Ts>(), ...);
  }

  /// With that type at the end, unless it is there.
  template <class T>
  friend consteval auto operator+(types, std::type_identity<T>) {
    if constexpr ((std::same_as<T, Ts> || ...)) {
      return types();
    } else {
      return types<Ts..., T>();
    }
  }
  template <class... More>
  friend consteval auto operator+(types, types<More...>) {
    return (types() + ... + std::type_identity<More>());
  }
};

template <template <class...> class V, class... Parts>
types<std::remove_cv_t<Parts>...> arguments_of(std::type_identity<V<Parts...>>);

/// The types that a T holds directly, as far as the walk goes.
template <class T>
consteval auto parts_of() {
  if constexpr (is_owner<T>) {
    return types<owned<T>>();
  } else if constexpr (map_like<T>) {
    return types<typename T::mapped_type>();
  } else if constexpr (range_like<T>) {
    return types<element_of<T>>();
  } else if constexpr (is_variant<T> || is_tuple<T>) {
    return decltype(arguments_of(std::type_identity<T>()))();
  } else if constexpr (walked_struct<T>) {
    return []<std::size_t... Is>(std::index_sequence<Is...>) {
      return types<std::remove_cv_t<reflect::field_type<T, Is>>...>();
    }(std::make_index_sequence<reflect::field_count<T>>{});
  } else {
    return types<>();
  }
}

/// With all that those from `Next` on hold: each type once, as types may contain themselves.
template <class Types, std::size_t Next = 0>
consteval auto with_parts() {
  if constexpr (Next == Types::count) {
    return Types();
  } else {
    using more = decltype(Types() + parts_of<typename Types::template at<Next>>());
    return with_parts<more, Next + 1>();
  }
}
/// The type and all that it holds.
template <class T>
using reachable = decltype(with_parts<types<T>>());

template <class T>
consteval bool is_constrained() {
  if constexpr (has_rules<T> || names_check<T>) {
    return true;
  } else {
    return []<class... Ps>(types<Ps...>) {
      return ((has_rules<Ps> || names_check<Ps>) || ...);
    }(reachable<T>());
  }
}

}  // namespace detail

/// Whether there are constraints of that type, or of any that it holds.
template <class T>
inline constexpr bool constrained = detail::is_constrained<std::remove_cv_t<T>>();

}  // namespace kit
