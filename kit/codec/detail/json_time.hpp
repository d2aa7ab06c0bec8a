#pragma once

#include <chrono>

#include <kit/codec/detail/json_access.hpp>
#include <kit/codec/detail/time_parts.hpp>

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

using codec_detail::from_parts;
using codec_detail::to_parts;

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
