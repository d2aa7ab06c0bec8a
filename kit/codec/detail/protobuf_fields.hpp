#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include <kit/codec/detail/alternatives.hpp>
#include <kit/codec/detail/protobuf_values.hpp>

namespace kit::protobuf::detail {

// --- numbers
// --------------------------------------------------------------------------------------

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
  for (std::size_t i = 1; i < fields.size(); ++i) {
    for (std::size_t k = i; k > 0 && fields[k].number < fields[k - 1].number; --k) {
      const auto moved = fields[k];
      fields[k] = fields[k - 1];
      fields[k - 1] = moved;
    }
  }
  return fields;
}

template <class T>
consteval numbering check_numbers() {
  for (const auto& f : numbered_fields<T>()) {
    if (f.number == 0) return numbering::mixed;
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

// --- kinds of fields
// ------------------------------------------------------------------------------

template <class M>
inline constexpr bool is_bytes = false;
template <>
inline constexpr bool is_bytes<std::vector<std::byte>> = true;
template <std::size_t N>
inline constexpr bool is_bytes<std::array<std::byte, N>> = true;
template <>
inline constexpr bool is_bytes<std::span<const std::byte>> = true;

template <class M>
inline constexpr bool is_span = false;
template <class E>
inline constexpr bool is_span<std::span<const E>> = true;

template <class M>
concept many = !converted<M> && !is_bytes<M> &&
               (codec_detail::sequence<M> || codec_detail::set<M> || is_span<M>);
template <class M>
concept many_entries = !converted<M> && codec_detail::map<M>;
template <class M>
concept maybe = !converted<M> && codec_detail::owner<M>;

/// A value with its tag. `Always`: also the default.
template <class M, integer_form Form, std::uint32_t Number, bool Always>
bool write_single(writer& w, const M& v) {
  using one = value<M, Form>;
  constexpr std::uint32_t tag = make_tag(Number, one::type);
  if constexpr (converted<M>) {
    return one::with_wire(w, v, [&](const typename one::wire_type& x) {
      return write_single<typename one::wire_type, Form, Number, Always>(w, x);
    });
  } else if constexpr (Always) {
    if (!one::write(w, v)) return false;
  } else if constexpr (one::is_message) {
    const std::size_t before = w.size();
    if (!write_fields(w, v)) return false;
    if (w.size() == before) return true;
    w.put_varint(w.size() - before);
  } else {
    if (one::is_default(v)) return true;
    if (!one::write(w, v)) return false;
  }
  w.template put_tag<tag>();
  return true;
}

/// A field of a struct:
///
///     static constexpr std::uint32_t tag, other_tag;   what it is read from; mostly the same
///     static bool write(writer&, const M&)
///     static bool read(reader&, M&, std::uint32_t tag)
template <class M, integer_form Form, std::uint32_t Number>
struct field {
  static constexpr std::uint32_t tag = make_tag(Number, value<M, Form>::type);
  static constexpr std::uint32_t other_tag = tag;

  static bool write(writer& w, const M& v) { return write_single<M, Form, Number, false>(w, v); }
  static bool read(reader& r, M& v, std::uint32_t) {
    static_assert(
        requires { value<M, Form>::read(r, v); },
        "kit::protobuf can only encode this type: views own no text");
    return value<M, Form>::read(r, v);
  }
};

template <maybe M, integer_form Form, std::uint32_t Number>
struct field<M, Form, Number> {
  using held = codec_detail::owned_type<M>;
  static constexpr std::uint32_t tag = make_tag(Number, value<held, Form>::type);
  static constexpr std::uint32_t other_tag = tag;

  static bool write(writer& w, const M& v) {
    return !v || write_single<held, Form, Number, true>(w, *v);
  }
  static bool read(reader& r, M& v, std::uint32_t) {
    if (!v) {
      if constexpr (codec_detail::is_optional<M>) {
        clear(v.emplace());
      } else {
        auto fresh = std::make_unique<held>();
        clear(*fresh);
        v = std::move(fresh);
      }
    }
    return value<held, Form>::read(r, *v);
  }
};

// --- repeated fields
// ------------------------------------------------------------------------------

/// Calls `f(element, index) -> bool` from the last element to the first, where the container can do
/// that.
template <class C, class F>
bool each_backwards(const C& v, F f) {
  const auto visit = [&](auto first, auto last, std::size_t i, std::size_t step) {
    for (; first != last; ++first, i += step) {
      if (!f(*first, i)) return false;
    }
    return true;
  };
  if constexpr (requires { v.rbegin(); }) {
    return visit(v.rbegin(), v.rend(), v.size() - 1, SIZE_MAX);
  } else {
    return visit(v.begin(), v.end(), 0, 1);
  }
}

/// Makes room for as many messages as follow each other, up to 64 KiB: copies of large structs are
/// dear, and a claim is cheap.
template <std::uint32_t Tag, class M>
void reserve_run(const reader& r, M& v) {
  if constexpr (requires { v.reserve(v.capacity()); }) {
    if (v.size() != v.capacity()) return;
    constexpr std::size_t most = std::max<std::size_t>(4, 65536 / sizeof(typename M::value_type));
    constexpr std::string_view tag(tag_bytes<Tag>.data(), tag_bytes<Tag>.size());
    const std::size_t n = r.count_run(tag, most);
    if (n > 1) v.reserve(std::max(v.size() + n, 2 * v.capacity()));
  }
}

template <many M, integer_form Form, std::uint32_t Number>
struct field<M, Form, Number> {
  using element = std::remove_const_t<typename M::value_type>;
  using one = value<element, Form>;
  static constexpr std::uint32_t tag = make_tag(Number, wire::delimited);
  static constexpr std::uint32_t other_tag = make_tag(Number, one::type);

  static bool write(writer& w, const M& v) {
    if (v.begin() == v.end()) return true;
    const std::size_t before = w.size();
    const bool ok = each_backwards(v, [&](const element& e, std::size_t i) {
      if (!one::write(w, e)) return w.in_element(i);
      if constexpr (!one::packable) w.template put_tag<tag>();
      return true;
    });
    if (!ok) return false;
    if constexpr (one::packable) {
      w.put_varint(w.size() - before);
      w.template put_tag<tag>();
    }
    return true;
  }

  static bool read(reader& r, M& v, std::uint32_t which) {
    static_assert(
        requires { v.clear(); } && requires(element& e) { one::read(r, e); },
        "kit::protobuf can only encode this type: views own no elements");
    if constexpr (one::packable) {
      if (which != tag) return read_element(r, v);
      reserve_packed(r, v);
      return r.read_packed([&] { return read_element(r, v); });
    } else {
      reserve_run<tag>(r, v);
      do {
        if (!read_element(r, v)) return false;
      } while (r.take_tag<tag>());
      return true;
    }
  }

 private:
  static bool read_element(reader& r, M& v) {
    if constexpr (codec_detail::set<M>) {
      element e{};
      clear(e);
      if (!one::read(r, e)) return false;
      v.insert(std::move(e));
      return true;
    } else if constexpr (requires {
                           { v.emplace_back() } -> std::same_as<element&>;
                         }) {
      element& e = v.emplace_back();
      if constexpr (!one::packable) clear(e);
      return one::read(r, e) || r.in_element(v.size() - 1);
    } else {
      element e{};  // of a vector<bool>
      if (!one::read(r, e)) return r.in_element(v.size());
      v.push_back(e);
      return true;
    }
  }
  static void reserve_packed(const reader& r, M& v) {
    if constexpr (one::type != wire::varint && requires { v.reserve(v.capacity()); }) {
      // The length is checked when the elements are read.
      const std::size_t n = r.count_packed(sizeof(std::uint32_t) << (one::type == wire::fixed64));
      if (v.capacity() - v.size() < n) v.reserve(std::max(v.size() + n, 2 * v.capacity()));
    }
  }
};

template <many_entries M, integer_form Form, std::uint32_t Number>
struct field<M, Form, Number> {
  using key_type = typename M::key_type;
  using mapped_type = typename M::mapped_type;
  using key = value<key_type, Form>;
  using mapped = value<mapped_type, Form>;
  static_assert(codec_detail::integer<key_type> || std::same_as<key_type, bool> ||
                    std::same_as<key_type, std::string>,
                "kit::protobuf: keys of a map are integers, bool or strings");
  static constexpr std::uint32_t tag = make_tag(Number, wire::delimited);
  static constexpr std::uint32_t other_tag = tag;
  static constexpr std::uint32_t key_tag = make_tag(1, key::type);
  static constexpr std::uint32_t mapped_tag = make_tag(2, mapped::type);

  static bool write(writer& w, const M& v) {
    return each_backwards(v, [&](const auto& entry, std::size_t) {
      const std::size_t before = w.size();
      const bool ok = w.write_message([&] { return write_entry(w, entry.first, entry.second); });
      if (!ok) return false;
      w.put_varint(w.size() - before);
      w.template put_tag<tag>();
      return true;
    });
  }
  static bool read(reader& r, M& v, std::uint32_t) {
    do {
      key_type k{};
      mapped_type m{};
      clear(m);
      if (!r.read_message([&] { return read_entry(r, k, m); })) return false;
      const auto [place, is_new] = v.try_emplace(std::move(k), std::move(m));
      if (!is_new) place->second = std::move(m);
    } while (r.take_tag<tag>());
    return true;
  }

 private:
  static bool write_entry(writer& w, const key_type& k, const mapped_type& m) {
    if (!mapped::write(w, m)) return w.in_field("value");
    w.template put_tag<mapped_tag>();
    if (!key::write(w, k)) return w.in_field("key");
    w.template put_tag<key_tag>();
    return true;
  }
  static bool read_entry(reader& r, key_type& k, mapped_type& m) {
    while (!r.at_end()) {
      std::uint32_t which = 0;
      if (!r.read_tag(which)) return false;
      if (which == key_tag) {
        if (!key::read(r, k)) return r.in_field("key");
      } else if (which == mapped_tag) {
        if (!mapped::read(r, m)) return r.in_field("value");
      } else if (!r.skip_unknown(which)) {
        return false;
      }
    }
    return true;
  }
};

// --- structs
// --------------------------------------------------------------------------------------

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
