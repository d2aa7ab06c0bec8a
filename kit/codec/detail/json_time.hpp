#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

#include <kit/codec/detail/json_access.hpp>
#include <kit/codec/detail/time_text.hpp>

namespace kit::json {
namespace detail {

using codec_detail::time_parts;
using codec_detail::time_status;

/// Read a string; false after a failure.
bool read_duration(reader& r, time_parts& d);
bool read_time(reader& r, time_parts& t);
bool fail_time(reader& r, time_status status);
/// `in_range`: the value could be put in parts.
bool write_duration(writer& w, time_parts d, bool in_range);
bool write_time(writer& w, time_parts t, bool in_range);

template <class Period>
inline constexpr std::int64_t nanoseconds_of_tick =
    std::nano::den / Period::den;  // of 1/den, not of the whole period
template <class Period>
inline constexpr bool is_whole_nanoseconds = std::nano::den % Period::den == 0;

/// False: the duration takes more seconds than 64 bits, or is NaN.
template <class Rep, class Period>
bool to_parts(std::chrono::duration<Rep, Period> d, time_parts& parts) {
  static_assert(is_whole_nanoseconds<Period>, "kit::json: a tick must be whole nanoseconds");
  if constexpr (std::is_floating_point_v<Rep>) {
    const auto seconds = std::chrono::duration<double>(d).count();
    if (!(std::fabs(seconds) < 9e18)) return false;
    const double whole = std::trunc(seconds);
    auto n = static_cast<std::int32_t>(std::lround((seconds - whole) * 1e9));
    parts = {static_cast<std::int64_t>(whole), n};
    if (n == std::nano::den || n == -std::nano::den) {
      parts = {parts.seconds + (n < 0 ? -1 : 1), 0};
    }
    return true;
  } else {
    std::int64_t fractions = 0;
    if (__builtin_mul_overflow(d.count(), std::int64_t{Period::num}, &fractions)) return false;
    parts = {fractions / Period::den,
             static_cast<std::int32_t>(fractions % Period::den * nanoseconds_of_tick<Period>)};
    return true;
  }
}

template <class Rep, class Period>
time_status from_parts(time_parts parts, std::chrono::duration<Rep, Period>& d) {
  static_assert(is_whole_nanoseconds<Period>, "kit::json: a tick must be whole nanoseconds");
  if constexpr (std::is_floating_point_v<Rep>) {
    d = std::chrono::duration<Rep>(static_cast<Rep>(parts.seconds)) +
        std::chrono::duration<Rep, std::nano>(static_cast<Rep>(parts.nanoseconds));
    return time_status::ok;
  } else {
    std::int64_t fractions = 0;
    if (parts.nanoseconds % nanoseconds_of_tick<Period> != 0) return time_status::too_fine;
    if (__builtin_mul_overflow(parts.seconds, std::int64_t{Period::den}, &fractions) ||
        __builtin_add_overflow(fractions, parts.nanoseconds / nanoseconds_of_tick<Period>,
                               &fractions)) {
      return time_status::out_of_range;
    }
    if (fractions % Period::num != 0) return time_status::too_fine;
    Rep ticks{};
    if (__builtin_add_overflow(fractions / Period::num, 0, &ticks)) {
      return time_status::out_of_range;
    }
    d = std::chrono::duration<Rep, Period>(ticks);
    return time_status::ok;
  }
}

}  // namespace detail

/// Durations are text: decimal seconds, as in `"1.5s"` (protobuf's JSON form). What Go's
/// `time.ParseDuration` takes is decoded, such as `"1h30m"` or `"250ms"`, where the type can hold
/// it exactly.
template <class Rep, class Period>
struct codec<std::chrono::duration<Rep, Period>> {
  using type = std::chrono::duration<Rep, Period>;
  static constexpr unsigned kinds = bit(kind::string);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, type& v) {
    detail::time_parts parts;
    if (!detail::read_duration(r, parts)) return false;
    const auto status = detail::from_parts(parts, v);
    return status == detail::time_status::ok || detail::fail_time(r, status);
  }
  static bool encode(writer& w, type v) {
    detail::time_parts parts;
    const bool in_range = detail::to_parts(v, parts);
    return detail::write_duration(w, parts, in_range);
  }
  static bool is_empty(type v) { return v == type::zero(); }
};

/// Points in time are text as of RFC 3339, in UTC, with as many digits as they need.
template <class Duration>
struct codec<std::chrono::time_point<std::chrono::system_clock, Duration>> {
  using type = std::chrono::time_point<std::chrono::system_clock, Duration>;
  static constexpr unsigned kinds = bit(kind::string);
  static constexpr bool overwrites = true;
  static bool decode(reader& r, type& v) {
    detail::time_parts parts;
    Duration since_epoch{};
    if (!detail::read_time(r, parts)) return false;
    const auto status = detail::from_parts(parts, since_epoch);
    if (status != detail::time_status::ok) return detail::fail_time(r, status);
    v = type(since_epoch);
    return true;
  }
  static bool encode(writer& w, type v) {
    detail::time_parts parts;
    const bool in_range = detail::to_parts(v.time_since_epoch(), parts);
    return detail::write_time(w, parts, in_range);
  }
  static bool is_empty(type v) { return v == type{}; }
};

}  // namespace kit::json
