#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <kit/constraints/facts.hpp>
#include <kit/constraints/show.hpp>
#include <kit/constraints/unique.hpp>

/// The constraints that a field can have, see <kit/constraints.hpp>. All are constants.
///
/// Where the field is an `optional`, `unique_ptr` or `shared_ptr`, they are about what it holds,
/// and hold where that is nothing; `required` is about the field itself.
namespace kit {

/// One of one's own is any type with
///
///     bool holds(const V&) const;                 // for the types V of fields it is for
///     std::string wanted() const;                 // `a number that divides 360`
///     void describe(constraint_facts&) const;     // optional: for documents
///     std::string got(const V&) const;            // optional: what to show instead of the value
///     auto compile() const;                       // optional: what has `holds` instead
///
/// `compile` makes something that is costly to make, such as a pattern ready to be matched: once in
/// a program, when the field is first checked, or before that by `prepare_constraints`. It throws
/// `errc::invalid_argument` where the constraint itself is wrong.
template <class C>
concept constraint = requires(const C& c) {
  { c.wanted() } -> std::convertible_to<std::string>;
};

namespace detail {

/// Not defined: a constraint that calls it isn't a constant, and the compiler names it.
void the_least_is_more_than_the_most();
void a_divisor_is_not_positive();

struct no_limit {};

/// `1 to 5`, `at least 1`, `at most 5`, with the unit behind it.
std::string size_text(std::size_t min, std::size_t max, std::string_view unit);
std::size_t code_points(std::string_view text) noexcept;

template <class V, class L>
constexpr bool not_less(const V& v, const L& limit) {
  if constexpr (json::integer<V> && json::integer<L>) {
    return std::cmp_greater_equal(v, limit);
  } else if constexpr (std::floating_point<V>) {
    return v >= static_cast<V>(limit);  // 0.1f isn't less than 0.1
  } else if constexpr (std::is_arithmetic_v<V>) {
    return static_cast<L>(v) >= limit;
  } else {
    return v >= limit;
  }
}
template <class V, class L>
constexpr bool not_more(const V& v, const L& limit) {
  if constexpr (json::integer<V> && json::integer<L>) {
    return std::cmp_less_equal(v, limit);
  } else if constexpr (std::floating_point<V>) {
    return v <= static_cast<V>(limit);
  } else if constexpr (std::is_arithmetic_v<V>) {
    return static_cast<L>(v) <= limit;
  } else {
    return v <= limit;
  }
}

template <class V>
concept number_like = json::integer<V> || std::same_as<V, float> || std::same_as<V, double>;
template <class V, class L>
concept limited_by =
    std::same_as<L, no_limit> || (number_like<V> && number_like<L>) ||
    (!std::is_arithmetic_v<V> && !text_like<V> && requires(const V& v, const L& l) {
      { v >= l } -> std::convertible_to<bool>;
      { v <= l } -> std::convertible_to<bool>;
    });

template <class N>
constraint_facts::number number_fact(N n) {
  return {static_cast<long double>(n), show(n)};
}

template <class Low, class High, bool Open = false>
struct range_rule {
  Low min = {};
  High max = {};

  template <class V>
    requires(limited_by<V, Low> && limited_by<V, High>)
  constexpr bool holds(const V& v) const {
    bool good = v == v;  // no limit is one for what isn't a number
    if constexpr (!std::same_as<Low, no_limit>) {
      good = good && not_less(v, min) && !(Open && not_more(v, min));
    }
    if constexpr (!std::same_as<High, no_limit>) {
      good = good && not_more(v, max) && !(Open && not_less(v, max));
    }
    return good;
  }
  std::string wanted() const {
    if constexpr (std::same_as<High, no_limit>) {
      return (Open ? "more than " : "at least ") + show(min);
    } else if constexpr (std::same_as<Low, no_limit>) {
      return (Open ? "less than " : "at most ") + show(max);
    } else {
      return show(min) + " to " + show(max);
    }
  }
  void describe([[maybe_unused]] constraint_facts& f) const {
    if constexpr (number_like<Low>) {
      Open ? f.add_above(number_fact(min)) : f.add_minimum(number_fact(min));
    }
    if constexpr (number_like<High>) {
      Open ? f.add_below(number_fact(max)) : f.add_maximum(number_fact(max));
    }
  }
};

template <class N>
struct multiple_rule {
  N divisor;

  template <number_like V>
  bool holds(const V& v) const {
    if constexpr (json::integer<V> && json::integer<N>) {
      using wide = std::conditional_t<std::is_signed_v<V>, std::intmax_t, std::uintmax_t>;
      if (std::cmp_greater(divisor, std::numeric_limits<wide>::max())) return v == 0;
      return static_cast<wide>(v) % static_cast<wide>(divisor) == 0;
    } else {
      const double quotient = static_cast<double>(v) / static_cast<double>(divisor);
      constexpr double rounding = 1e-9;
      return std::abs(quotient - std::round(quotient)) <=
             rounding * std::max(1.0, std::abs(quotient));
    }
  }
  std::string wanted() const { return "a multiple of " + show(divisor); }
  void describe(constraint_facts& f) const { f.multiples_of.push_back(number_fact(divisor)); }
};

struct size_rule {
  static constexpr std::size_t any = SIZE_MAX;
  std::size_t min = 0;
  std::size_t max = any;

  void describe(constraint_facts& f) const {
    if (min > 0) f.add_min_size(min);
    if (max != any) f.add_max_size(max);
  }
};
struct length_rule : size_rule {
  template <text_like V>
  bool holds(const V& v) const {
    const std::string_view text(v);
    constexpr std::size_t longest = 4;  // bytes of a code point
    if (text.size() <= max && text.size() / longest >= min) return true;
    if (text.size() < min || text.size() / longest > max) return false;
    const auto n = code_points(text);
    return n >= min && n <= max;
  }
  template <text_like V>
  std::string got(const V& v) const {
    return show_count(code_points(v), "character");
  }
  std::string wanted() const { return size_text(min, max, "character"); }
};
struct items_rule : size_rule {
  template <range_like V>
  bool holds(const V& v) const {
    return std::size(v) >= min && std::size(v) <= max;
  }
  std::string wanted() const { return size_text(min, max, "item"); }
};
struct not_empty_rule {
  template <class V>
    requires(text_like<V> || range_like<V>)
  bool holds(const V& v) const {
    if constexpr (text_like<V>) {
      return !std::string_view(v).empty();
    } else {
      return std::size(v) > 0;
    }
  }
  static std::string wanted() { return "something that isn't empty"; }
  static void describe(constraint_facts& f) { f.add_min_size(1); }
};

struct unique_rule {
  template <range_like V>
    requires has_comparable_items<V>
  bool holds(const V& v) const {
    return !find_alike(v);
  }
  template <range_like V>
  std::string got(const V& v) const {
    const auto alike = find_alike(v);
    return "[" + std::to_string(alike->first) + "] and [" + std::to_string(alike->second) +
           "] alike";
  }
  static std::string wanted() { return "items that differ"; }
  static void describe(constraint_facts& f) { f.unique_items = true; }
};

template <class A, class B>
concept compared = (text_like<A> && text_like<B>) || (number_like<A> && number_like<B>) ||
                   (std::is_enum_v<A> && std::same_as<A, B>);

template <class C, std::size_t N>
struct one_of_rule {
  std::array<C, N> all;

  template <compared<C> V>
  bool holds(const V& v) const {
    for (const auto& c : all) {
      if (same(v, c)) return true;
    }
    return false;
  }
  std::string wanted() const {
    std::string out = N == 1 ? "" : "one of ";
    for (std::size_t i = 0; i < N; ++i)
      out.append(i > 0 ? ", " : "").append(show(all[i]));
    return out;
  }
  void describe(constraint_facts& f) const {
    std::vector<constraint_facts::constant> constants;
    for (const auto& c : all) {
      if constexpr (text_like<C>) {
        constants.push_back({std::string(c), true});
      } else {
        constants.push_back({show(c), std::is_enum_v<C>});
      }
    }
    f.add_values(std::move(constants));
  }

 private:
  template <class V>
  static bool same(const V& v, const C& c) {
    if constexpr (text_like<V>) {
      return std::string_view(v) == c;
    } else if constexpr (json::integer<V> && json::integer<C>) {
      return std::cmp_equal(v, c);
    } else if constexpr (std::is_enum_v<V>) {
      return v == c;
    } else {
      return not_less(v, c) && not_more(v, c);
    }
  }
};

template <auto Check>
struct predicate_rule {
  std::string_view text;

  template <class V>
    requires std::is_invocable_r_v<bool, decltype(Check), const V&>
  bool holds(const V& v) const {
    return Check(v);
  }
  std::string wanted() const { return std::string(text); }
};

// What follows is for the walk through a value, which knows these rules.

struct required_rule {
  static std::string wanted() { return "a value"; }
};
struct secret_rule {
  static std::string wanted() { return {}; }
};
template <class... Rules>
struct each_rule {
  std::tuple<Rules...> rules;
  static std::string wanted() { return {}; }
};
template <class... Rules>
struct keys_rule {
  std::tuple<Rules...> rules;
  static std::string wanted() { return {}; }
};

consteval size_rule checked_sizes(std::size_t min, std::size_t max) {
  if (min > max) the_least_is_more_than_the_most();
  return {min, max};
}

}  // namespace detail

/// Numbers from `min` to `max`, both included; NaN is none. Also durations, and whatever is
/// compared by `<=`: that isn't in documents.
template <class Low, class High>
consteval auto range(Low min, High max) {
  if (!detail::not_more(min, max)) detail::the_least_is_more_than_the_most();
  return detail::range_rule<Low, High>{min, max};
}
template <class Low>
consteval auto at_least(Low min) {
  return detail::range_rule<Low, detail::no_limit>{min, {}};
}
template <class High>
consteval auto at_most(High max) {
  return detail::range_rule<detail::no_limit, High>{{}, max};
}
/// More than that, not the limit itself.
template <class Low>
consteval auto above(Low limit) {
  return detail::range_rule<Low, detail::no_limit, true>{limit, {}};
}
/// Less than that, not the limit itself.
template <class High>
consteval auto below(High limit) {
  return detail::range_rule<detail::no_limit, High, true>{{}, limit};
}
/// Numbers that the divisor, a positive number, divides. Floating-point ones up to rounding: by
/// 1e-9 of the quotient.
template <class N>
  requires detail::number_like<N>
consteval auto multiple_of(N divisor) {
  if (!(divisor > 0)) detail::a_divisor_is_not_positive();
  return detail::multiple_rule<N>{divisor};
}

/// The length of texts in code points, as JSON Schema counts; each byte that isn't UTF-8 is one.
consteval auto length(std::size_t min, std::size_t max) {
  return detail::length_rule{detail::checked_sizes(min, max)};
}
consteval auto min_length(std::size_t min) {
  return detail::length_rule{{.min = min}};
}
consteval auto max_length(std::size_t max) {
  return detail::length_rule{{.max = max}};
}

/// The number of elements of containers and maps; of bytes in `std::vector<std::byte>`.
consteval auto items(std::size_t min, std::size_t max) {
  return detail::items_rule{detail::checked_sizes(min, max)};
}
consteval auto min_items(std::size_t min) {
  return detail::items_rule{{.min = min}};
}
consteval auto max_items(std::size_t max) {
  return detail::items_rule{{.max = max}};
}

/// Texts, containers and maps that aren't empty.
consteval auto not_empty() {
  return detail::not_empty_rule{};
}

/// Containers whose elements differ, which have `operator<`. With more than 16 elements it
/// allocates for a time; the time it takes is n log n.
consteval auto unique_items() {
  return detail::unique_rule{};
}

/// One of these: texts, numbers, or enumerators.
template <class... Constants>
consteval auto one_of(Constants... constants) {
  static_assert(sizeof...(Constants) > 0, "kit::one_of takes the values that there can be");
  if constexpr ((std::convertible_to<Constants, std::string_view> && ...)) {
    return detail::one_of_rule<std::string_view, sizeof...(Constants)>{{constants...}};
  } else {
    using common = std::common_type_t<Constants...>;
    return detail::one_of_rule<common, sizeof...(Constants)>{{constants...}};
  }
}

/// Whatever the function says: `kit::satisfies<is_iban>("an IBAN")`. It isn't in documents.
/// `wanted` lives as long as the program.
template <auto Check>
consteval auto satisfies(std::string_view wanted) {
  return detail::predicate_rule<Check>{wanted};
}

/// An optional or pointer that holds a value; a variant that isn't `std::monostate`.
consteval auto required() {
  return detail::required_rule{};
}

/// Violations of the field, and of what it holds, don't show its values.
consteval auto secret() {
  return detail::secret_rule{};
}

/// Constraints of each element of a container, or of each value of a map.
template <constraint... Rules>
consteval auto each(Rules... rules) {
  return detail::each_rule<Rules...>{{rules...}};
}
/// Constraints of each key of a map.
template <constraint... Rules>
consteval auto keys(Rules... rules) {
  return detail::keys_rule<Rules...>{{rules...}};
}

}  // namespace kit
