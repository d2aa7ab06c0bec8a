#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

#include <kit/codec/detail/json_access.hpp>
#include <kit/codec/detail/type_kinds.hpp>
#include <kit/reflect.hpp>

namespace kit::json {
namespace detail {

using codec_detail::container;
using codec_detail::is_optional;
using codec_detail::map;
using codec_detail::owner;
using codec_detail::sequence;
using codec_detail::set;

/// Makes what the optional or pointer is to hold.
template <class T, class V>
V& refill(T& v) {
  if constexpr (is_optional<T>) {
    if constexpr (starts_from_default<V>) {
      return v.emplace();
    } else {
      return v.emplace(initial<V>());
    }
  } else {
    std::unique_ptr<V> fresh;
    if constexpr (starts_from_default<V>) {
      fresh = std::make_unique<V>();
    } else {
      fresh = std::make_unique<V>(initial<V>());
    }
    V& value = *fresh;
    v = std::move(fresh);
    return value;
  }
}

/// Adds an element to be decoded into, where the container gives access to it.
template <class T>
decltype(auto) add_element(T& v) {
  using value_type = typename T::value_type;
  if constexpr (starts_from_default<value_type>) {
    return v.emplace_back();
  } else {
    return v.emplace_back(initial<value_type>());
  }
}

/// A key made of a member's name; false after a failure.
template <class K>
std::optional<K> read_key(reader& r, std::string_view name) {
  if constexpr (std::constructible_from<K, std::string_view>) {
    return K(name);
  } else if constexpr (integer<K>) {
    K key{};
    const char* const end = name.data() + name.size();
    const auto [last, status] = std::from_chars(name.data(), end, key);
    if (status == std::errc() && last == end) return key;
  } else {
    static_assert(std::is_enum_v<K>, "kit::json: keys of a map are strings, integers or enums");
    if (auto key = reflect::enum_from_name<K>(name)) return key;
  }
  r.fail("not a key of this map");
  return std::nullopt;
}

template <class K, class V>
bool write_entry(writer& w, const K& key, const V& value) {
  if constexpr (std::convertible_to<const K&, std::string_view>) {
    return w.member(key, value);
  } else if constexpr (integer<K>) {
    char digits[24];
    const char* const end = std::to_chars(digits, digits + sizeof digits, key).ptr;
    return w.member(std::string_view(digits, static_cast<std::size_t>(end - digits)), value);
  } else {
    const std::string_view name = reflect::enum_name(key);
    return name.empty() ? w.fail("a key of the map has no name") : w.member(name, value);
  }
}

/// `expected <n> elements, got <count>`, at the array.
bool fail_count(reader& r, std::size_t n, std::size_t got);

bool read_tuple(reader& r, const decode_function* functions, void* const* elements, std::size_t n);
bool write_tuple(writer& w, const encode_function* functions, const void* const* elements,
                 std::size_t n);

template <class T, class V>
bool read_fixed(reader& r, T& v, std::size_t n) {
  std::size_t i = 0;
  const auto read_element = [&] {
    return i == n ? fail_count(r, n, n + 1) : codec<V>::decode(r, v[i++]);
  };
  return r.read_array(read_element) && (i == n || fail_count(r, n, i));
}
template <class T, class V>
bool write_elements(writer& w, const T& v) {
  return w.write_array([&] {
    for (const auto& element : v) {
      if (!w.element(static_cast<const V&>(element))) return false;
    }
    return true;
  });
}

}  // namespace detail

/// Sequences are arrays. What was in them before is dropped.
template <detail::sequence T>
struct codec<T> {
  using value_type = typename T::value_type;
  static constexpr unsigned kinds = bit(kind::array);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, T& v) {
    v.clear();
    return r.read_array([&] {
      if constexpr (std::same_as<decltype(detail::add_element(v)), value_type&>) {
        return codec<value_type>::decode(r, detail::add_element(v));
      } else {
        value_type element = detail::initial<value_type>();
        if (!codec<value_type>::decode(r, element)) return false;
        v.push_back(std::move(element));
        return true;
      }
    });
  }
  static bool encode(writer& w, const T& v) { return detail::write_elements<T, value_type>(w, v); }
};

/// Sets are arrays; an element that comes twice is there once.
template <detail::set T>
struct codec<T> {
  using value_type = typename T::value_type;
  static constexpr unsigned kinds = bit(kind::array);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, T& v) {
    v.clear();
    return r.read_array([&] {
      value_type element = detail::initial<value_type>();
      if (!codec<value_type>::decode(r, element)) return false;
      v.insert(std::move(element));
      return true;
    });
  }
  static bool encode(writer& w, const T& v) { return detail::write_elements<T, value_type>(w, v); }
};

/// Maps are objects, in the order of the map.
template <detail::map T>
struct codec<T> {
  using mapped = typename T::mapped_type;
  static constexpr unsigned kinds = bit(kind::object);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, T& v) {
    v.clear();
    return r.read_object([&](std::string_view name) {
      auto key = detail::read_key<typename T::key_type>(r, name);
      if (!key) return false;
      if (const auto old = v.find(*key); old != v.end()) {
        if (r.options().refuse_duplicates) return r.fail("duplicate field");
        v.erase(old);
      }
      if constexpr (detail::starts_from_default<mapped>) {
        return codec<mapped>::decode(r, v.try_emplace(std::move(*key)).first->second);
      } else {
        return codec<mapped>::decode(
            r, v.try_emplace(std::move(*key), detail::initial<mapped>()).first->second);
      }
    });
  }
  static bool encode(writer& w, const T& v) {
    return w.write_object([&] {
      for (const auto& [key, value] : v) {
        if (!detail::write_entry(w, key, value)) return false;
      }
      return true;
    });
  }
};

/// An optional, `unique_ptr` or `shared_ptr` that holds nothing is null.
template <detail::owner T>
struct codec<T> {
  using value_type = codec_detail::owned_type<T>;
  static constexpr unsigned kinds = detail::kinds_of<value_type>() | bit(kind::null);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, T& v) {
    if (r.peek() != kind::null) {
      return codec<value_type>::decode(r, detail::refill<T, value_type>(v));
    }
    v = T{};
    return r.read_null();
  }
  static bool encode(writer& w, const T& v) {
    return v ? codec<value_type>::encode(w, *v) : w.write_null();
  }
  static bool is_empty(const T& v) { return !v; }
};

/// Arrays have exactly as many elements.
template <class T, std::size_t N>
struct codec<std::array<T, N>> {
  static constexpr unsigned kinds = bit(kind::array);
  static constexpr bool overwrites = detail::overwrites<T>();
  static bool decode(reader& r, std::array<T, N>& v) {
    return detail::read_fixed<std::array<T, N>, T>(r, v, N);
  }
  static bool encode(writer& w, const std::array<T, N>& v) {
    return detail::write_elements<std::array<T, N>, T>(w, v);
  }
};
template <class T, std::size_t N>
struct codec<T[N]> {
  static constexpr unsigned kinds = bit(kind::array);
  static constexpr bool overwrites = detail::overwrites<T>();
  static bool decode(reader& r, T (&v)[N]) { return detail::read_fixed<T[N], T>(r, v, N); }
  static bool encode(writer& w, const T (&v)[N]) { return detail::write_elements<T[N], T>(w, v); }
};

/// Pairs and tuples are arrays of exactly their elements.
template <class... Ts>
struct codec<std::tuple<Ts...>> {
  static constexpr unsigned kinds = bit(kind::array);
  static constexpr bool overwrites = (detail::overwrites<Ts>() && ...);
  static bool decode(reader& r, std::tuple<Ts...>& v) {
    static constexpr std::array<detail::decode_function, sizeof...(Ts)> functions{
        &detail::decode_value<Ts>...};
    const auto elements = std::apply(
        [](Ts&... e) { return std::array<void*, sizeof...(Ts)>{std::addressof(e)...}; }, v);
    return detail::read_tuple(r, functions.data(), elements.data(), sizeof...(Ts));
  }
  static bool encode(writer& w, const std::tuple<Ts...>& v) {
    static constexpr std::array<detail::encode_function, sizeof...(Ts)> functions{
        &detail::encode_value<Ts>...};
    const auto elements = std::apply(
        [](const Ts&... e) { return std::array<const void*, sizeof...(Ts)>{std::addressof(e)...}; },
        v);
    return detail::write_tuple(w, functions.data(), elements.data(), sizeof...(Ts));
  }
};
template <class A, class B>
struct codec<std::pair<A, B>> {
  static constexpr unsigned kinds = bit(kind::array);
  static constexpr bool overwrites = detail::overwrites<A>() && detail::overwrites<B>();
  static bool decode(reader& r, std::pair<A, B>& v) {
    static constexpr std::array functions{&detail::decode_value<A>, &detail::decode_value<B>};
    void* const elements[] = {std::addressof(v.first), std::addressof(v.second)};
    return detail::read_tuple(r, functions.data(), elements, 2);
  }
  static bool encode(writer& w, const std::pair<A, B>& v) {
    static constexpr std::array functions{&detail::encode_value<A>, &detail::encode_value<B>};
    const void* const elements[] = {std::addressof(v.first), std::addressof(v.second)};
    return detail::write_tuple(w, functions.data(), elements, 2);
  }
};

}  // namespace kit::json
