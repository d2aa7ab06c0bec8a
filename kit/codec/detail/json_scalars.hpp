#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include <kit/codec/detail/json_access.hpp>
#include <kit/reflect.hpp>

namespace kit::json {

template <class T>
  requires(std::same_as<T, bool> || integer<T> || std::same_as<T, double> || std::same_as<T, float>)
struct codec<T> {
  static constexpr unsigned kinds = bit(std::same_as<T, bool> ? kind::boolean : kind::number);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, T& v) { return r.read(v); }
  static bool encode(writer& w, T v) { return w.write(v); }
};

template <>
struct codec<std::string> {
  static constexpr unsigned kinds = bit(kind::string);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, std::string& v) { return r.read(v); }
  static bool encode(writer& w, const std::string& v) { return w.write(std::string_view(v)); }
};

// Texts that belong to somebody else can be written only.
template <>
struct codec<std::string_view> {
  static bool encode(writer& w, std::string_view v) { return w.write(v); }
};
template <>
struct codec<const char*> {
  static bool encode(writer& w, const char* v) {
    return v ? w.write(std::string_view(v)) : w.write_null();
  }
  static bool is_empty(const char* v) { return !v || !*v; }
};
template <std::size_t N>
struct codec<char[N]> {
  static bool encode(writer& w, const char (&v)[N]) {
    return w.write(std::string_view(v, v[N - 1] == '\0' ? N - 1 : N));
  }
};

template <>
struct codec<std::monostate> {
  static constexpr unsigned kinds = bit(kind::null);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, std::monostate&) { return r.read_null(); }
  static bool encode(writer& w, std::monostate) { return w.write_null(); }
  static bool is_empty(std::monostate) { return true; }
};

namespace detail {

/// Reads a string that is one of `names`; its index, or `count` after a failure.
std::size_t read_name(reader& r, const std::string_view* names, std::size_t count);
bool fail_nameless(writer& w, std::string_view type, long long value);

template <class E>
inline constexpr auto enum_names = [] {
  std::array<std::string_view, reflect::enum_entries<E>.size()> names{};
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = reflect::enum_entries<E>[i].name;
  return names;
}();

bool read_bytes(reader& r, std::vector<std::byte>& v);
bool read_bytes(reader& r, std::span<std::byte> v);
bool write_bytes(writer& w, std::span<const std::byte> v);

}  // namespace detail

/// Enums are the names of their enumerators, as `kit::reflect` knows them.
template <reflect::enumeration E>
  requires(!std::same_as<E, std::byte>)
struct codec<E> {
  static constexpr unsigned kinds = bit(kind::string);
  static constexpr bool by_names = true;  // for those who describe the type
  static constexpr bool overwrites = true;
  static bool decode(reader& r, E& v) {
    constexpr auto& names = detail::enum_names<E>;
    const std::size_t i = detail::read_name(r, names.data(), names.size());
    if (i == names.size()) return false;
    v = reflect::enum_entries<E>[i].value;
    return true;
  }
  static bool encode(writer& w, E v) {
    const std::string_view name = reflect::enum_name(v);
    if (!name.empty()) return w.write(name);
    return detail::fail_nameless(w, reflect::type_name<E>(), static_cast<long long>(v));
  }
};

/// Bytes are base64 text (RFC 4648).
template <>
struct codec<std::vector<std::byte>> {
  static constexpr unsigned kinds = bit(kind::string);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, std::vector<std::byte>& v) { return detail::read_bytes(r, v); }
  static bool encode(writer& w, const std::vector<std::byte>& v) {
    return detail::write_bytes(w, v);
  }
};
template <std::size_t N>
struct codec<std::array<std::byte, N>> {
  static constexpr unsigned kinds = bit(kind::string);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, std::array<std::byte, N>& v) { return detail::read_bytes(r, v); }
  static bool encode(writer& w, const std::array<std::byte, N>& v) {
    return detail::write_bytes(w, v);
  }
};

}  // namespace kit::json
