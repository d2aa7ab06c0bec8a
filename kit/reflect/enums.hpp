#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kit/reflect/name.hpp>
#include <kit/reflect/traits.hpp>

namespace kit::reflect {

/// An enumerator: its value and its name.
template <class E>
struct enum_entry {
  E value;
  std::string_view name;
};

namespace detail {

#if defined(__clang__) && __clang_major__ < 20
// There a warning and no substitution failure: `castable` says yes, and the cast does no harm.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wenum-constexpr-conversion"
#endif

/// Of an enum without fixed underlying type only the values that fit the bits of its enumerators
/// can be cast to in a constant expression.
template <auto>
struct constant {};
template <class E, int V>
concept castable = requires { constant<static_cast<E>(V)>{}; };
template <class E>
concept fixed_underlying = requires { E{0}; };

/// The largest 2^n - 1, and the least -2^n, that can be cast to; at most 16 bits.
template <class E, int V>
consteval int highest_castable() {
  if constexpr (V < 32767 && castable<E, 2 * V + 1>) {
    return highest_castable<E, 2 * V + 1>();
  } else {
    return V;
  }
}
template <class E, int V>
consteval int lowest_castable() {
  constexpr int next = V == 0 ? -1 : 2 * V;
  if constexpr (V > -32768 && castable<E, next>) {
    return lowest_castable<E, next>();
  } else {
    return V;
  }
}

/// Names are looked for in [first, first + count).
struct enum_range {
  int first;
  std::size_t count;
};

template <class E>
consteval enum_range range_of() {
  using limits = std::numeric_limits<std::underlying_type_t<E>>;
  long long first = -128, last = 127;
  if constexpr (requires { reflect_traits<E>::min; }) first = reflect_traits<E>::min;
  if constexpr (requires { reflect_traits<E>::max; }) last = reflect_traits<E>::max;
  constexpr auto least = static_cast<long long>(limits::min());
  constexpr auto most = static_cast<unsigned long long>(limits::max());
  // NOLINTBEGIN(readability-use-std-min-max): <algorithm> would cost each user's build
  if (first < least) first = least;
  if (last > 0 && static_cast<unsigned long long>(last) > most) last = static_cast<long long>(most);
  if constexpr (!fixed_underlying<E>) {
    constexpr int lowest = lowest_castable<E, 0>(), highest = highest_castable<E, 0>();
    if (first < lowest) first = lowest;
    if (last > highest) last = highest;
  }
  // NOLINTEND(readability-use-std-min-max)
  if (last < first) return {0, 0};
  return {static_cast<int>(first), static_cast<std::size_t>(last - first + 1)};
}

/// All values of the range in one pretty name: much cheaper to compile than one name for each.
template <class E, E... Values>
consteval auto pretty_values() {
  return std::string_view(__PRETTY_FUNCTION__, sizeof(__PRETTY_FUNCTION__) - 1);
}
template <class E, int First, std::size_t... Is>
consteval std::string_view pretty_range(std::index_sequence<Is...>) {
  using underlying = std::underlying_type_t<E>;
  return pretty_values<E, __builtin_bit_cast(E, static_cast<underlying>(First + int(Is)))...>();
}

#if defined(__clang__) && __clang_major__ < 20
#pragma clang diagnostic pop
#endif

/// One enumerator found: its place in the range, and its name in the pretty name.
struct found_name {
  std::size_t index = 0;
  const char* name = nullptr;
  std::size_t size = 0;
};
template <std::size_t Count>
struct found_names {
  std::array<found_name, Count> names{};
  std::size_t count = 0;
  std::size_t bytes = 0;  // of all names together

  constexpr void push(std::size_t index, const char* start, const char* end) {
    const char* name = end;
    while (name != start && is_identifier(name[-1]))
      --name;
    names[count++] = {index, name, static_cast<std::size_t>(end - name)};
    bytes += static_cast<std::size_t>(end - name);
  }
};

/// The end of the text up to `)`, or up to what ends a value in the list.
constexpr const char* skip_value(const char* at, bool to_parenthesis) {
  for (int depth = 0;; ++at) {
    const char c = *at;
    if (c == '(' || c == '<' || c == '{') ++depth;
    if (depth == 0) {
      if (to_parenthesis ? c == ')' : c == ',' || c == '>' || c == '}') return at;
    }
    if (c == ')' || c == '>' || c == '}') --depth;
  }
}

/// Finds those of the values that have a name. The others read `(color)5`: the length of the cast
/// is measured once, then stepped over.
template <std::size_t Count>
consteval found_names<Count> parse_values(const char* at) {
  found_names<Count> found;
  std::ptrdiff_t cast = 0;
  for (std::size_t i = 0; i < Count; ++i, at += 2) {
    const char* const start = at;
    if (*at == '(') {
      if (cast == 0) cast = skip_value(at + 1, true) + 1 - at;
      at += cast;
      if (*at == '-' || (*at >= '0' && *at <= '9')) {
        while (*at == '-' || (*at >= '0' && *at <= '9'))
          ++at;
        continue;
      }
      at = start;  // `(anonymous namespace)::e::x` starts like a cast
      cast = 0;
    }
    at = skip_value(at, false);
    found.push(i, start, at);
  }
  return found;
}

/// The named enumerators of the range, their names stored without the rest of the pretty name.
template <class E>
struct enum_names {
  static constexpr enum_range range = range_of<E>();

  static consteval auto find() {
    if constexpr (range.count > 0) {
      constexpr std::string_view pretty =
          pretty_range<E, range.first>(std::make_index_sequence<range.count>{});
      constexpr std::string_view head = "Values = ";
      return parse_values<range.count>(pretty.data() + pretty.find(head) + head.size() + 1);
    } else {
      return found_names<0>{};
    }
  }
  static constexpr auto found = find();

  static consteval auto store() {
    stored_text<found.bytes> out;
    for (std::size_t i = 0; i < found.count; ++i) {
      const found_name& f = found.names[i];
      for (std::size_t k = 0; k < f.size; ++k)
        out.push(f.name[k]);
    }
    return out;
  }
  static constexpr auto text = store();

  static constexpr E value(std::size_t i) {
    return static_cast<E>(range.first + static_cast<int>(found.names[i].index));
  }
  static constexpr bool contains(E e) {
    for (std::size_t i = 0; i < found.count; ++i) {
      if (value(i) == e) return true;
    }
    return false;
  }
};

template <class E>
consteval auto no_rules() {
  if constexpr (requires { reflect_traits<E>::enumerators; }) {
    return reflect_traits<E>::enumerators;
  } else {
    return enumerator_rules<>{};
  }
}

template <class E, auto... Es>
consteval std::size_t count_new(const enumerator_rules<enumerator_rule<Es>...>&) {
  static_assert((std::is_same_v<decltype(Es), E> && ...),
                "kit::reflect_traits<E>::enumerators names an enumerator of another type");
  return (std::size_t{0} + ... + (enum_names<E>::contains(Es) ? 0U : 1U));
}

template <class E, std::size_t N>
consteval void add_rule(std::array<enum_entry<E>, N>& out, std::size_t& n, E value,
                        std::string_view name) {
  for (std::size_t i = 0; i < n; ++i) {
    if (out[i].value == value) {
      out[i].name = name;
      return;
    }
  }
  out[n++] = {value, name};
}

template <class E, std::size_t N, auto... Es>
consteval void add_rules(std::array<enum_entry<E>, N>& out, [[maybe_unused]] std::size_t n,
                         const enumerator_rules<enumerator_rule<Es>...>& rules) {
  (add_rule(out, n, Es, static_cast<const enumerator_rule<Es>&>(rules).name), ...);
}

template <class E>
consteval auto make_enum_table() {
  using names = enum_names<E>;
  constexpr std::size_t n = names::found.count;
  std::array<enum_entry<E>, n + count_new<E>(no_rules<E>())> out{};
  std::size_t start = 0;
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = {names::value(i), names::text.view().substr(start, names::found.names[i].size)};
    start += names::found.names[i].size;
  }
  add_rules(out, n, no_rules<E>());
  return out;
}

template <class E, std::size_t N>
consteval bool all_distinct(const std::array<enum_entry<E>, N>& entries) {
  if constexpr (!requires { reflect_traits<E>::enumerators; }) return true;
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (entries[i].name == entries[k].name) return false;
    }
  }
  return true;
}

template <class E>
struct enum_table {
  static constexpr auto value = make_enum_table<E>();
  static_assert(all_distinct(value), "two enumerators have the same name; see kit::reflect_traits");
};

}  // namespace detail

template <class T>
concept enumeration = std::is_enum_v<T>;

/// All named enumerators, those found in the range by ascending value, then those that
/// `reflect_traits<E>::enumerators` added. Names are looked for from -128 to 127;
/// `reflect_traits<E>` widens or narrows that with `static constexpr int min = ..., max = ...;`.
/// Of enumerators with equal values one is known. Combinations of flags have no name.
template <enumeration E>
inline constexpr const auto& enum_entries = detail::enum_table<E>::value;

/// The enumerator's name; empty for a value without one.
template <enumeration E>
constexpr std::string_view enum_name(E value) noexcept {
  // Mostly the values are 0, 1, 2 ...
  const auto guess = static_cast<std::size_t>(static_cast<std::underlying_type_t<E>>(value));
  if (guess < enum_entries<E>.size() && enum_entries<E>[guess].value == value) {
    return enum_entries<E>[guess].name;
  }
  for (const auto& entry : enum_entries<E>) {
    if (entry.value == value) return entry.name;
  }
  return {};
}

/// The enumerator of that name, case-sensitive.
template <enumeration E>
constexpr std::optional<E> enum_from_name(std::string_view name) noexcept {
  for (const auto& entry : enum_entries<E>) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

}  // namespace kit::reflect
