#pragma once

#include <cstdint>
#include <limits>

namespace kit {

/// Pseudo-random numbers for jitter, sampling, picking and simulations; not for secrets. The same
/// seed gives the same numbers with every compiler and standard library, other than the
/// distributions of <random>, so that a failing seed replays exactly.
///
/// A value of 8 bytes: whoever needs randomness is handed one and keeps it. Satisfies
/// `std::uniform_random_bit_generator`. Threads: one at a time.
/// Source: SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
class random_source {
 public:
  using result_type = std::uint64_t;

  explicit random_source(std::uint64_t seed) noexcept : state_(seed) {}
  /// Seeded by the operating system.
  static random_source from_entropy();

  /// What the state grows by with each number: one seeded `n * step` further has skipped n.
  static constexpr result_type step = 0x9e3779b97f4a7c15;
  static constexpr result_type min() noexcept { return 0; }
  static constexpr result_type max() noexcept { return std::numeric_limits<result_type>::max(); }
  result_type operator()() noexcept {
    state_ += step;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

  /// Uniform in [0, 1).
  double uniform() noexcept { return static_cast<double>((*this)() >> 11) * 0x1p-53; }
  /// Uniform in [low, high).
  double uniform(double low, double high) noexcept { return low + (high - low) * uniform(); }
  /// Uniform in [0, bound); `bound` is positive.
  std::uint64_t below(std::uint64_t bound) noexcept {
    const std::uint64_t limit = max() - max() % bound;  // a multiple, so that no value is favoured
    std::uint64_t x;
    do {
      x = (*this)();
    } while (x >= limit);
    return x % bound;
  }
  /// True that often, for a probability of 0 to 1.
  bool chance(double probability) noexcept { return uniform() < probability; }

  /// An independent one for someone else.
  random_source split() noexcept { return random_source((*this)()); }

 private:
  std::uint64_t state_;
};

}  // namespace kit
