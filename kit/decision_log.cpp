#include <kit/decision_log.hpp>

#include <algorithm>
#include <utility>

namespace kit {

decision_log::decision_log(decision_log&& other) noexcept
    : recorder_(std::move(other.recorder_)),
      last_(other.last_.exchange(nullptr)),
      size_(other.size_.exchange(0)) {}

decision_log::~decision_log() {
  for (auto* e = last_.load(); e;)
    delete std::exchange(e, e->before);
}

void decision_log::add(decision d) const {
  if (size_.fetch_add(1, std::memory_order_acq_rel) >= max_decisions) return;
  auto* const e = new entry{std::move(d), last_.load(std::memory_order_relaxed)};
  while (!last_.compare_exchange_weak(e->before, e, std::memory_order_release,
                                      std::memory_order_relaxed)) {
  }
}

std::vector<decision> decision_log::decisions() const {
  std::vector<decision> all;
  for (const auto* e = last_.load(std::memory_order_acquire); e; e = e->before)
    all.push_back(e->made);
  std::ranges::reverse(all);
  return all;
}

}  // namespace kit
