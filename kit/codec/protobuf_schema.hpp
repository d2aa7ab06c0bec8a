#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kit/codec/protobuf.hpp>
#include <kit/reflect.hpp>

/// The .proto text of whatever the protobuf codec writes, from the same reflection, for those who
/// write the other side in another language:
///
///     std::string text = kit::protobuf::schema<item>({.package = "shop.v1"});
///
/// Messages and enums that the types consist of are in it, too; those of files that are protobuf's
/// own are imported. Types take the name in `reflect_traits`, else the one in the source, with a
/// number behind it where two have the same. Enumerators are written as protobuf's style guide
/// asks, `color::dark_red` as `COLOR_DARK_RED`; where none is 0 one is added, as there must be one.
namespace kit::protobuf {

struct schema_options {
  /// Empty: none.
  std::string package = {};
};

struct schema_type;

enum class schema_label : std::uint8_t { single, optional, repeated, map };

struct schema_field {
  static constexpr std::size_t no_oneof = SIZE_MAX;

  std::string_view name;
  std::uint32_t number = 0;
  std::string_view comment = {};
  schema_label label = schema_label::single;
  const schema_type* type = nullptr;
  const schema_type* key = nullptr;  ///< of maps
  std::size_t oneof = no_oneof;      ///< which one it is in
  std::string_view oneof_name = {};  ///< and how that is called
  std::string_view oneof_comment = {};
};

struct schema_value {
  std::string_view name;
  std::int32_t number = 0;
};

/// A type without the type: a constant, told apart by its address.
struct schema_type {
  enum class kind : std::uint8_t { scalar, message, enumeration };

  kind is = kind::scalar;
  std::string_view name = {};
  std::string_view comment = {};
  std::string_view import = {};  ///< the file that has it; empty: it's to be written out
  std::span<const schema_field> fields = {};
  std::span<const schema_value> values = {};
};

/// The text of a file with these types and what they consist of.
std::string schema(std::span<const schema_type* const> types, const schema_options& options = {});

namespace detail {

template <class M, integer_form Form>
struct schema_of {
  static const schema_type value;
};

/// What is written as another type is described by that one; one description for each type.
template <class M, integer_form Form>
struct described : schema_of<M, integer_form::varint> {};
template <integer M, integer_form Form>
struct described<M, Form> : schema_of<M, Form> {};
template <converted M, integer_form Form>
struct described<M, Form> : described<typename codec<M>::wire_type, Form> {};
template <maybe M, integer_form Form>
struct described<M, Form> : described<codec_detail::owned_type<M>, Form> {};

template <class M, integer_form Form>
consteval std::string_view integer_name() {
  if constexpr (Form == integer_form::zigzag) return sizeof(M) == 8 ? "sint64" : "sint32";
  if constexpr (Form == integer_form::fixed && std::is_signed_v<M>) {
    return sizeof(M) == 8 ? "sfixed64" : "sfixed32";
  }
  if constexpr (Form == integer_form::fixed) return sizeof(M) == 8 ? "fixed64" : "fixed32";
  if constexpr (std::is_signed_v<M>) return sizeof(M) == 8 ? "int64" : "int32";
  return sizeof(M) == 8 ? "uint64" : "uint32";
}

template <class M>
inline constexpr auto schema_values = [] {
  constexpr auto& entries = reflect::enum_entries<M>;
  std::array<schema_value, entries.size()> out{};
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = {entries[i].name, static_cast<std::int32_t>(entries[i].value)};
  return out;
}();

/// Label and types of what a field holds.
template <class M, integer_form Form>
consteval schema_field make_schema_field() {
  schema_field f;
  if constexpr (many_entries<M>) {
    f.label = schema_label::map;
    f.key = &described<typename M::key_type, Form>::value;
    f.type = &described<typename M::mapped_type, Form>::value;
  } else if constexpr (many<M>) {
    f.label = schema_label::repeated;
    f.type = &described<std::remove_const_t<typename M::value_type>, Form>::value;
  } else if constexpr (maybe<M>) {
    f.label = schema_label::optional;
    f.type = &described<codec_detail::owned_type<M>, Form>::value;
  } else {
    f.type = &described<M, Form>::value;
  }
  return f;
}

template <class T, std::size_t I>
consteval schema_field make_struct_schema_field() {
  constexpr reflect::wire_field info = numbered<T>::fields[I];
  schema_field f;
  if constexpr (info.alternative == reflect::wire_field::whole) {
    f = make_schema_field<typename struct_field<T, I>::member, info.form>();
  } else {
    f.type = &described<typename struct_field<T, I>::held, info.form>::value;
    f.oneof = info.member;
    f.oneof_name = reflect::fields_of<T>[info.member].name;
    f.oneof_comment = reflect::fields_of<T>[info.member].comment;
  }
  f.name = info.name;
  f.number = info.number;
  f.comment = info.comment;
  return f;
}

template <class T>
inline constexpr auto schema_fields = []<std::size_t... Is>(std::index_sequence<Is...>) {
  return std::array<schema_field, sizeof...(Is)>{make_struct_schema_field<T, Is>()...};
}(std::make_index_sequence<numbered<T>::count>{});

template <class M>
consteval schema_type describe(schema_type s) {
  s.name = reflect::document_name<M>();
  s.comment = reflect::comment<M>();
  if constexpr (requires { codec<M>::import; }) s.import = codec<M>::import;
  return s;
}

template <class M, integer_form Form>
consteval schema_type make_schema() {
  using kind = schema_type::kind;
  if constexpr (std::same_as<M, bool>) {
    return {.name = "bool"};
  } else if constexpr (std::floating_point<M>) {
    return {.name = sizeof(M) == 8 ? "double" : "float"};
  } else if constexpr (integer<M>) {
    return {.name = integer_name<M, Form>()};
  } else if constexpr (std::same_as<M, std::string> || std::same_as<M, std::string_view>) {
    return {.name = "string"};
  } else if constexpr (is_bytes<M>) {
    return {.name = "bytes"};
  } else if constexpr (reflect::enumeration<M>) {
    return describe<M>({.is = kind::enumeration, .values = schema_values<M>});
  } else {
    return describe<M>({.is = kind::message, .fields = schema_fields<M>});
  }
}

}  // namespace detail

/// The description of a message or enum.
template <class T>
inline constexpr const schema_type& schema_type_of =
    detail::described<std::remove_cv_t<T>, integer_form::varint>::value;

template <class... Ts>
std::string schema(const schema_options& options = {}) {
  static constexpr std::array<const schema_type*, sizeof...(Ts)> types{&schema_type_of<Ts>...};
  return schema(types, options);
}

namespace detail {

template <class M, integer_form Form>
constexpr schema_type schema_of<M, Form>::value = make_schema<M, Form>();

}  // namespace detail
}  // namespace kit::protobuf
