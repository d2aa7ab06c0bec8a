#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include <kit/reflect.hpp>

#include "protobuf_everything.hpp"

/// Random messages with every type, and their equality.
namespace test {

template <class T>
concept pointer = requires(T& v) {
  *v;
  bool(v);
  v.reset();
};
template <class T>
concept map = requires { typename T::mapped_type; };
template <class T>
concept list = requires(T& v) {
  v.begin();
  v.clear();
};

// --- equality, independent of the codec -------------------------------------------------------

template <class T>
bool same(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, everything> || std::is_same_v<T, point> ||
                std::is_same_v<T, tree> || std::is_same_v<T, empty_message>) {
    const auto right = kit::reflect::members_of(b);
    bool ok = true;
    kit::reflect::for_each_field(a, [&]<class Field>(Field, const auto& left) {
      if (!Field::info.skip) ok = ok && same(left, kit::reflect::member<Field::index>(right));
    });
    return ok;
  } else if constexpr (pointer<T>) {
    return bool(a) == bool(b) && (!a || same(*a, *b));
  } else if constexpr (requires { a.valueless_by_exception(); }) {
    return a.index() == b.index() &&
           std::visit([&]<class V>(const V& v) { return same(v, std::get<V>(b)); }, a);
  } else if constexpr (map<T>) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
      return x.first == y.first && same(x.second, y.second);
    });
  } else if constexpr (list<T>) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
      return same<typename T::value_type>(x, y);
    });
  } else {
    return a == b;
  }
}

// --- random values ----------------------------------------------------------------------------

class value_source {
 public:
  explicit value_source(std::uint32_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  // Of any length in bits.
  std::uint64_t bits() { return engine_() >> below(64); }
  bool once_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

template <class T>
void fill(value_source& from, T& v, int depth);

template <class... Ts>
void fill_variant(value_source& from, std::variant<Ts...>& v, int depth) {
  const std::size_t wanted = from.below(sizeof...(Ts));
  [&]<std::size_t... Is>(std::index_sequence<Is...>) {
    ((Is == wanted ? fill(from, v.template emplace<Is>(), depth) : void()), ...);
  }(std::index_sequence_for<Ts...>{});
}

inline std::string random_text(value_source& from) {
  static constexpr const char* characters[] = {
      "a", "Z", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8d\xb5", " "};
  std::string out;
  for (auto n = from.once_in(20) ? from.below(3000) : from.below(20); n > 0; --n)
    out += characters[from.below(6)];
  return out;
}

template <class T>
void fill_list(value_source& from, T& v, int depth) {
  for (auto n = from.below(4); n > 0; --n) {
    typename T::value_type one{};
    fill(from, one, depth - 1);
    if constexpr (requires { typename T::key_type; }) {
      v.insert(std::move(one));
    } else {
      v.push_back(std::move(one));
    }
  }
}

template <class T>
void fill_map(value_source& from, T& v, int depth) {
  for (auto n = from.below(4); n > 0; --n) {
    typename T::key_type key{};
    fill(from, key, depth - 1);
    fill(from, v[std::move(key)], depth - 1);
  }
}

template <class T>
void fill(value_source& from, T& v, int depth) {
  if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, empty_message>) {
  } else if constexpr (std::is_same_v<T, bool>) {
    v = from.once_in(2);
  } else if constexpr (std::is_same_v<T, std::byte>) {
    v = static_cast<std::byte>(from.bits());
  } else if constexpr (std::is_same_v<T, hue>) {
    v = static_cast<hue>(from.bits());
  } else if constexpr (std::is_arithmetic_v<T>) {
    v = from.once_in(2) ? static_cast<T>(from.bits()) : static_cast<T>(~from.bits());
  } else if constexpr (std::is_same_v<T, std::string>) {
    v = random_text(from);
  } else if constexpr (requires { v.time_since_epoch(); }) {
    v = T(typename T::duration(static_cast<std::int64_t>(from.bits())));
  } else if constexpr (requires {
                         v.count();
                         T::period::den;
                       }) {
    v = T(static_cast<std::int64_t>(from.bits()) * (from.once_in(2) ? 1 : -1));
  } else if constexpr (requires { v.fill(v[0]); }) {
    for (auto& one : v)
      fill(from, one, depth);
  } else if constexpr (pointer<T>) {
    if (depth <= 0 || from.once_in(2)) return;
    using held = std::remove_cvref_t<decltype(*v)>;
    if constexpr (requires { v.emplace(); }) {
      fill(from, v.emplace(), depth - 1);
    } else {
      v = std::make_unique<held>();
      fill(from, *v, depth - 1);
    }
  } else if constexpr (requires { v.valueless_by_exception(); }) {
    fill_variant(from, v, depth);
  } else if constexpr (map<T>) {
    if (depth > 0) fill_map(from, v, depth);
  } else if constexpr (list<T>) {
    if (depth > 0) fill_list(from, v, depth);
  } else {
    kit::reflect::for_each_field(v, [&]<class Field>(Field, auto& field) {
      if (!Field::info.skip && !from.once_in(3)) fill(from, field, depth);
    });
  }
}

// A null pointer in a variant comes back as an empty message: there is no nothing in a oneof.
inline void settle(everything& v) {
  if (auto* next = std::get_if<std::unique_ptr<everything>>(&v.either)) {
    if (!*next) *next = std::make_unique<everything>();
    settle(**next);
  }
  if (auto* all = std::get_if<tree>(&v.either)) std::ranges::for_each(all->leaves, settle);
  if (v.next) settle(*v.next);
  std::ranges::for_each(v.list, settle);
}

inline everything random_message(std::uint32_t seed) {
  value_source from(seed);
  everything v;
  fill(from, v, 3);
  settle(v);
  return v;
}

}  // namespace test
