#pragma once

#include <cstddef>
#include <string_view>

#include <kit/codec/detail/time_parts.hpp>

/// Durations and times as text: internal to the codecs.
namespace kit::codec_detail {

/// Room for either text, in bytes.
inline constexpr std::size_t time_room = 40;

/// Decimal seconds, as in `1.5s`, `-0.000001s`, `0s`: protobuf's JSON form of a duration, without
/// the zeros at the end. Returns the text's end.
char* format_duration(char* out, time_parts d) noexcept;

/// A sequence of decimal numbers with a unit each, `ns`, `us`, `µs`, `ms`, `s`, `m` or `h`, as in
/// `1h30m` or `-1.5s`: what Go's time.ParseDuration reads.
time_status parse_duration(std::string_view text, time_parts& d) noexcept;

/// RFC 3339 in UTC, as in `2006-01-02T15:04:05.5Z`. `t` is within the years 0 to 9999.
char* format_time(char* out, time_parts t) noexcept;
/// Whether `format_time` can write it.
bool is_writable_time(time_parts t) noexcept;

/// RFC 3339 with any offset. A leap second is the first second after it.
time_status parse_time(std::string_view text, time_parts& t) noexcept;

}  // namespace kit::codec_detail
