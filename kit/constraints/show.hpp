#pragma once

#include <concepts>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

#include <kit/codec/text.hpp>

namespace kit::detail {

/// What counts as text. Pointers don't, as they may be null, nor arrays, which may have no end.
template <class T>
concept text_like =
    std::convertible_to<const T&, std::string_view> && !std::is_pointer_v<T> && !std::is_array_v<T>;

/// What has elements: containers, arrays, spans; no text.
template <class T>
concept range_like = !text_like<T> && requires(const T& c) {
  std::begin(c) != std::end(c);
  { std::size(c) } -> std::convertible_to<std::size_t>;
};

/// Quoted and escaped as in JSON, and cut: `"tea"`, `"a very lo"...`.
std::string show_text(std::string_view text);
/// `1 item`, `3 items`.
std::string show_count(std::size_t n, std::string_view what);

/// The value for people; empty for what can't be shown in a few words.
template <class T>
std::string show(const T& v) {
  if constexpr (text_like<T>) {
    return show_text(v);
  } else if constexpr (text::scalar<T>) {
    std::string out, problem;
    if (text::append(out, v, problem)) return out;
    if constexpr (std::floating_point<T>) {
      return std::to_string(v);
    } else if constexpr (std::is_enum_v<T>) {
      return std::to_string(+static_cast<std::underlying_type_t<T>>(v));
    } else {
      return {};
    }
  } else if constexpr (range_like<T>) {
    return show_count(std::size(v), "item");
  } else {
    return {};
  }
}

}  // namespace kit::detail
