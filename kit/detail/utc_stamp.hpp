#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace kit::detail {

enum class stamp_form : std::uint8_t {
  basic,     ///< `20150830T123600Z`
  extended,  ///< `2015-08-30T12:36:00Z`
};

/// A time in UTC, to the second, as ISO 8601 writes it. Years from 0 to 9999.
std::string utc_stamp(std::chrono::system_clock::time_point t, stamp_form form);

}  // namespace kit::detail
