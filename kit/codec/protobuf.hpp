#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <kit/codec/detail/protobuf_struct.hpp>
#include <kit/codec/detail/protobuf_time.hpp>
#include <kit/codec/protobuf_options.hpp>
#include <kit/codec/protobuf_time.hpp>
#include <kit/result.hpp>

/// Protobuf's wire format, with the semantics of proto3, from and to plain structs, without macros,
/// generated code and libprotobuf:
///
///     struct item { std::string name; double price = 0; std::optional<int> rank; };
///     kit::result<std::string> bytes = kit::protobuf::encode(item{.name = "tea", .price = 2.5});
///     kit::result<item> i = kit::protobuf::decode<item>(*bytes);
///
/// | C++                                                  | .proto                              |
/// |------------------------------------------------------|-------------------------------------|
/// | `bool`, `float`, `double`                            | the same                            |
/// | integers up to 32 bits                               | int32, uint32                       |
/// | integers of 64 bits                                  | int64, uint64                       |
/// | ... whose field is `.zigzag()`                       | sint32, sint64                      |
/// | ... whose field is `.fixed()`                        | sfixed32, fixed32, sfixed64, fixed64|
/// | `std::string`                                        | string, valid UTF-8                 |
/// | `vector<std::byte>`, `array<std::byte, N>`           | bytes                               |
/// | enums of up to 32 bits                               | enum, open                          |
/// | structs (see <kit/reflect.hpp>)                      | message                             |
/// | `optional`, `unique_ptr`, `shared_ptr`               | optional                            |
/// | `vector` and other sequences, sets                   | repeated, packed if it can be       |
/// | maps with integers, bool or strings as keys          | map                                 |
/// | `variant`                                            | oneof                               |
/// | `chrono` durations                                   | google.protobuf.Duration            |
/// | `system_clock` time points                           | google.protobuf.Timestamp           |
///
/// `std::string_view`, `std::span<const std::byte>` and `std::span<const T>` can be encoded.
///
/// **Numbers.** Fields have the numbers that `kit::reflect_traits` gives them. If it gives none, a
/// field's number is its place in the struct, from 1, skipped fields counted. A struct where some
/// fields have one and others don't is an error at compile time, as are numbers used twice,
/// protobuf's own (19000 to 19999) and those above 2^29-1. Names don't matter on the wire;
/// `required` and `omit_empty` mean nothing here.
///
///     template <>
///     struct kit::reflect_traits<point> {
///       static constexpr auto fields = kit::fields(
///           kit::field<&point::time>().number(2).fixed(),
///           // a std::variant<std::monostate, double, std::int64_t>
///           kit::field<&point::value>().alternatives(
///               kit::alternative("as_double").number(4),
///               kit::alternative("as_int").number(6).fixed()));
///     };
///
/// **Presence.** What has the default of proto3 isn't written: 0, false, "", no bytes, an array of
/// zeros, an enum's 0, a struct of which nothing is written, no elements. What isn't there is
/// decoded as that default, also where the member's initializer is another value. Optionals,
/// pointers and variants tell the default from nothing.
///
/// **Decoding** does what protobuf asks for: of a scalar that comes twice the last one counts,
/// messages that come twice are merged, repeated fields are appended, whether packed or not,
/// unknown fields are passed over, integers are cut to 32 bits. Where it leaves a choice: integers
/// of 8 and 16 bits, bytes of a fixed size and enums refuse what they can't hold; a field of
/// another wire type is an unknown one.
///
/// **Encoding** is deterministic: fields by ascending number, maps in their order.
///
/// A codec of one's own says as what other type a type is written, and how to get there and back:
///
///     template <>
///     struct kit::protobuf::codec<decimal> {
///       using wire_type = std::string;             // any type that has a codec; a struct, too
///       static std::string to_wire(const decimal& v) { return v.text(); }
///       static kit::result<decimal> from_wire(std::string text);   // or fail(...)
///     };
///
/// `to_wire` may return a `result`, too. Without `from_wire` the type can only be encoded, and
/// `wire_type` may have views.
///
/// Source: https://protobuf.dev/programming-guides/encoding and .../proto3
/// Threads: all functions may be called at once from any.
namespace kit::protobuf {

/// Merges the message into a value that is there, as if its bytes were appended to those of the
/// value: scalars that come are set, messages merged, repeated fields appended. After an error a
/// part has been merged. Errors: as for `decode`.
template <class T>
result<void> decode_into(T& value, std::string_view bytes, const decode_options& options = {}) {
  static_assert(reflect::aggregate<T>, "kit::protobuf: a message is a plain struct");
  detail::reader r(bytes, options);
  if (r.failed() || !detail::read_fields(r, value)) return fail(r.take_error());
  return {};
}
template <class T>
result<void> decode_into(T& value, std::span<const std::byte> bytes,
                         const decode_options& options = {}) {
  return decode_into(
      value, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), options);
}

/// Decodes a message, which must be all of the bytes.
/// Errors: `errc::invalid_argument`; the message names the place by path and byte offset, as in
///         `items[3].price: truncated varint at byte 57`.
template <class T>
result<T> decode(std::string_view bytes, const decode_options& options = {}) {
  result<T> out(expected_ns::in_place);
  detail::clear(*out);
  if (auto done = decode_into(*out, bytes, options); !done) out = fail(std::move(done).error());
  return out;
}
template <class T>
result<T> decode(std::span<const std::byte> bytes, const decode_options& options = {}) {
  return decode<T>(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
                   options);
}

/// Appends the value's bytes. On failure `out` is as it was.
/// Errors: as for `encode`.
template <class T>
result<void> append(std::string& out, const T& value, const encode_options& options = {}) {
  static_assert(reflect::aggregate<T>, "kit::protobuf: a message is a plain struct");
  detail::writer w(out, options);
  const bool ok = detail::write_fields(w, value);
  return w.finish(ok);
}

/// The value's bytes.
/// Errors: `errc::internal`, as it's this program that made the value: strings that aren't UTF-8,
///         what a codec refuses, deeper nesting than the options allow, more than 2 GiB. The
///         message names the place, as in `items[3].name: invalid UTF-8 at byte 2 of the string`.
template <class T>
result<std::string> encode(const T& value, const encode_options& options = {}) {
  result<std::string> out(expected_ns::in_place);
  if (auto done = append(*out, value, options); !done) out = fail(std::move(done).error());
  return out;
}

}  // namespace kit::protobuf
