#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include <kit/clock.hpp>

namespace kit::middleware {

/// A quantile of the latest durations: the share `q` of them took no longer.
/// Threads: one at a time.
class recent_quantile {
 public:
  /// How many are kept, and how many must be there for it to say anything.
  static constexpr std::size_t kept = 128;
  static constexpr std::size_t enough = 16;

  /// `q` from 0, the shortest, to 1, the longest.
  explicit recent_quantile(double q) noexcept : q_(q) {}

  void add(duration d) noexcept;
  /// As of a few calls ago: it is computed anew after each eighth that is added.
  std::optional<duration> value() const noexcept { return value_; }

 private:
  double q_;
  std::array<duration, kept> latest_{};
  std::size_t count_ = 0;  // of all added
  std::optional<duration> value_;
};

}  // namespace kit::middleware
