#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include <kit/log/detail/stored_field.hpp>
#include <kit/log/event.hpp>

/// Lists of keys and values, as functions take them.
namespace kit::log::detail {

enum class held : bool { as_views, as_copies };

template <held>
consteval bool are_pairs() {
  return true;
}
template <held, class Key>
consteval bool are_pairs() {
  return text_like<std::remove_cvref_t<Key>>;
}
template <held How, class Key, class Value, class... Rest>
consteval bool are_pairs() {
  constexpr bool fits =
      How == held::as_views ? loggable<std::remove_cvref_t<Value>> : storable<Value>;
  return text_like<std::remove_cvref_t<Key>> && fits && are_pairs<How, Rest...>();
}

inline void fill(field*) {}
template <class Key>
void fill(field* out, const Key& key) {
  *out = {text_of(key), missing_value};
}
template <class Key, class Value, class... Rest>
void fill(field* out, const Key& key, const Value& v, const Rest&... rest) {
  *out = {text_of(key), v};
  fill(out + 1, rest...);
}

inline void store(stored_fields&) {}
template <class Key>
void store(stored_fields& out, Key&& key) {
  out.emplace_back(text_of(key), missing_value);
}
template <class Key, class Value, class... Rest>
void store(stored_fields& out, Key&& key, Value&& v, Rest&&... rest) {
  out.emplace_back(text_of(key), std::forward<Value>(v));
  store(out, std::forward<Rest>(rest)...);
}
template <class... KeysAndValues>
stored_fields stored(KeysAndValues&&... pairs) {
  stored_fields out;
  out.reserve((sizeof...(pairs) + 1) / 2);
  store(out, std::forward<KeysAndValues>(pairs)...);
  return out;
}

}  // namespace kit::log::detail

namespace kit::log {

/// Keys, which are texts, and loggable values, by turns. A last key without a value has
/// `(MISSING)`.
template <class... Ts>
concept key_values = detail::are_pairs<detail::held::as_views, Ts...>();

/// The same, with values that can be kept: computed ones, too.
template <class... Ts>
concept stored_key_values = detail::are_pairs<detail::held::as_copies, Ts...>();

}  // namespace kit::log
