#pragma once

#include <cstdint>
#include <string_view>

#include <kit/codec/detail/protobuf_values.hpp>
#include <kit/reflect/traits.hpp>

namespace kit::protobuf {

/// google.protobuf.Duration: parts that have the same sign, less than 1e9 nanoseconds. What
/// `chrono` durations are written as.
struct duration {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  friend bool operator==(const duration&, const duration&) = default;
};

/// google.protobuf.Timestamp: since 1970, 0 to 999,999,999 nanoseconds, which count forward in
/// time. What `system_clock` time points are written as.
struct timestamp {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
  friend bool operator==(const timestamp&, const timestamp&) = default;
};

template <>
struct codec<duration> {
  static constexpr std::string_view import = "google/protobuf/duration.proto";
};
template <>
struct codec<timestamp> {
  static constexpr std::string_view import = "google/protobuf/timestamp.proto";
};

}  // namespace kit::protobuf

template <>
struct kit::reflect_traits<kit::protobuf::duration> {
  static constexpr std::string_view name = "google.protobuf.Duration";
};
template <>
struct kit::reflect_traits<kit::protobuf::timestamp> {
  static constexpr std::string_view name = "google.protobuf.Timestamp";
};
