#pragma once

#include <memory>
#include <string>
#include <utility>

#include <kit/codec/detail/json_access.hpp>
#include <kit/codec/detail/json_containers.hpp>
#include <kit/codec/detail/json_scalars.hpp>
#include <kit/codec/detail/json_struct.hpp>
#include <kit/codec/detail/json_time.hpp>
#include <kit/codec/detail/json_variant.hpp>
#include <kit/codec/json_raw.hpp>
#include <kit/codec/json_reader.hpp>
#include <kit/codec/json_writer.hpp>
#include <kit/result.hpp>

/// JSON (RFC 8259) from and to plain structs, without macros:
///
///     struct item { std::string name; double price = 0; std::optional<int> rank; };
///     kit::result<item> i = kit::json::decode<item>(R"({"name": "tea", "price": 2.5})");
///     kit::result<std::string> text = kit::json::encode(*i);
///
/// | C++                                                     | JSON                             |
/// |---------------------------------------------------------|----------------------------------|
/// | `bool`; integers up to 64 bits; `float`, `double`       | boolean; number                  |
/// | `std::string`                                           | string, valid UTF-8              |
/// | enums                                                   | string, the enumerator's name    |
/// | `optional`, `unique_ptr`, `shared_ptr`                  | the value or null                |
/// | `vector` and other sequences, sets, arrays, pair, tuple | array                            |
/// | maps with strings, integers or enums as keys            | object                           |
/// | structs (see <kit/reflect.hpp>)                         | object                           |
/// | `variant`; `monostate`                                  | the alternative's value; null    |
/// | `chrono` durations                                      | string such as "1.5s"            |
/// | `system_clock` time points                              | string, RFC 3339                 |
/// | `vector<std::byte>`, `array<std::byte, N>`              | string, base64                   |
/// | `json::raw`                                             | any value, as it is              |
///
/// `std::string_view` and `const char*` can be encoded. Members may be move-only.
/// `kit::reflect_traits` renames the fields of a struct, skips them, requires them or leaves them
/// out when empty. Of a variant whose alternatives it names, the object has the one that is held,
/// by its name; the last one that comes is decoded.
///
/// A codec of one's own:
///
///     template <>
///     struct kit::json::codec<decimal> {
///       static bool decode(reader& r, decimal& v) {
///         std::string_view text;
///         if (!r.read_text(text)) return false;
///         return v.parse(text) || r.fail("expected decimal number");
///       }
///       static bool encode(writer& w, const decimal& v) { return w.write(v.text()); }
///     };
///
/// Optional members of it: `static constexpr unsigned kinds`, the kinds of values that it decodes,
/// all of them by default, for variants, and to tell null from a field that isn't there;
/// `static decimal initial()`, what decoding starts from where there's no default constructor;
/// `static bool is_empty(const decimal&)` for `omit_empty`; `static constexpr std::string_view
/// schema`, its JSON Schema, see <kit/codec/json_schema.hpp>.
///
/// Threads: all functions may be called at once from any.
namespace kit::json {

/// Decodes the text into a value that is there. Fields that the text doesn't have, or has as null,
/// keep their values, also in nested structs; containers, optionals and pointers are made anew.
/// After an error some fields have been set.
/// Errors: as for `decode`.
template <class T>
result<void> decode_into(T& value, const input& text, const decode_options& options = {}) {
  return detail::reader_access::run(text, options, &detail::decode_value<T>, std::addressof(value));
}

/// Decodes the text, which must be one JSON value and white space.
/// Errors: `errc::invalid_argument`; the message names the place by path and byte offset, as in
///         `$.items[3].price: expected number, got string at byte 57`.
template <class T>
result<T> decode(const input& text, const decode_options& options = {}) {
  if constexpr (detail::starts_from_default<T>) {
    result<T> out(expected_ns::in_place);
    if (auto done = decode_into(*out, text, options); !done) out = fail(std::move(done).error());
    return out;
  } else {
    result<T> out(expected_ns::in_place, detail::initial<T>());
    if (auto done = decode_into(*out, text, options); !done) out = fail(std::move(done).error());
    return out;
  }
}

/// Appends the value's text, without white space. On failure `out` is as it was.
/// Errors: as for `encode`.
template <class T>
result<void> append(std::string& out, const T& value, const encode_options& options = {}) {
  return detail::writer_access::run(out, options, &detail::encode_value<T>, std::addressof(value));
}

/// The value's text, without white space.
/// Errors: `errc::internal`, as it's this program that made the value: NaN and the infinities,
///         strings that aren't UTF-8, enums without a name, times outside the years 0 to 9999,
///         deeper nesting than the options allow. The message names the place, as in
///         `$.items[3].price: NaN is no number`.
template <class T>
result<std::string> encode(const T& value, const encode_options& options = {}) {
  result<std::string> out(expected_ns::in_place);
  if (auto done = append(*out, value, options); !done) out = fail(std::move(done).error());
  return out;
}

}  // namespace kit::json
