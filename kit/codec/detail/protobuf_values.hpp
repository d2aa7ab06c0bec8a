#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <kit/codec/detail/protobuf_reader.hpp>
#include <kit/codec/detail/protobuf_scalars.hpp>
#include <kit/codec/detail/protobuf_writer.hpp>
#include <kit/codec/detail/type_kinds.hpp>
#include <kit/reflect.hpp>
#include <kit/result.hpp>

namespace kit::protobuf {

namespace detail {

/// Sets everything that is on the wire to what it is when it isn't there: 0, false, nothing.
template <class M>
void clear(M& v) {
  if constexpr (reflect::aggregate<M> && !converted<M> && !requires { v.fill(v[0]); }) {
    reflect::for_each_field(v, []<class Field, class F>(Field, F& field) {
      if constexpr (!Field::info.skip && !std::is_const_v<F>) clear(field);
    });
  } else if constexpr (requires { v.clear(); }) {
    v.clear();
  } else {
    v = M{};
  }
}

/// The messages are defined with the fields that they consist of.
template <class T>
bool write_fields(writer& w, const T& v);
template <class T>
bool read_fields(reader& r, T& v);

/// A pointer to a message stands for it where it cannot stand itself, as in a variant that contains
/// itself. Null is written as an empty message.
template <codec_detail::owner M, integer_form Form>
  requires(!converted<M>)
struct value<M, Form> : scalar<wire::delimited> {
  using pointee = codec_detail::owned_type<M>;
  static_assert(value<pointee, Form>::is_message,
                "kit::protobuf: what a vector, map or variant holds can be no optional, and a "
                "pointer to messages only");

  static bool write(writer& w, const M& v) {
    if (v) return value<pointee, Form>::write(w, *v);
    w.put_varint(0);
    return true;
  }
  static bool read(reader& r, M& v) {
    if (!v) {
      auto fresh = std::make_unique<pointee>();
      clear(*fresh);
      v = std::move(fresh);
    }
    return value<pointee, Form>::read(r, *v);
  }
};

template <converted M, integer_form Form>
struct value<M, Form> : scalar<value<typename codec<M>::wire_type, Form>::type> {
  using wire_type = typename codec<M>::wire_type;
  using inner = value<wire_type, Form>;
  static constexpr bool is_message = inner::is_message;

  /// Calls `f(const wire_type&) -> bool`.
  template <class F>
  static bool with_wire(writer& w, const M& v, F f) {
    auto converted_value = codec<M>::to_wire(v);
    if constexpr (kit::detail::is_result<decltype(converted_value)>) {
      return converted_value ? f(*converted_value)
                             : w.fail(std::string(converted_value.error().message()));
    } else {
      return f(converted_value);
    }
  }
  static bool write(writer& w, const M& v) {
    return with_wire(w, v, [&](const wire_type& x) { return inner::write(w, x); });
  }
  static bool read(reader& r, M& v) {
    static_assert(
        requires(wire_type x) { codec<M>::from_wire(std::move(x)); },
        "kit::protobuf can only encode this type: its codec has no from_wire");
    const char* const at = r.position();
    wire_type x{};
    if (!inner::read(r, x)) return false;
    result<M> made = codec<M>::from_wire(std::move(x));
    if (!made) return r.fail(std::string(made.error().message()), at);
    v = *std::move(made);
    return true;
  }
};

template <class M, integer_form Form>
struct value : scalar<wire::delimited> {
  static_assert(reflect::aggregate<M>,
                "kit::protobuf knows no way to encode or decode this type here: specialize "
                "kit::protobuf::codec for it (see <kit/codec/protobuf.hpp>), or make it a plain "
                "struct. Containers in containers and optionals need a struct around them");
  static constexpr bool is_message = true;

  static bool write(writer& w, const M& v) {
    const std::size_t before = w.size();
    if (!write_fields(w, v)) return false;
    w.put_varint(w.size() - before);
    return true;
  }
  /// Merges.
  static bool read(reader& r, M& v) {
    return r.read_message([&] { return read_fields(r, v); });
  }
};

}  // namespace detail
}  // namespace kit::protobuf
