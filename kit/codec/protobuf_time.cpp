#include <kit/codec/detail/protobuf_time.hpp>

#include <limits>

namespace kit::protobuf::detail {
namespace {

constexpr std::int32_t second = 1'000'000'000;

error not_normal() {
  return {errc::invalid_argument, "nanos out of range"};
}

}  // namespace

result<codec_detail::time_parts> parts_of(const duration& d) {
  const bool fits = d.nanos > -second && d.nanos < second;
  const bool same_sign = d.seconds == 0 || d.nanos == 0 || (d.seconds < 0) == (d.nanos < 0);
  if (!fits || !same_sign) return fail(not_normal());
  return codec_detail::time_parts{d.seconds, d.nanos};
}

result<codec_detail::time_parts> parts_of(const timestamp& t) {
  if (t.nanos < 0 || t.nanos >= second) return fail(not_normal());
  if (t.seconds >= 0 || t.nanos == 0) return codec_detail::time_parts{t.seconds, t.nanos};
  return codec_detail::time_parts{t.seconds + 1, t.nanos - second};
}

duration duration_of(codec_detail::time_parts parts) noexcept {
  return {parts.seconds, parts.nanoseconds};
}

// The least number of seconds has no nanoseconds before it, as they come from 64 bits of ticks.
timestamp timestamp_of(codec_detail::time_parts parts) noexcept {
  if (parts.nanoseconds >= 0) return {parts.seconds, parts.nanoseconds};
  return {parts.seconds - 1, parts.nanoseconds + second};
}

error time_error(codec_detail::time_status status) {
  return {errc::invalid_argument, status == codec_detail::time_status::too_fine
                                      ? "too fine for the type of the field"
                                      : "out of the range of the type of the field"};
}

}  // namespace kit::protobuf::detail
