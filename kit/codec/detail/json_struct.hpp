#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

#include <kit/codec/detail/json_access.hpp>
#include <kit/reflect.hpp>

namespace kit::json {
namespace detail {

template <class T>
consteval std::size_t count_used_fields() {
  std::size_t n = 0;
  for (const auto& field : reflect::fields_of<T>)
    n += field.skip ? 0 : 1;
  return n;
}
template <class T>
inline constexpr std::size_t used_fields = count_used_fields<T>();

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
  using type = typename Field::type;
  return {{name_and_quote<Field>.data(), Field::info.name.size()},
          &decode_value<type>,
          reset_function<type>(),
          Field::info.required,
          (kinds_of<type>() & bit(kind::null)) != 0};
}

template <class T>
struct decode_table {
  static constexpr auto fields = [] {
    std::array<decode_field, used_fields<T>> out{};
    std::size_t n = 0;
    reflect::for_each_field<T>([&]<class Field>(Field) {
      if constexpr (!Field::info.skip) out[n++] = make_decode_field<Field>();
    });
    return out;
  }();
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
  using type = std::remove_const_t<typename Field::type>;
  bool (*omit)(const void*) = nullptr;
  if constexpr (Field::info.omit_empty) omit = &is_empty_value<type>;
  const std::size_t key_size = key_text<Field>.empty() ? 0 : Field::info.name.size() + 4;
  return {Field::info.name, {key_text<Field>.data(), key_size}, &encode_value<type>, omit};
}

template <class T>
struct encode_table {
  static constexpr auto fields = [] {
    std::array<encode_field, used_fields<T>> out{};
    std::size_t n = 0;
    reflect::for_each_field<T>([&]<class Field>(Field) {
      if constexpr (!Field::info.skip) out[n++] = make_encode_field<Field>();
    });
    return out;
  }();
  static constexpr encode_object value{fields.data(), fields.size()};
};

/// The addresses of the members that aren't skipped.
template <class Pointer, class T>
std::array<Pointer, used_fields<std::remove_const_t<T>>> member_addresses(T& object) {
  // Compilers don't see that each is set below.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  std::array<Pointer, used_fields<std::remove_const_t<T>>> out;
  std::size_t n = 0;
  reflect::for_each_field(object, [&]<class Field, class M>(Field, M& member) {
    if constexpr (!Field::info.skip) {
      out[n++] = const_cast<std::remove_const_t<M>*>(std::addressof(member));
    }
  });
  return out;
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
