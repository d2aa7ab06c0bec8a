#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include <kit/codec/detail/protobuf_values.hpp>
#include <kit/codec/detail/time_parts.hpp>
#include <kit/codec/protobuf_time.hpp>

namespace kit::protobuf {
namespace detail {

/// False: they aren't what Duration's or Timestamp's comments ask for.
result<codec_detail::time_parts> parts_of(const duration& d);
result<codec_detail::time_parts> parts_of(const timestamp& t);
duration duration_of(codec_detail::time_parts parts) noexcept;
timestamp timestamp_of(codec_detail::time_parts parts) noexcept;
error time_error(codec_detail::time_status status);
inline error no_time() {
  return time_error(codec_detail::time_status::out_of_range);
}

template <class D, class Wire>
result<D> to_duration(const Wire& w) {
  const auto parts = parts_of(w);
  if (!parts) return fail(parts.error());
  D d{};
  const auto status = codec_detail::from_parts(*parts, d);
  if (status != codec_detail::time_status::ok) return fail(time_error(status));
  return d;
}

}  // namespace detail

template <class Rep, class Period>
struct codec<std::chrono::duration<Rep, Period>> {
  using type = std::chrono::duration<Rep, Period>;
  using wire_type = duration;
  static result<duration> to_wire(type v) {
    codec_detail::time_parts parts;
    if (!codec_detail::to_parts(v, parts)) return fail(detail::no_time());
    return detail::duration_of(parts);
  }
  static result<type> from_wire(const duration& d) { return detail::to_duration<type>(d); }
};

template <class D>
struct codec<std::chrono::time_point<std::chrono::system_clock, D>> {
  using type = std::chrono::time_point<std::chrono::system_clock, D>;
  using wire_type = timestamp;
  static result<timestamp> to_wire(type v) {
    codec_detail::time_parts parts;
    if (!codec_detail::to_parts(v.time_since_epoch(), parts)) return fail(detail::no_time());
    return detail::timestamp_of(parts);
  }
  static result<type> from_wire(const timestamp& t) {
    const auto since_epoch = detail::to_duration<D>(t);
    if (!since_epoch) return fail(since_epoch.error());
    return type(*since_epoch);
  }
};

}  // namespace kit::protobuf
