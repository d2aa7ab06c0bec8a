#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

// Kinds of types that the codecs treat alike. Containers are known by what they can do, so that
// their headers need not be included here, and those of other libraries work alike.

namespace kit::codec_detail {

/// All integers up to 64 bits but characters.
template <class T>
concept integer =
    std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, bool> && !std::same_as<T, char> &&
    !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> && !std::same_as<T, char16_t> &&
    !std::same_as<T, char32_t>;

template <class T>
concept container = requires(T& c, const T& k) {
  typename T::value_type;
  c.clear();
  k.begin() != k.end();
} && !std::convertible_to<const T&, std::string_view>;

template <class T>
concept sequence = container<T> && !requires { typename T::key_type; } &&
                   requires(T& c, typename T::value_type v) { c.push_back(std::move(v)); };

template <class T>
concept set = container<T> && requires(T& c, typename T::key_type k) { c.insert(std::move(k)); } &&
              std::same_as<typename T::key_type, typename T::value_type>;

template <class T>
concept map = container<T> && requires(T& c, typename T::key_type k) {
  typename T::mapped_type;
  c.try_emplace(std::move(k));
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept owner = is_optional<T> || std::same_as<T, std::unique_ptr<typename T::element_type>> ||
                std::same_as<T, std::shared_ptr<typename T::element_type>>;

template <owner T>
using owned_type = std::remove_cvref_t<decltype(*std::declval<T&>())>;

}  // namespace kit::codec_detail
