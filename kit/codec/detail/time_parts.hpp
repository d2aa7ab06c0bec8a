#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <ratio>
#include <type_traits>

/// Durations and times in whole nanoseconds: internal to the codecs.
namespace kit::codec_detail {

/// A duration, or a time since 1970, in parts that have the same sign; |nanoseconds| < 1e9.
struct time_parts {
  std::int64_t seconds = 0;
  std::int32_t nanoseconds = 0;
  friend bool operator==(const time_parts&, const time_parts&) = default;
};

enum class time_status : std::uint8_t {
  ok,
  malformed,
  out_of_range,
  too_fine,  ///< Not a whole number of nanoseconds.
};

template <class Period>
inline constexpr std::int64_t nanoseconds_of_tick =
    std::nano::den / Period::den;  // of 1/den, not of the whole period
template <class Period>
inline constexpr bool is_whole_nanoseconds = std::nano::den % Period::den == 0;

/// False: the duration takes more seconds than 64 bits, or is NaN.
template <class Rep, class Period>
bool to_parts(std::chrono::duration<Rep, Period> d, time_parts& parts) {
  static_assert(is_whole_nanoseconds<Period>, "kit/codec: a tick must be whole nanoseconds");
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
  static_assert(is_whole_nanoseconds<Period>, "kit/codec: a tick must be whole nanoseconds");
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

}  // namespace kit::codec_detail
