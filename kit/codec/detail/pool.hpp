#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace kit::json::detail {

/// Objects that are dear to make, kept for the next user. Without locks, and bound to no thread:
/// threads only look at different places first, so that they mostly don't share a cache line.
/// For constant initialization; what it holds at the end of the process is not freed, so that it
/// can be used during static destruction.
template <class T>
class pool {
 public:
  /// One object, lent until the lease ends. Never null.
  class lease {
   public:
    explicit lease(pool& owner) : owner_(owner), first_(hint()), object_(owner.take(first_)) {}
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    ~lease() { owner_.give_back(first_, std::move(object_)); }
    T* operator->() const noexcept { return object_.get(); }

   private:
    pool& owner_;
    std::size_t first_;
    std::unique_ptr<T> object_;
  };

 private:
  static constexpr std::size_t places = 64;
  static constexpr std::size_t tries = 4;
  struct alignas(64) place {
    std::atomic<T*> object{nullptr};
  };

  /// Where this thread looks first: its stack tells it apart from others.
  static std::size_t hint() noexcept {
    const char here = 0;
    const auto granule = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&here) >> 18);
    return static_cast<std::size_t>((granule * 0x9e3779b97f4a7c15) >> 58);
  }

  std::unique_ptr<T> take(std::size_t first) {
    for (std::size_t i = 0; i < tries; ++i) {
      auto& object = places_[(first + i) % places].object;
      if (!object.load(std::memory_order_relaxed)) continue;
      if (T* found = object.exchange(nullptr, std::memory_order_acquire)) {
        return std::unique_ptr<T>(found);
      }
    }
    return std::make_unique<T>();
  }

  void give_back(std::size_t first, std::unique_ptr<T> object) noexcept {
    for (std::size_t i = 0; i < tries; ++i) {
      T* nothing = nullptr;
      auto& p = places_[(first + i) % places].object;
      if (p.compare_exchange_strong(nothing, object.get(), std::memory_order_release,
                                    std::memory_order_relaxed)) {
        object.release();
        return;
      }
    }
  }

  std::array<place, places> places_{};
};

}  // namespace kit::json::detail
