#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <kit/codec/json.hpp>
#include <kit/codec/protobuf.hpp>
#include <kit/detail/hex.hpp>
#include <kit/reflect.hpp>

/// The messages of OTLP, OpenTelemetry's protocol, as plain structs: JSON by `json::encode`,
/// protobuf by `protobuf::encode`. What is common to traces and metrics.
/// Source: opentelemetry-proto 1.x; OTLP specification, JSON Protobuf Encoding: ids in hexadecimal,
/// numbers of 64 bits as texts, enums as numbers, names in lowerCamelCase.
namespace kit::otlp {

/// Bytes that are an id: none at all in protobuf, and an empty text in JSON, where it's zero.
template <std::size_t N>
struct id {
  std::array<std::byte, N> bytes = {};
  friend bool operator==(const id&, const id&) = default;
};

/// A number of 64 bits.
template <class Integer>
struct wide {
  static_assert(sizeof(Integer) == 8 && std::is_integral_v<Integer>);
  Integer value = 0;
  friend bool operator==(const wide&, const wide&) = default;
};
using fixed64 = wide<std::uint64_t>;
using int64 = wide<std::int64_t>;

/// A number with a fraction. In JSON NaN and the infinities are texts, as protobuf's mapping says.
struct real {
  double value = 0;
  friend bool operator==(const real&, const real&) = default;
};

struct any_value;
struct array_value {
  std::vector<any_value> values;
};
struct any_value {
  std::variant<std::monostate, std::string, bool, int64, real, array_value> value = {};
};
struct key_value {
  std::string key = {};
  any_value value = {};
};
using attributes = std::vector<key_value>;

struct resource {
  otlp::attributes attributes = {};
};
/// What made the data: this library.
struct scope {
  std::string name = {};
  std::string version = {};
  otlp::attributes attributes = {};
};
scope cokit_scope();

namespace detail {
bool parse_hex(std::string_view text, std::byte* bytes, std::size_t size) noexcept;
bool parse_integer(std::string_view text, std::uint64_t& v) noexcept;
bool parse_integer(std::string_view text, std::int64_t& v) noexcept;
bool parse_real(std::string_view text, double& v) noexcept;
/// Of a number that isn't finite.
std::string_view name_of_real(double v) noexcept;
}  // namespace detail

}  // namespace kit::otlp

template <std::size_t N>
struct kit::json::codec<kit::otlp::id<N>> {
  static bool decode(reader& r, otlp::id<N>& v) {
    std::string_view text;
    if (!r.read_text(text)) return false;
    v = {};
    return text.empty() || otlp::detail::parse_hex(text, v.bytes.data(), N) ||
           r.fail("expected an id in hexadecimal digits");
  }
  static bool encode(writer& w, const otlp::id<N>& v) {
    std::string text;
    if (!is_empty(v)) kit::detail::append_hex(text, v.bytes);
    return w.write(text);
  }
  static bool is_empty(const otlp::id<N>& v) { return v == otlp::id<N>{}; }
};

template <std::size_t N>
struct kit::protobuf::codec<kit::otlp::id<N>> {
  using wire_type = std::array<std::byte, N>;
  static const wire_type& to_wire(const otlp::id<N>& v) { return v.bytes; }
  static result<otlp::id<N>> from_wire(const wire_type& bytes) { return otlp::id<N>{bytes}; }
};

template <class Integer>
struct kit::json::codec<kit::otlp::wide<Integer>> {
  static bool decode(reader& r, otlp::wide<Integer>& v) {
    if (r.peek() != kind::string) return r.read(v.value);
    std::string_view text;
    if (!r.read_text(text)) return false;
    return otlp::detail::parse_integer(text, v.value) || r.fail("expected an integer");
  }
  static bool encode(writer& w, const otlp::wide<Integer>& v) {
    return w.write(std::to_string(v.value));
  }
  static bool is_empty(const otlp::wide<Integer>& v) { return v.value == 0; }
};

template <class Integer>
struct kit::protobuf::codec<kit::otlp::wide<Integer>> {
  using wire_type = Integer;
  static Integer to_wire(const otlp::wide<Integer>& v) { return v.value; }
  static result<otlp::wide<Integer>> from_wire(Integer v) { return otlp::wide<Integer>{v}; }
};

template <>
struct kit::json::codec<kit::otlp::real> {
  static bool decode(reader& r, otlp::real& v) {
    if (r.peek() != kind::string) return r.read(v.value);
    std::string_view text;
    if (!r.read_text(text)) return false;
    return otlp::detail::parse_real(text, v.value) || r.fail("expected a number");
  }
  static bool encode(writer& w, const otlp::real& v) {
    return std::isfinite(v.value) ? w.write(v.value) : w.write(otlp::detail::name_of_real(v.value));
  }
  static bool is_empty(const otlp::real& v) {
    return std::bit_cast<std::uint64_t>(v.value) == 0;  // -0.0 isn't
  }
};

template <>
struct kit::protobuf::codec<kit::otlp::real> {
  using wire_type = double;
  static double to_wire(const otlp::real& v) { return v.value; }
  static result<otlp::real> from_wire(double v) { return otlp::real{v}; }
};

template <>
struct kit::reflect_traits<kit::otlp::any_value> {
  static constexpr auto fields =
      kit::fields(kit::field<&kit::otlp::any_value::value>().alternatives(
          kit::alternative("stringValue").number(1), kit::alternative("boolValue").number(2),
          kit::alternative("intValue").number(3), kit::alternative("doubleValue").number(4),
          kit::alternative("arrayValue").number(5)));
};
template <>
struct kit::reflect_traits<kit::otlp::resource> {
  static constexpr auto fields =
      kit::fields(kit::field<&kit::otlp::resource::attributes>().omit_empty());
};
template <>
struct kit::reflect_traits<kit::otlp::scope> {
  static constexpr auto fields =
      kit::fields(kit::field<&kit::otlp::scope::version>().omit_empty(),
                  kit::field<&kit::otlp::scope::attributes>().omit_empty());
};
