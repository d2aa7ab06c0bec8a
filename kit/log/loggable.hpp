#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <source_location>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include <kit/codec/json.hpp>
#include <kit/codec/text.hpp>
#include <kit/context.hpp>
#include <kit/log/level.hpp>

namespace kit::log {

/// What is known of a record beside its fields. Refers to what lives as long as the call.
struct record_info {
  /// Nothing for what `logger::print` wrote.
  std::optional<log::level> level;
  /// Where the logging function was called.
  std::source_location location;
  /// What `logger::in` bound; else the background context.
  const kit::context& context;
};

/// Says how values of a type are logged, before anything else does. Specialise it with a function
/// that gives something else that can be logged; that may throw:
///
///     template <>
///     struct kit::log::value_traits<password> {
///       static std::string_view represent(const password&) { return "***"; }
///     };
///
/// It counts for values of fields, also in optionals and behind pointers. What is inside of a
/// struct or container is written by `kit::json::codec`.
template <class T>
struct value_traits;

namespace detail {

template <class T>
concept represented = requires(const T& v) { value_traits<T>::represent(v); };

template <class T>
concept text_like =
    std::convertible_to<const T&, std::string_view> && !std::same_as<T, std::nullptr_t>;

template <class T>
concept no_value = std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t> ||
                   std::same_as<T, std::monostate>;

template <class T>
concept error_like = std::derived_from<T, std::exception> || std::same_as<T, std::exception_ptr> ||
                     std::same_as<T, std::error_code>;

template <class T>
concept number = json::integer<T> || std::same_as<T, float> || std::same_as<T, double>;

using text::detail::is_duration;
using text::detail::is_time;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T, class D>
inline constexpr bool is_optional<std::unique_ptr<T, D>> = true;
template <class T>
inline constexpr bool is_optional<std::shared_ptr<T>> = true;
template <class T>
inline constexpr bool is_optional<T*> = std::is_object_v<T>;

template <class T>
using target_of = std::remove_cvref_t<decltype(*std::declval<const T&>())>;

template <class T>
concept plain = no_value<T> || error_like<T> || std::same_as<T, bool> || std::same_as<T, char> ||
                number<T> || std::is_enum_v<T> || is_duration<T> || is_time<T> || text_like<T>;

template <class T>
consteval bool is_loggable();

/// What can be logged without `value_traits`.
template <class T>
consteval bool is_builtin() {
  if constexpr (plain<T>) {
    return true;
  } else if constexpr (is_optional<T>) {
    return is_loggable<target_of<T>>();
  } else {
    // A struct that can be called is something to be computed.
    return std::is_object_v<T> && json::encodable<T> && !std::invocable<const T&> &&
           !std::invocable<const T&, const record_info&>;
  }
}
template <class T>
consteval bool is_loggable() {
  if constexpr (represented<T>) {
    return true;
  } else {
    return is_builtin<T>();
  }
}

/// A text that may be a null pointer.
template <text_like T>
constexpr std::string_view text_of(const T& v) {
  if constexpr (std::is_pointer_v<T>) {
    return v ? std::string_view(v) : std::string_view();
  } else {
    return v;
  }
}

}  // namespace detail

/// What can be the value of a field: what has `value_traits`; errors and exceptions; bool, numbers,
/// characters, texts, enums, durations and system_clock times; what `kit::json` can encode; and
/// pointers to such and optionals of such. <kit/log/fmt.hpp> adds what fmt can format.
template <class T>
concept loggable = detail::is_loggable<T>();

}  // namespace kit::log
