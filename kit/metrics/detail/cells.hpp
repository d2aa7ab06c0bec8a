#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <kit/metrics/detail/thread_slot.hpp>

namespace kit::metrics::detail {

/// A number in a cell: a count, or the bits of a double. Zero bits are 0, 0.0, and no extreme.
using word = std::atomic<std::uint64_t>;

/// Who else writes to a word.
enum class writers : std::uint8_t { one, many };

inline void add(word& w, std::uint64_t n, writers who) noexcept {
  if (who == writers::one) {
    w.store(w.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  } else {
    w.fetch_add(n, std::memory_order_relaxed);
  }
}

/// Replaces the bits by `f(bits)`.
template <class F>
void update(word& w, writers who, F f) noexcept {
  auto before = w.load(std::memory_order_relaxed);
  if (who == writers::one) {
    w.store(f(before), std::memory_order_relaxed);
    return;
  }
  while (!w.compare_exchange_weak(before, f(before), std::memory_order_relaxed)) {
  }
}

inline void add(word& w, double d, writers who) noexcept {
  update(w, who, [d](std::uint64_t bits) {
    return std::bit_cast<std::uint64_t>(std::bit_cast<double>(bits) + d);
  });
}
inline double load_double(const word& w) noexcept {
  return std::bit_cast<double>(w.load(std::memory_order_relaxed));
}

/// The smallest or largest value so far, stored so that zero bits are the one that any value beats.
template <bool Smallest>
class extreme {
 public:
  static constexpr double none =
      Smallest ? std::numeric_limits<double>::infinity() : -std::numeric_limits<double>::infinity();

  static double load(const word& w) noexcept { return decode(w.load(std::memory_order_relaxed)); }
  static bool beats(double v, double best) noexcept { return Smallest ? v < best : v > best; }
  static void add(word& w, double v, writers who) noexcept {
    if (!beats(v, load(w))) return;
    update(w, who, [v](std::uint64_t bits) { return beats(v, decode(bits)) ? encode(v) : bits; });
  }

 private:
  static constexpr std::uint64_t mask = std::bit_cast<std::uint64_t>(none);
  static std::uint64_t encode(double v) noexcept { return std::bit_cast<std::uint64_t>(v) ^ mask; }
  static double decode(std::uint64_t bits) noexcept { return std::bit_cast<double>(bits ^ mask); }
};
using smallest = extreme<true>;
using largest = extreme<false>;

/// An array of zero words that shares no cache line with anything else. Null when there is no
/// memory.
word* make_words(std::size_t count) noexcept;
void free_words(word* words) noexcept;

/// The words of one series: as many for each thread, made when that thread first writes, and summed
/// by whoever reads. A thread with a number is the only one to write its words, with plain loads
/// and stores; threads without one share those at 0.
class cells {
 public:
  explicit cells(std::size_t words) noexcept : count_(words) {}
  cells(const cells&) = delete;
  cells& operator=(const cells&) = delete;
  ~cells();

  /// The words that only this thread writes; null when it has none, or not yet.
  word* own() const noexcept { return own_[thread_slot].load(std::memory_order_relaxed); }

  struct place {
    word* words;  ///< null when there is no memory
    writers who;
  };
  /// This thread's words, made if need be, or those that several share.
  place find() noexcept;

  /// Calls f(words) for each thread's.
  template <class F>
  void for_each(F f) const {
    for (const auto& page : own_) {
      if (const auto* words = page.load(std::memory_order_acquire)) f(words);
    }
    if (const auto* words = shared_.load(std::memory_order_acquire)) f(words);
  }
  /// The sum of a word of doubles over all threads.
  double sum(std::size_t index) const noexcept;

 private:
  place find_shared() noexcept;

  std::size_t count_;
  std::atomic<word*> shared_{nullptr};
  std::array<std::atomic<word*>, thread_slots> own_{};  // 0 stays null
};

}  // namespace kit::metrics::detail
