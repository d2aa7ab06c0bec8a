#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <kit/codec/detail/protobuf_reader.hpp>
#include <kit/codec/detail/protobuf_writer.hpp>
#include <kit/codec/detail/type_kinds.hpp>
#include <kit/reflect.hpp>

namespace kit::protobuf {

/// How a type that the library doesn't know is written: as another one that it knows. See
/// <kit/codec/protobuf.hpp>.
template <class T>
struct codec {};

namespace detail {

template <class T>
concept converted = requires { typename codec<T>::wire_type; };

using codec_detail::integer;

/// A type's values one by one: without tags, and with nothing left out. What has no specialisation
/// is a message.
///
///     static constexpr wire type;       its wire type
///     static constexpr bool packable;   whether many stand in one length-delimited field
///     static bool is_default(const M&)
///     static bool write(writer&, const M&)
///     static bool read(reader&, M&)
template <class M, integer_form Form>
struct value;

template <wire Type>
struct scalar {
  static constexpr wire type = Type;
  static constexpr bool packable = Type != wire::delimited;
  static constexpr bool is_message = false;
};

template <integer M, integer_form Form>
inline constexpr wire integer_wire = Form != integer_form::fixed ? wire::varint
                                     : sizeof(M) <= 4            ? wire::fixed32
                                                                 : wire::fixed64;

/// Of integers with fewer than 32 bits what doesn't fit is refused; wider ones are cut, as protobuf
/// has it.
template <integer M, integer_form Form>
struct value<M, Form> : scalar<integer_wire<M, Form>> {
  static_assert(Form != integer_form::zigzag || std::is_signed_v<M>,
                "kit::protobuf: zigzag is for signed integers");
  /// The integer of 32 or 64 bits that the wire format knows.
  using wide =
      std::conditional_t<sizeof(M) == 8,
                         std::conditional_t<std::is_signed_v<M>, std::int64_t, std::uint64_t>,
                         std::conditional_t<std::is_signed_v<M>, std::int32_t, std::uint32_t>>;
  using raw = std::make_unsigned_t<wide>;

  static bool is_default(M v) { return v == 0; }
  static bool write(writer& w, M v) {
    if constexpr (Form == integer_form::fixed) {
      w.put_fixed(static_cast<raw>(wide{v}));
    } else if constexpr (Form == integer_form::zigzag) {
      w.put_varint(zigzag(wide{v}));
    } else {
      w.put_varint(static_cast<std::uint64_t>(v));  // negative ones take all 64 bits
    }
    return true;
  }
  static bool read(reader& r, M& v) {
    const char* const at = r.position();
    wide n{};
    if constexpr (Form == integer_form::fixed) {
      raw bits{};
      if (!r.read_fixed(bits)) return false;
      n = static_cast<wide>(bits);
    } else {
      std::uint64_t bits = 0;
      if (!r.read_varint(bits)) return false;
      if constexpr (Form == integer_form::zigzag) {
        n = unzigzag(static_cast<raw>(bits));
      } else {
        n = static_cast<wide>(bits);
      }
    }
    if constexpr (sizeof(M) < 4) {
      using limits = std::numeric_limits<M>;
      if (n < limits::min() || n > limits::max()) {
        return r.fail_range(n, limits::min(), limits::max(), at);
      }
    }
    v = static_cast<M>(n);
    return true;
  }
};

template <integer_form Form>
struct value<bool, Form> : scalar<wire::varint> {
  static bool is_default(bool v) { return !v; }
  static bool write(writer& w, bool v) {
    w.put_varint(v ? 1 : 0);
    return true;
  }
  static bool read(reader& r, bool& v) {
    std::uint64_t n = 0;
    if (!r.read_varint(n)) return false;
    v = n != 0;
    return true;
  }
};

template <std::floating_point M, integer_form Form>
  requires(sizeof(M) <= 8)
struct value<M, Form> : scalar<sizeof(M) == 8 ? wire::fixed64 : wire::fixed32> {
  using bits = std::conditional_t<sizeof(M) == 8, std::uint64_t, std::uint32_t>;

  static bool is_default(M v) { return std::bit_cast<bits>(v) == 0; }  // -0.0 isn't
  static bool write(writer& w, M v) {
    w.put_fixed(std::bit_cast<bits>(v));
    return true;
  }
  static bool read(reader& r, M& v) {
    bits n = 0;
    if (!r.read_fixed(n)) return false;
    v = std::bit_cast<M>(n);
    return true;
  }
};

/// Enums are open: values without a name are kept where the enum can hold them.
template <reflect::enumeration M, integer_form Form>
  requires(!std::same_as<M, std::byte> && !converted<M>)
struct value<M, Form> : scalar<wire::varint> {
  using underlying = std::underlying_type_t<M>;
  static_assert(sizeof(underlying) <= 4, "kit::protobuf: protobuf's enums have 32 bits");

  static bool is_default(M v) { return static_cast<underlying>(v) == 0; }
  static bool write(writer& w, M v) {
    const auto n = static_cast<std::int32_t>(v);
    w.put_varint(static_cast<std::uint64_t>(std::int64_t{n}));
    return true;
  }
  static bool read(reader& r, M& v) {
    const char* const at = r.position();
    std::uint64_t bits = 0;
    if (!r.read_varint(bits)) return false;
    const auto n = static_cast<std::int32_t>(bits);
    if constexpr (sizeof(underlying) < 4) {
      using limits = std::numeric_limits<underlying>;
      if (n < limits::min() || n > limits::max()) {
        return r.fail_range(n, limits::min(), limits::max(), at);
      }
    }
    if constexpr (!reflect::detail::fixed_underlying<M>) {
      // It holds no more than its enumerators need; the others are undefined behaviour.
      for (const auto& entry : reflect::enum_entries<M>) {
        if (static_cast<std::int32_t>(entry.value) != n) continue;
        v = entry.value;
        return true;
      }
      return r.fail(std::to_string(n) + " is no enumerator", at);
    } else {
      v = static_cast<M>(n);
      return true;
    }
  }
};

template <integer_form Form>
struct value<std::string, Form> : scalar<wire::delimited> {
  static bool is_default(const std::string& v) { return v.empty(); }
  static bool write(writer& w, const std::string& v) { return w.put_text(v); }
  static bool read(reader& r, std::string& v) {
    std::string_view text;
    if (!r.read_text(text)) return false;
    v.assign(text);
    return true;
  }
};

/// What belongs to somebody else can be written only.
template <integer_form Form>
struct value<std::string_view, Form> : scalar<wire::delimited> {
  static bool is_default(std::string_view v) { return v.empty(); }
  static bool write(writer& w, std::string_view v) { return w.put_text(v); }
};
template <integer_form Form>
struct value<std::span<const std::byte>, Form> : scalar<wire::delimited> {
  static bool is_default(std::span<const std::byte> v) { return v.empty(); }
  static bool write(writer& w, std::span<const std::byte> v) {
    w.put_delimited(v);
    return true;
  }
};

template <integer_form Form>
struct value<std::vector<std::byte>, Form> : scalar<wire::delimited> {
  static bool is_default(const std::vector<std::byte>& v) { return v.empty(); }
  static bool write(writer& w, const std::vector<std::byte>& v) {
    w.put_delimited(v);
    return true;
  }
  static bool read(reader& r, std::vector<std::byte>& v) {
    std::string_view bytes;
    if (!r.read_bytes(bytes)) return false;
    const auto* const first = reinterpret_cast<const std::byte*>(bytes.data());
    v.assign(first, first + bytes.size());
    return true;
  }
};

/// All zero is the default. Bytes on the wire are none, which is all zero, too, or as many.
template <std::size_t N, integer_form Form>
struct value<std::array<std::byte, N>, Form> : scalar<wire::delimited> {
  using array = std::array<std::byte, N>;

  static bool is_default(const array& v) { return v == array{}; }
  static bool write(writer& w, const array& v) {
    w.put_delimited(v);
    return true;
  }
  static bool read(reader& r, array& v) {
    const char* const at = r.position();
    std::string_view bytes;
    if (!r.read_bytes(bytes)) return false;
    if (bytes.empty()) {
      v = array{};
    } else if (bytes.size() == N) {
      std::memcpy(v.data(), bytes.data(), N);
    } else {
      return r.fail("expected " + std::to_string(N) + " bytes, got " + std::to_string(bytes.size()),
                    at);
    }
    return true;
  }
};

}  // namespace detail
}  // namespace kit::protobuf
