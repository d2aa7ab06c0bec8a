#pragma once

#include <atomic>
#include <cstdint>

#include <kit/random.hpp>

namespace kit {

/// Randomness for several threads: each takes a `random_source` of its own, good for the numbers
/// that it needs. What is taken in the same order is the same for the same seed.
/// Threads: any.
class shared_random {
 public:
  explicit shared_random(random_source random) noexcept : state_(random()) {}

  /// For no more than `count` numbers, which nobody else gets.
  random_source take(std::uint64_t count) noexcept {
    return random_source(state_.fetch_add(count * random_source::step, std::memory_order_relaxed));
  }

 private:
  std::atomic<std::uint64_t> state_;
};

}  // namespace kit
