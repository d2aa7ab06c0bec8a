#pragma once

#include <array>
#include <cmath>
#include <span>

#include <kit/metrics/snapshot.hpp>

namespace kit::metrics::detail {

inline constexpr std::array usual_quantiles{0.5, 0.9, 0.95, 0.99};

/// The quantiles by which a histogram is shown: its own, or else the usual ones.
inline std::span<const double> shown_quantiles(const family& f) noexcept {
  return f.quantiles.empty() ? std::span<const double>(usual_quantiles) : f.quantiles;
}

/// 99.9 for 0.999.
inline double percent(double quantile) noexcept {
  return std::round(quantile * 1e9) / 1e7;
}

}  // namespace kit::metrics::detail
