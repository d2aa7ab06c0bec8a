#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <variant>

#include <kit/codec/detail/json_access.hpp>

namespace kit::json {
namespace detail {

/// Decodes as that alternative, made anew.
template <class Variant, std::size_t I>
bool decode_alternative(reader& r, void* object) {
  using type = std::variant_alternative_t<I, Variant>;
  auto& v = *static_cast<Variant*>(object);
  if constexpr (starts_from_default<type>) {
    return codec<type>::decode(r, v.template emplace<I>());
  } else {
    return codec<type>::decode(r, v.template emplace<I>(initial<type>()));
  }
}
template <class Variant, std::size_t I>
bool encode_alternative(writer& w, const void* object) {
  using type = std::variant_alternative_t<I, Variant>;
  return codec<type>::encode(w, *std::get_if<I>(static_cast<const Variant*>(object)));
}

}  // namespace detail

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
    return encoders[v.index()](w, &v);
  }
  static bool is_empty(const type& v) {
    static constexpr bool nothing[] = {std::is_same_v<Ts, std::monostate>...};
    return !v.valueless_by_exception() && nothing[v.index()];
  }

 private:
  static constexpr auto alternatives = []<std::size_t... Is>(std::index_sequence<Is...>) {
    return std::array{
        detail::alternative{detail::kinds_of<Ts>(), &detail::decode_alternative<type, Is>}...};
  }(std::index_sequence_for<Ts...>{});
  static constexpr auto encoders = []<std::size_t... Is>(std::index_sequence<Is...>) {
    return std::array{&detail::encode_alternative<type, Is>...};
  }(std::index_sequence_for<Ts...>{});
};

}  // namespace kit::json
