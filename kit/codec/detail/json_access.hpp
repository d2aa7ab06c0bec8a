#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include <kit/codec/json_reader.hpp>
#include <kit/codec/json_writer.hpp>
#include <kit/reflect.hpp>

/// How the codecs of different types use each other, and what they may leave out.
namespace kit::json::detail {

template <class T>
inline constexpr bool always_false = false;

/// The kinds of values that T is decoded from.
template <class T>
consteval unsigned kinds_of() {
  if constexpr (requires { codec<T>::kinds; }) {
    return codec<T>::kinds;
  } else {
    return any_kind;
  }
}

/// Whether decoding into a used object gives the same as into a fresh one.
template <class T>
consteval bool overwrites() {
  if constexpr (requires { codec<T>::overwrites; }) {
    return codec<T>::overwrites;
  } else {
    return false;
  }
}

template <class T>
concept has_own_initial = requires {
  { codec<T>::initial() } -> std::same_as<T>;
};
template <class T>
concept starts_from_default = std::default_initializable<T> && !has_own_initial<T>;

/// The value that decoding starts from.
template <class T>
T initial() {
  if constexpr (has_own_initial<T>) {
    return codec<T>::initial();
  } else if constexpr (starts_from_default<T>) {
    return T{};
  } else {
    static_assert(reflect::aggregate<T>,
                  "kit::json decodes into a value that is there already: give this type a default "
                  "constructor, or its kit::json::codec a static function initial()");
    return reflect::make<T>([](auto field) { return initial<typename decltype(field)::type>(); });
  }
}

/// Makes the object as it was before decoding; null where there's no need to, or no way.
template <class T>
consteval void (*reset_function())(void*) {
  if constexpr (overwrites<T>() || !std::is_move_assignable_v<T>) {
    return nullptr;
  } else {
    return [](void* object) { *static_cast<T*>(object) = initial<T>(); };
  }
}

template <class T>
bool decode_value(reader& r, void* object) {
  static_assert(!std::is_const_v<T>, "kit::json cannot decode into a const member");
  static_assert(
      requires(T& v) { codec<T>::decode(r, v); },
      "kit::json can only encode this type: views and pointers to characters own no text");
  return codec<T>::decode(r, *static_cast<T*>(object));
}

template <class T>
bool encode_value(writer& w, const void* object) {
  return codec<T>::encode(w, *static_cast<const T*>(object));
}

/// What `omit_empty` leaves out.
template <class T>
bool is_empty(const T& v) {
  if constexpr (requires { codec<T>::is_empty(v); }) {
    return codec<T>::is_empty(v);
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return v == T{};
  } else if constexpr (requires {
                         { v.empty() } -> std::convertible_to<bool>;
                       }) {
    return v.empty();
  } else {
    return false;
  }
}
template <class T>
bool is_empty_value(const void* object) {
  return is_empty(*static_cast<const T*>(object));
}

}  // namespace kit::json::detail
