#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

#include <kit/codec/detail/alternatives.hpp>
#include <kit/codec/detail/json_access.hpp>
#include <kit/codec/detail/json_variant.hpp>
#include <kit/reflect.hpp>

namespace kit::json {
namespace detail {

template <class T>
inline constexpr std::size_t used_fields = reflect::wire_fields<T>.size();

/// A field of an object: a member, or an alternative of one.
template <class T, std::size_t I>
struct object_field {
  static constexpr reflect::wire_field info = reflect::wire_fields<T>[I];
  static constexpr const reflect::field_info& rules = reflect::fields_of<T>[info.member];
  using type = reflect::field_type<T, info.member>;
  using value = std::remove_const_t<type>;

  static constexpr bool required = rules.required;
  static consteval decode_function decode() { return &decode_value<type>; }
  static consteval auto reset() { return reset_function<type>(); }
  static consteval encode_function encode() { return &encode_value<value>; }
  static consteval bool (*omit())(const void*) {
    if constexpr (rules.omit_empty) return &is_empty_value<value>;
    return nullptr;
  }
};

/// The object has the alternative that the variant holds, and no other.
template <class T, std::size_t I>
  requires(reflect::wire_fields<T>[I].alternative != reflect::wire_field::whole)
struct object_field<T, I> {
  static constexpr reflect::wire_field info = reflect::wire_fields<T>[I];
  using place = codec_detail::alternative_of<T, info.member, info.alternative>;
  using variant = typename place::variant;
  using type = typename place::type;
  using value = type;

  static constexpr bool required = false;
  static consteval decode_function decode() { return &decode_alternative<variant, place::index>; }
  static consteval void (*reset())(void*) { return nullptr; }
  static consteval encode_function encode() { return &encode_alternative<variant, place::index>; }
  static consteval bool (*omit())(const void*) {
    return [](const void* v) { return static_cast<const variant*>(v)->index() != place::index; };
  }
};

template <std::size_t Block, std::size_t Size>
consteval auto pad_text(std::string_view before, std::string_view text, std::string_view after) {
  std::array<char, (Size + Block - 1) / Block * Block> out{};
  std::size_t n = 0;
  for (std::string_view part : {before, text, after}) {
    for (char c : part)
      out[n++] = c;
  }
  return out;
}

/// `name"`, with zeros up to a multiple of 8 bytes, to be compared in words.
template <class Field>
inline constexpr auto name_and_quote =
    pad_text<8, Field::info.name.size() + 1>("", Field::info.name, "\"");

template <class Field>
consteval decode_field make_decode_field() {
  return {{name_and_quote<Field>.data(), Field::info.name.size()},
          Field::decode(),
          Field::reset(),
          Field::required,
          (kinds_of<typename Field::type>() & bit(kind::null)) != 0};
}

template <class T>
struct decode_table {
  static_assert(used_fields<T> <= 64,
                "kit::json supports structs of up to 64 fields, alternatives of variants counted");
  static constexpr auto fields = []<std::size_t... Is>(std::index_sequence<Is...>) {
    return std::array<decode_field, used_fields<T>>{make_decode_field<object_field<T, Is>>()...};
  }(std::make_index_sequence<used_fields<T>>{});
  static constexpr decode_object value{fields.data(), fields.size(), [] {
                                         std::uint64_t required = 0;
                                         for (std::size_t i = 0; i < fields.size(); ++i)
                                           required |= std::uint64_t{fields[i].required} << i;
                                         return required;
                                       }()};
};

constexpr bool is_plain_name(std::string_view name) {
  if (name.size() + 4 > longest_key) return false;
  for (char c : name) {
    if (c < 0x20 || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&') return false;
  }
  return true;
}

/// `,"name":`, with zeros up to a multiple of 16 bytes, to be copied in blocks; or nothing.
template <class Field>
inline constexpr auto key_text = [] {
  constexpr std::string_view name = Field::info.name;
  if constexpr (is_plain_name(name)) {
    return pad_text<16, name.size() + 4>(",\"", name, "\":");
  } else {
    return std::array<char, 0>{};
  }
}();

template <class Field>
consteval encode_field make_encode_field() {
  const std::size_t key_size = key_text<Field>.empty() ? 0 : Field::info.name.size() + 4;
  return {Field::info.name, {key_text<Field>.data(), key_size}, Field::encode(), Field::omit()};
}

template <class T>
struct encode_table {
  static constexpr auto fields = []<std::size_t... Is>(std::index_sequence<Is...>) {
    return std::array<encode_field, used_fields<T>>{make_encode_field<object_field<T, Is>>()...};
  }(std::make_index_sequence<used_fields<T>>{});
  static constexpr encode_object value{fields.data(), fields.size()};
};

/// The addresses of the members that the fields are of.
template <class Pointer, class T>
auto member_addresses(T& object) {
  using type = std::remove_const_t<T>;
  return [&]<std::size_t... Is>(std::index_sequence<Is...>) {
    [[maybe_unused]] const auto members = reflect::members_of(object);
    const auto address = []<class M>(M& member) -> Pointer {
      return const_cast<std::remove_const_t<M>*>(std::addressof(member));
    };
    (void)address;
    return std::array<Pointer, sizeof...(Is)>{
        address(reflect::member<reflect::wire_fields<type>[Is].member>(members))...};
  }(std::make_index_sequence<used_fields<type>>{});
}

}  // namespace detail

/// Structs are objects: their fields as `kit::reflect` knows them, unless the type has a codec.
template <class T>
struct codec {
  static constexpr unsigned kinds = bit(kind::object);
  static constexpr bool by_fields = true;  // for those who describe the type
  static bool decode(reader& r, T& v) {
    check();
    const auto members = detail::member_addresses<void*>(v);
    return detail::reader_access::read_object(r, detail::decode_table<T>::value, members.data());
  }
  static bool encode(writer& w, const T& v) {
    check();
    const auto members = detail::member_addresses<const void*>(v);
    return detail::writer_access::write_object(w, detail::encode_table<T>::value, members.data());
  }

 private:
  // Not in the class, so that `encodable` can be asked.
  static consteval void check() {
    static_assert(reflect::aggregate<T>,
                  "kit::json knows no way to encode or decode this type: specialize "
                  "kit::json::codec for it (see <kit/codec/json.hpp>), or make it a plain struct");
  }
};

/// Whether there is a way to encode the type; those of its members and elements aren't looked at.
template <class T>
concept encodable = requires(writer& w, const T& v) { codec<T>::encode(w, v); } &&
                    (reflect::aggregate<T> || !requires { codec<T>::by_fields; });

}  // namespace kit::json
