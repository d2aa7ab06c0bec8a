#pragma once

#include <cstddef>
#include <type_traits>
#include <variant>

#include <kit/reflect.hpp>

/// Variants whose alternatives are fields of their own: internal to the codecs.
namespace kit::codec_detail {

template <class V>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;

template <class V>
inline constexpr bool may_be_nothing = false;
template <class... Ts>
inline constexpr bool may_be_nothing<std::variant<std::monostate, Ts...>> = true;

/// The alternative that such a field of T is.
template <class T, std::size_t Member, std::size_t Alternative>
struct alternative_of {
  using variant = std::remove_const_t<reflect::field_type<T, Member>>;
  static_assert(is_variant<variant>,
                "kit::field<...>().alternatives(...) is for members of type std::variant");
  static constexpr std::size_t nothing = may_be_nothing<variant> ? 1 : 0;
  static_assert(std::variant_size_v<variant> ==
                    nothing + reflect::fields_of<T>[Member].alternatives.size(),
                "kit::field<...>().alternatives(...) takes a rule for each alternative of the "
                "variant, but for a std::monostate at the start");

  static constexpr std::size_t index = nothing + Alternative;
  using type = std::variant_alternative_t<index, variant>;
};

}  // namespace kit::codec_detail
