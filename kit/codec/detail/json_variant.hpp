#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

#include <kit/codec/detail/json_access.hpp>

namespace kit::json {

/// A variant is its alternative's value, without a tag. It is decoded as the first alternative that
/// takes values of this kind and succeeds; for an array or object, one that knows all the names in
/// it is preferred. So integers come before floating-point numbers, and structs of which one has
/// all the fields of another come before that.
template <class... Ts>
struct codec<std::variant<Ts...>> {
  using type = std::variant<Ts...>;
  static constexpr unsigned kinds = (detail::kinds_of<Ts>() | ...);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, type& v) {
    return detail::read_first_of(r, alternatives.data(), alternatives.size(), &v);
  }
  static bool encode(writer& w, const type& v) {
    if (v.valueless_by_exception()) return w.fail("the variant is valueless");
    return encoders[v.index()](w, v);
  }
  static bool is_empty(const type& v) {
    static constexpr bool nothing[] = {std::is_same_v<Ts, std::monostate>...};
    return !v.valueless_by_exception() && nothing[v.index()];
  }

 private:
  template <std::size_t I, class T>
  static bool decode_as(reader& r, void* object) {
    auto& v = *static_cast<type*>(object);
    if constexpr (detail::starts_from_default<T>) {
      return codec<T>::decode(r, v.template emplace<I>());
    } else {
      return codec<T>::decode(r, v.template emplace<I>(detail::initial<T>()));
    }
  }
  template <std::size_t I, class T>
  static bool encode_as(writer& w, const type& v) {
    return codec<T>::encode(w, *std::get_if<I>(&v));
  }
  static constexpr auto alternatives = []<std::size_t... Is>(std::index_sequence<Is...>) {
    return std::array{detail::alternative{detail::kinds_of<Ts>(), &decode_as<Is, Ts>}...};
  }(std::index_sequence_for<Ts...>{});
  static constexpr auto encoders = []<std::size_t... Is>(std::index_sequence<Is...>) {
    return std::array{&encode_as<Is, Ts>...};
  }(std::index_sequence_for<Ts...>{});
};

}  // namespace kit::json
