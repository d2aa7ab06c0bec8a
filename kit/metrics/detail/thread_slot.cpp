#include <kit/metrics/detail/thread_slot.hpp>

#include <atomic>
#include <bit>

namespace kit::metrics::detail {
namespace {

// A bit for each number that is taken. Outlives every thread: it has no destructor.
constinit std::atomic<std::uint64_t> taken{1};  // 0 is nobody's
static_assert(thread_slots <= 64);

std::uint8_t take() noexcept {
  auto before = taken.load(std::memory_order_relaxed);
  for (;;) {
    const auto lowest = static_cast<unsigned>(std::countr_one(before));
    if (lowest >= thread_slots) return 0;
    // Acquires what the number's last owner wrote.
    if (taken.compare_exchange_weak(before, before | std::uint64_t{1} << lowest,
                                    std::memory_order_acq_rel, std::memory_order_relaxed)) {
      return static_cast<std::uint8_t>(lowest);
    }
  }
}

enum class stage : std::uint8_t { fresh, asked, ended };
constinit thread_local stage at = stage::fresh;

// Gives the number back when the thread ends. What counts even later, from the destructor of
// another thread_local, finds the stage `ended`.
struct guard {
  guard() = default;
  guard(const guard&) = delete;
  ~guard() {
    at = stage::ended;
    if (thread_slot == 0) return;
    const auto bit = std::uint64_t{1} << thread_slot;
    thread_slot = 0;
    taken.fetch_and(~bit, std::memory_order_release);
  }
};

}  // namespace

constinit thread_local std::uint8_t thread_slot = 0;

void take_thread_slot() noexcept {
  if (at != stage::fresh) return;
  at = stage::asked;
  thread_local const guard on_exit;
  thread_slot = take();
}

}  // namespace kit::metrics::detail
