#pragma once

#include <cstddef>
#include <cstdint>

/// Numbers in JSON's grammar (RFC 8259 section 6): internal to the codec.
namespace kit::json::detail {

enum class number_status : std::uint8_t { ok, malformed, not_integer, out_of_range };

struct parsed_integer {
  std::uint64_t magnitude;
  bool negative;
  number_status status;
  const char* end;  // where status is ok or out_of_range
};

/// The integer at `p`. `out_of_range`: the magnitude takes more than 64 bits.
parsed_integer parse_integer(const char* p, const char* end) noexcept;

/// The number that is exactly [p, end). What is too small for a Float is zero; false: too large.
bool parse_float(const char* p, const char* end, double& v) noexcept;
bool parse_float(const char* p, const char* end, float& v) noexcept;

/// Room that any number's text fits in, in bytes.
inline constexpr std::size_t number_room = 40;

/// Writes the shortest text that reads back as the same number; returns its end. `v` is finite.
/// The form is that of ECMAScript and Go: no exponent from 1e-6 up to below 1e21.
char* format_float(char* out, double v) noexcept;
char* format_float(char* out, float v) noexcept;

}  // namespace kit::json::detail
