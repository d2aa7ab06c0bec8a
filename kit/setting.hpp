#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <type_traits>

#include <kit/clock.hpp>

namespace kit {

/// A value that can be exchanged while others read it: what operators turn at run time, such as a
/// limit.
///
///     const kit::setting<token_rate> rate({.per_second = 100, .burst = 20});
///     rate_limit limit({.rate = rate});
///     ...
///     rate.set({.per_second = 50, .burst = 10});    // from the next call on
///     rate_limit fixed({.rate = token_rate{.per_second = 100, .burst = 20}});
///
/// A small handle: copies are the same setting. Reading takes a few nanoseconds, no lock and no
/// shared write. Readers see the value before or the one after, never a mixture.
///
/// T is plain data. Where it can be wrong, a function `void require_valid(const T&)` beside it
/// throws `errc::invalid_argument` naming the member. Threads: any. Source: Linux's seqlock.
template <class T>
class setting {
  static_assert(std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>,
                "a setting is plain data: what else a policy needs isn't turned at run time");

 public:
  /// Errors: what `require_valid` throws.
  setting(const T& initial = T{}) : state_(std::make_shared<state>()) { set(initial); }
  template <class U>
    requires(std::convertible_to<const U&, T> && !std::same_as<U, T>)
  setting(const U& initial) : setting(T(initial)) {}

  T get() const noexcept {
    for (;;) {
      const auto before = state_->version.load(std::memory_order_acquire);
      std::array<std::uint64_t, words> copy{};
      for (std::size_t i = 0; i < words; ++i)
        copy[i] = state_->value[i].load(std::memory_order_acquire);
      if (before % 2 == 0 && state_->version.load(std::memory_order_relaxed) == before) {
        T value{};
        std::memcpy(&value, copy.data(), sizeof(T));
        return value;
      }
    }
  }

  /// Errors: what `require_valid` throws; then it stays as it was.
  void set(const T& value) const {
    if constexpr (requires { require_valid(value); }) require_valid(value);
    std::array<std::uint64_t, words> copy{};
    std::memcpy(copy.data(), &value, sizeof(T));
    const std::lock_guard lock(state_->writing);
    const auto before = state_->version.load(std::memory_order_relaxed);
    state_->version.store(before + 1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < words; ++i)
      state_->value[i].store(copy[i], std::memory_order_release);
    state_->version.store(before + 2, std::memory_order_release);
  }

 private:
  static constexpr std::size_t words = (sizeof(T) + 7) / 8;

  struct state {
    std::atomic<std::uint64_t> version{0};  // odd while it is being written
    std::array<std::atomic<std::uint64_t>, words> value{};
    std::mutex writing;
  };

  std::shared_ptr<state> state_;
};
template <class Rep, class Period>
setting(std::chrono::duration<Rep, Period>) -> setting<duration>;

}  // namespace kit
