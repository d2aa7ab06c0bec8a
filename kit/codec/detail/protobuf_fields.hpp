#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <kit/codec/detail/protobuf_values.hpp>
#include <kit/codec/detail/type_kinds.hpp>

namespace kit::protobuf::detail {

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

}  // namespace kit::protobuf::detail
