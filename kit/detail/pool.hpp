#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace kit::detail {

/// Objects that are dear to make, kept for the next user. Without locks, and bound to no thread:
/// threads only look at different places first, so that they mostly don't share a cache line. For
/// constant initialization; what is kept at the end of the process isn't freed, so that it can be
/// used while static objects are destroyed.
template <class T>
class pool {
 public:
  /// A kept object, or a new one.
  std::unique_ptr<T> take() {
    const std::size_t first = place_of_thread();
    for (std::size_t i = first; i < first + tries; ++i) {
      auto& kept = places_[i % places].object;
      if (!kept.load(std::memory_order_relaxed)) continue;
      if (T* object = kept.exchange(nullptr, std::memory_order_acquire)) {
        return std::unique_ptr<T>(object);
      }
    }
    return std::make_unique<T>();
  }

  /// Keeps the object if there's a place for it.
  void give_back(std::unique_ptr<T> object) noexcept {
    const std::size_t first = place_of_thread();
    for (std::size_t i = first; i < first + tries; ++i) {
      T* nothing = nullptr;
      if (places_[i % places].object.compare_exchange_strong(
              nothing, object.get(), std::memory_order_release, std::memory_order_relaxed)) {
        (void)object.release();
        return;
      }
    }
  }

 private:
  static constexpr std::size_t places = 64;
  static constexpr std::size_t tries = 4;
  struct alignas(64) place {
    std::atomic<T*> object{nullptr};
  };

  /// Threads are told apart by where their stacks are.
  static std::size_t place_of_thread() noexcept {
    const auto frame = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    const auto region = static_cast<std::uint64_t>(frame >> 18);
    return static_cast<std::size_t>((region * 0x9e3779b97f4a7c15) >> 58);
  }

  std::array<place, places> places_{};
};

}  // namespace kit::detail
