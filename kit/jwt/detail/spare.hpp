#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <thread>

namespace kit::jwt::detail {

/// Contexts that were used and are kept for the next call, as making one costs more than what it
/// does for a short message. A place for each of some threads; those that share one find it empty
/// now and then, or throw one away. Threads: any.
template <class Ptr>
class spare {
 public:
  spare() = default;
  spare(const spare&) = delete;
  spare& operator=(const spare&) = delete;
  ~spare() {
    for (auto& p : places_)
      Ptr(p.held.load(std::memory_order_acquire));
  }

  /// Null: there is none.
  Ptr take() noexcept { return Ptr(place().exchange(nullptr, std::memory_order_acq_rel)); }
  void give(Ptr context) noexcept {
    Ptr(place().exchange(context.release(), std::memory_order_acq_rel));
  }

 private:
  struct alignas(64) slot {
    std::atomic<typename Ptr::pointer> held{nullptr};
  };

  std::atomic<typename Ptr::pointer>& place() noexcept {
    return places_[std::hash<std::thread::id>()(std::this_thread::get_id()) % places_.size()].held;
  }

  std::array<slot, 16> places_;
};

}  // namespace kit::jwt::detail
