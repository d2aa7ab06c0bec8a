#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include <kit/reflect/bind.hpp>

namespace kit::reflect::detail {

inline constexpr std::size_t max_fields = 64;

/// Converts to a proper base of `T` only: finds out whether the first element is a base class.
template <class T>
struct base_initializer {
  template <class U>
    requires(std::is_base_of_v<U, T> && !std::is_same_v<U, T>)
  operator U() const;
};

/// Converts to nothing: what takes it as well takes anything.
struct no_initializer {};

template <class T>
concept has_base = requires { T{base_initializer<T>{}}; } && !requires { T{no_initializer{}}; };

// The common case: all members can be left out. `{}` initializes exactly one member whatever its
// type, so the longest list of `{}` is the answer, and needs no conversion that could be ambiguous.

template <class T, std::size_t N = 1>
consteval std::size_t first_power_without_braces() {
  if constexpr (N > max_fields) {
    return max_fields + 1;
  } else if constexpr (binder<N>::template braces<T>) {
    return first_power_without_braces<T, N * 2>();
  } else {
    return N;
  }
}

template <class T, std::size_t Yes, std::size_t No>
consteval std::size_t bisect_braces() {
  constexpr std::size_t middle = (Yes + No) / 2;
  if constexpr (middle == Yes) {
    return Yes;
  } else if constexpr (binder<middle>::template braces<T>) {
    return bisect_braces<T, middle, No>();
  } else {
    return bisect_braces<T, Yes, middle>();
  }
}

// The other case: some member must be given. Counts initializers of any type first; a C array then
// counts once for each of its elements (brace elision), which a `{}` in its place uncovers.

inline constexpr std::size_t max_flat = 4 * max_fields;

template <class T, std::size_t... Before, std::size_t... After>
consteval bool takes(std::index_sequence<Before...>, std::index_sequence<After...>) {
  return requires {
    T{((void)Before, any_initializer{})..., {}, ((void)After, any_initializer{})...};
  };
}
template <class T, std::size_t... Is>
consteval bool takes(std::index_sequence<Is...>) {
  return requires { T{((void)Is, any_initializer{})...}; };
}

/// The longest list of initializers, where T needs some. 0: none was found.
template <class T, std::size_t N = 1, bool Found = false>
consteval std::size_t flat_count() {
  if constexpr (N > max_flat) {
    return Found ? max_flat + 1 : 0;
  } else if constexpr (takes<T>(std::make_index_sequence<N>{})) {
    return flat_count<T, N + 1, true>();
  } else if constexpr (Found) {
    return N - 1;
  } else {
    return flat_count<T, N + 1, false>();
  }
}

/// How many initializers the member at that place uses up: 1, or an array's size.
template <class T, std::size_t Flat, std::size_t At, std::size_t After = Flat - At - 1>
consteval std::size_t width_at() {
  if constexpr (takes<T>(std::make_index_sequence<At>{}, std::make_index_sequence<After>{})) {
    return Flat - At - After;
  } else if constexpr (After == 0) {
    return 1;  // `{}` is no initializer for it, so it's the kind that must be given
  } else {
    return width_at<T, Flat, At, After - 1>();
  }
}

template <class T, std::size_t Flat, std::size_t At = 0>
consteval std::size_t count_from() {
  if constexpr (At >= Flat) {
    return 0;
  } else {
    return 1 + count_from<T, Flat, At + width_at<T, Flat, At>()>();
  }
}

template <class T>
consteval std::size_t count_fields() {
  static_assert(std::is_aggregate_v<T> && !std::is_union_v<T> && !std::is_array_v<T>,
                "reflection needs a plain struct: no constructors, no private members");
  static_assert(!has_base<T>, "reflection of a struct with base classes isn't supported");
  if constexpr (binder<0>::template braces<T>) {
    constexpr std::size_t n = bisect_braces<T, 0, first_power_without_braces<T>()>();
    if constexpr (!binder<n>::template more<T>) {
      return n;
    } else {
      static_assert(n < max_fields, "reflection supports structs of up to 64 members");
      return count_from<T, flat_count<T>()>();
    }
  } else {
    constexpr std::size_t flat = flat_count<T>();
    static_assert(flat > 0, "reflection cannot count the members (a reference member?)");
    static_assert(flat <= max_flat, "reflection supports structs of up to 64 members");
    return count_from<T, flat>();
  }
}

}  // namespace kit::reflect::detail
