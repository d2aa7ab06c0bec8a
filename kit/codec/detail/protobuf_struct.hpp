#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include <kit/codec/detail/alternatives.hpp>
#include <kit/codec/detail/protobuf_containers.hpp>
#include <kit/codec/detail/protobuf_fields.hpp>
#include <kit/reflect.hpp>

/// Messages and the numbers of their fields: internal to the codec.
namespace kit::protobuf::detail {

/// What is wrong with the numbers of a struct's fields.
enum class numbering : std::uint8_t { ok, mixed, out_of_range, reserved };

/// The fields with their numbers, by ascending number: as they are written.
template <class T>
consteval auto numbered_fields() {
  auto fields = reflect::wire_fields<T>;
  bool any = false;
  for (const auto& f : fields)
    any = any || f.number != 0;
  for (auto& f : fields) {
    if (!any) f.number = static_cast<std::uint32_t>(f.member + 1);
  }
  std::ranges::sort(fields, {}, &reflect::wire_field::number);
  return fields;
}

template <class T>
consteval numbering check_numbers() {
  std::uint32_t last = 0;
  for (const auto& f : numbered_fields<T>()) {
    // Two with one number: alternatives that were to have theirs from their variant's place.
    if (f.number == last) return numbering::mixed;
    last = f.number;
    if (f.number >= std::uint32_t{1} << 29) return numbering::out_of_range;
    if (f.number >= 19000 && f.number < 20000) return numbering::reserved;
  }
  return numbering::ok;
}

template <class T>
struct numbered {
  static constexpr numbering check = check_numbers<T>();
  static_assert(check != numbering::mixed,
                "kit::protobuf: give all fields of this type a number, or none; the alternatives "
                "of a variant need theirs");
  static_assert(check != numbering::out_of_range,
                "kit::protobuf: numbers of fields are 1 to 2^29-1");
  static_assert(check != numbering::reserved, "kit::protobuf: 19000 to 19999 are protobuf's own");
  static constexpr auto fields = numbered_fields<T>();
  static constexpr std::size_t count = fields.size();
};

/// The field `numbered<T>::fields[I]`, with what it is a member of.
template <class T, std::size_t I>
struct struct_field {
  static constexpr reflect::wire_field info = numbered<T>::fields[I];
  using member = std::remove_const_t<reflect::field_type<T, info.member>>;
  static_assert(!codec_detail::is_variant<member>,
                "kit::protobuf: the alternatives of a variant need names and numbers: "
                "kit::field<...>().alternatives(kit::alternative(\"name\").number(1), ...)");
  using type = field<member, info.form, info.number>;

  static bool write(writer& w, const member& v) { return type::write(w, v); }
  template <class M>
  static bool read(reader& r, M& v, std::uint32_t tag) {
    static_assert(!std::is_const_v<M>, "kit::protobuf cannot decode into a const member");
    return type::read(r, v, tag);
  }
};

/// One alternative of a variant. The one that it holds is always written.
template <class T, std::size_t I>
  requires(numbered<T>::fields[I].alternative != reflect::wire_field::whole)
struct struct_field<T, I> {
  static constexpr reflect::wire_field info = numbered<T>::fields[I];
  using place = codec_detail::alternative_of<T, info.member, info.alternative>;
  using member = typename place::variant;
  using held = typename place::type;
  static constexpr std::size_t index = place::index;
  using type = field<held, info.form, info.number>;

  static bool write(writer& w, const member& v) {
    const held* const active = std::get_if<index>(&v);
    return !active || write_single<held, info.form, info.number, true>(w, *active);
  }
  static bool read(reader& r, member& v, std::uint32_t) {
    if (v.index() != index) clear(v.template emplace<index>());
    return value<held, info.form>::read(r, *std::get_if<index>(&v));
  }
};

template <class T>
bool write_fields(writer& w, const T& v) {
  using all = numbered<T>;
  return w.write_message([&] {
    const auto members = reflect::members_of(v);
    const auto write_one = [&]<class Field>(Field) {
      return Field::write(w, reflect::member<Field::info.member>(members)) ||
             w.in_field(Field::info.name);
    };
    (void)write_one;
    return [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      return (write_one(struct_field<T, all::count - 1 - Is>{}) && ...);
    }(std::make_index_sequence<all::count>{});
  });
}

template <class T>
bool read_fields(reader& r, T& v) {
  const auto members = reflect::members_of(v);
  while (!r.at_end()) {
    std::uint32_t tag = 0;
    bool ok = false;
    if (!r.read_tag(tag)) return false;
    const auto read_one = [&]<class Field>(Field) {
      if (tag != Field::type::tag && tag != Field::type::other_tag) return false;
      ok = Field::read(r, reflect::member<Field::info.member>(members), tag) ||
           r.in_field(Field::info.name);
      return true;
    };
    (void)read_one;
    const bool known = [&]<std::size_t... Is>(std::index_sequence<Is...>) {
      return (read_one(struct_field<T, Is>{}) || ...);
    }(std::make_index_sequence<numbered<T>::count>{});
    if (known ? !ok : !r.skip_unknown(tag)) return false;
  }
  return true;
}

}  // namespace kit::protobuf::detail
