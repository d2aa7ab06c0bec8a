#pragma once

#include <chrono>

#include <kit/clock.hpp>

namespace kit::middleware::detail {

/// For people.
inline double milliseconds_of(duration d) noexcept {
  return std::chrono::duration<double, std::milli>(d).count();
}

}  // namespace kit::middleware::detail
