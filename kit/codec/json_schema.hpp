#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <kit/codec/json.hpp>
#include <kit/constraints/facts.hpp>
#include <kit/constraints/traits.hpp>
#include <kit/constraints/walk.hpp>
#include <kit/reflect.hpp>

/// JSON Schema (2020-12) of whatever the JSON codec writes, from the same reflection.
///
///     std::string text = kit::json::schema<item>();
///
/// Structs and enums are definitions that are referred to, so types may contain themselves. Fields
/// are required where `reflect_traits` says so, and comments become descriptions.
///
/// Constraints of fields (see <kit/constraints.hpp>) are stated as far as JSON Schema can: limits,
/// patterns, constants, of elements and keys, too. Such a field is also required where it breaks
/// them without being in the message, as a text that is empty then and mustn't be. Those of
/// durations, times and types with a codec of their own, predicates and `check` are left out.
/// Errors: throws `errc::invalid_argument` for a pattern that is wrong.
namespace kit::json {

/// What a type is in JSON.
enum class shape : std::uint8_t {
  any,
  written,  ///< its codec has the schema
  null,
  boolean,
  integer,
  number,
  string,
  base64,
  date_time,
  duration,
  name,      ///< of an enumerator
  nullable,  ///< `parts[0]` or null
  array,     ///< of `parts[0]`
  tuple,     ///< of `parts`
  map,       ///< from `parts[0]` to `parts[1]`
  object,    ///< of `fields`
  one_of,    ///< `parts`
};

struct schema_type;

struct schema_field {
  std::string_view name;
  std::string_view comment;
  bool required;  ///< by `reflect_traits`
  const schema_type* type;
  void (*describe)(constraint_facts&) = nullptr;

  /// Its constraints; also whether it is required, be it for them or by `reflect_traits`.
  constraint_facts facts() const;
};

/// A type without the type: a constant, told apart by its address.
struct schema_type {
  static constexpr std::size_t any_length = SIZE_MAX;

  shape is = shape::any;
  bool is_signed = false;
  bool unique = false;
  std::uint8_t size = 0;            ///< of numbers, in bytes
  unsigned kinds = any_kind;        ///< of `any`: which kinds of values it takes
  std::size_t length = any_length;  ///< of arrays in elements, of base64 in bytes
  std::string_view name = {};       ///< of structs and enums
  std::string_view comment = {};
  std::string_view text = {};  ///< of `written`
  std::span<const std::string_view> names = {};
  std::span<const schema_type* const> parts = {};
  std::span<const schema_field> fields = {};
};

namespace detail {
template <class T>
struct schema_of {
  static const schema_type value;
};
}  // namespace detail

template <class T>
inline constexpr const schema_type& schema_type_of = detail::schema_of<std::remove_cv_t<T>>::value;

/// Schemas that refer to the same definitions.
class schema_set {
 public:
  /// `prefix`: where the definitions will stand, e.g. `#/components/schemas/`.
  explicit schema_set(std::string prefix = "#/$defs/") : prefix_(std::move(prefix)) {}

  /// The type's schema, a JSON text; for a struct or enum a reference. `comment` and constraints
  /// are put on it.
  std::string of(const schema_type& type, std::string_view comment = {},
                 const constraint_facts& facts = {});
  /// The schema of a struct without some of its fields, written out.
  std::string object(const schema_type& type, std::span<const std::string_view> without);
  /// What was referred to so far, as the text of an object. Types of one name are told apart by
  /// numbers behind it.
  std::string definitions() const;
  bool empty() const noexcept { return order_.empty(); }

 private:
  struct definition {
    std::string name;
    std::string text;
  };
  const std::string& name_of(const schema_type& type);

  std::string prefix_;
  std::map<const schema_type*, definition> defined_;
  std::vector<const schema_type*> order_;
};

/// The schema of one type with all its definitions.
std::string schema(const schema_type& type);
template <class T>
std::string schema() {
  return schema(schema_type_of<T>);
}

namespace detail {

template <class T>
inline constexpr bool is_text = false;
template <>
inline constexpr bool is_text<std::string> = true;
template <>
inline constexpr bool is_text<std::string_view> = true;
template <>
inline constexpr bool is_text<const char*> = true;
template <std::size_t N>
inline constexpr bool is_text<char[N]> = true;

template <class T>
inline constexpr shape time_shape = shape::any;
template <class Rep, class Period>
inline constexpr shape time_shape<std::chrono::duration<Rep, Period>> = shape::duration;
template <class D>
inline constexpr shape time_shape<std::chrono::time_point<std::chrono::system_clock, D>> =
    shape::date_time;

template <class... Ts>
inline constexpr std::array<const schema_type*, sizeof...(Ts)> parts_of{&schema_of<Ts>::value...};

/// What consists of others by its template, and how.
template <class T>
struct composed {
  static constexpr shape is = shape::any;
};
template <class... Ts>
struct composed<std::tuple<Ts...>> {
  static constexpr schema_type value{.is = shape::tuple, .parts = parts_of<Ts...>};
  static constexpr shape is = shape::tuple;
};
template <class A, class B>
struct composed<std::pair<A, B>> : composed<std::tuple<A, B>> {};
template <class... Ts>
struct composed<std::variant<Ts...>> {
  static constexpr schema_type value{.is = shape::one_of, .parts = parts_of<Ts...>};
  static constexpr shape is = shape::one_of;
};
template <class T, std::size_t N>
struct composed<T[N]> {
  static constexpr schema_type value{.is = shape::array, .length = N, .parts = parts_of<T>};
  static constexpr shape is = shape::array;
};
template <class T, std::size_t N>
struct composed<std::array<T, N>> {
  static constexpr schema_type value{.is = shape::array, .length = N, .parts = parts_of<T>};
  static constexpr shape is = shape::array;
};
template <>
struct composed<std::vector<std::byte>> {
  static constexpr schema_type value{.is = shape::base64};
  static constexpr shape is = shape::base64;
};
template <std::size_t N>
struct composed<std::array<std::byte, N>> {
  static constexpr schema_type value{.is = shape::base64, .length = N};
  static constexpr shape is = shape::base64;
};

template <class T, class Field>
consteval schema_field make_schema_field() {
  constexpr auto member = Field::info.member;
  schema_field f{Field::info.name, Field::info.comment, Field::required,
                 &schema_of<typename Field::value>::value};
  if constexpr (Field::info.alternative == reflect::wire_field::whole &&
                (kit::detail::rules_of_member<T, member>() != kit::detail::no_rules ||
                 constrained<typename Field::value>)) {
    f.describe = &kit::detail::describe_member<T, member>;
  }
  return f;
}
template <class T>
inline constexpr auto schema_fields = []<std::size_t... Is>(std::index_sequence<Is...>) {
  return std::array<schema_field, sizeof...(Is)>{make_schema_field<T, object_field<T, Is>>()...};
}(std::make_index_sequence<used_fields<T>>{});

template <class T>
consteval schema_type named(schema_type s) {
  s.name = reflect::document_name<T>();
  s.comment = reflect::comment<T>();
  return s;
}

/// Containers whose codec is the library's: a codec of one's own may write anything.
template <class T, kind Kind>
concept writes_as = kinds_of<T>() == bit(Kind);

template <class T>
consteval schema_type make_container() {
  if constexpr (map<T> && writes_as<T, kind::object>) {
    return {.is = shape::map, .parts = parts_of<typename T::key_type, typename T::mapped_type>};
  } else if constexpr (set<T> && writes_as<T, kind::array>) {
    return {.is = shape::array, .unique = true, .parts = parts_of<typename T::value_type>};
  } else if constexpr (sequence<T> && writes_as<T, kind::array>) {
    return {.is = shape::array, .parts = parts_of<typename T::value_type>};
  } else if constexpr (owner<T>) {
    return {.is = shape::nullable, .parts = parts_of<typename codec<T>::value_type>};
  } else {
    return {.kinds = kinds_of<T>()};
  }
}

template <class T>
consteval schema_type make_schema() {
  if constexpr (requires { codec<T>::schema; }) {
    return {.is = shape::written, .text = codec<T>::schema};
  } else if constexpr (requires { codec<T>::by_fields; }) {
    return named<T>({.is = shape::object, .fields = schema_fields<T>});
  } else if constexpr (std::is_same_v<T, bool>) {
    return {.is = shape::boolean};
  } else if constexpr (integer<T>) {
    return {.is = shape::integer, .is_signed = std::is_signed_v<T>, .size = sizeof(T)};
  } else if constexpr (std::is_floating_point_v<T>) {
    return {.is = shape::number, .size = sizeof(T)};
  } else if constexpr (is_text<T>) {
    return {.is = shape::string};
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    return {.is = shape::null};
  } else if constexpr (requires { codec<T>::by_names; }) {
    return named<T>({.is = shape::name, .names = enum_names<T>});
  } else if constexpr (composed<T>::is != shape::any) {
    return composed<T>::value;
  } else if constexpr (time_shape<T> != shape::any) {
    return {.is = time_shape<T>};
  } else {
    return make_container<T>();
  }
}

template <class T>
constexpr schema_type schema_of<T>::value = make_schema<T>();

}  // namespace detail
}  // namespace kit::json
