#include <kit/metrics/detail/cells.hpp>

#include <memory>
#include <new>

namespace kit::metrics::detail {
namespace {

// Also what the processor fetches along with a line: two lines that neighbours write would be
// shared, too.
constexpr std::size_t alignment = 128;
constexpr std::size_t per_line = alignment / sizeof(word);
constexpr auto aligned = std::align_val_t(alignment);

}  // namespace

word* make_words(std::size_t count) noexcept {
  count = (count + per_line - 1) / per_line * per_line;
  void* memory = ::operator new(count * sizeof(word), aligned, std::nothrow);
  if (!memory) return nullptr;
  auto* words = static_cast<word*>(memory);
  std::uninitialized_value_construct_n(words, count);
  return words;
}

void free_words(word* words) noexcept {
  ::operator delete(words, aligned);  // atomics need no destruction
}

cells::~cells() {
  for (const auto& page : own_)
    free_words(page.load(std::memory_order_relaxed));
  free_words(shared_.load(std::memory_order_relaxed));
}

cells::place cells::find() noexcept {
  if (auto* words = own()) return {words, writers::one};
  take_thread_slot();
  if (thread_slot == 0) return find_shared();
  auto* words = own();  // of the thread that had this number before
  if (!words) {
    words = make_words(count_);
    own_[thread_slot].store(words, std::memory_order_release);
  }
  return {words, writers::one};
}

cells::place cells::find_shared() noexcept {
  auto* words = shared_.load(std::memory_order_acquire);
  if (!words) {
    auto* made = make_words(count_);
    if (!made || shared_.compare_exchange_strong(words, made, std::memory_order_acq_rel)) {
      words = made;
    } else {
      free_words(made);
    }
  }
  return {words, writers::many};
}

double cells::sum(std::size_t index) const noexcept {
  double total = 0;
  for_each([&](const word* words) { total += load_double(words[index]); });
  return total;
}

}  // namespace kit::metrics::detail
