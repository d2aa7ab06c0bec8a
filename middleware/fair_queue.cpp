#include <middleware/fair_queue.hpp>

#include <algorithm>
#include <utility>

namespace kit::middleware {

fair_queue::waiter* fair_queue::push(waiter& w, kit::criticality of, const std::string& name,
                                     std::size_t capacity) {
  const auto n = static_cast<std::size_t>(of);
  auto& l = levels_[n];
  auto found = l.by_name.find(name);
  waiter* out = nullptr;
  if (size_ >= capacity) {
    const auto waiting = found == l.by_name.end() ? 0 : found->second->waiting.size();
    out = size_ > 0 ? victim_for(n, waiting) : nullptr;
    if (!out) return &w;
  }
  // All that can fail comes before anything is changed.
  std::list<waiter*> place{&w};
  if (found == l.by_name.end()) {
    std::list<tenant> newcomer;
    newcomer.push_back({.name = name, .level = n, .waiting = {}, .at = {}});
    newcomer.back().at = newcomer.begin();
    found = l.by_name.emplace(name, &newcomer.back()).first;
    l.round.splice(l.round.end(), newcomer);
  }
  auto& t = *found->second;
  w.in_ = &t;
  w.at_ = place.begin();
  t.waiting.splice(t.waiting.end(), place);
  ++l.size;
  ++size_;
  if (out) take_out(*out);
  return out;
}

fair_queue::waiter* fair_queue::pop() noexcept {
  for (auto l = levels_.rbegin(); l != levels_.rend(); ++l) {
    if (l->round.empty()) continue;
    auto& t = l->round.front();
    auto* const w = t.waiting.front();
    l->round.splice(l->round.end(), l->round, t.at);  // the others' turn
    take_out(*w);
    return w;
  }
  return nullptr;
}

void fair_queue::remove(waiter& w) noexcept {
  if (w.queued()) take_out(w);
}

std::size_t fair_queue::ahead_of(kit::criticality of) const noexcept {
  std::size_t sum = 0;
  for (auto n = static_cast<std::size_t>(of); n < levels_.size(); ++n)
    sum += levels_[n].size;
  return sum;
}

// Of a lower class anybody; of the same only who has more waiting than the new one would have.
fair_queue::waiter* fair_queue::victim_for(std::size_t level,
                                           std::size_t waiting_already) noexcept {
  for (std::size_t n = 0; n <= level; ++n) {
    const auto& round = levels_[n].round;
    if (round.empty()) continue;
    const auto most =
        std::ranges::max_element(round, {}, [](const tenant& t) { return t.waiting.size(); });
    if (n == level && most->waiting.size() <= waiting_already + 1) return nullptr;
    return most->waiting.back();
  }
  return nullptr;
}

void fair_queue::take_out(waiter& w) noexcept {
  auto& t = *std::exchange(w.in_, nullptr);
  auto& l = levels_[t.level];
  t.waiting.erase(w.at_);
  --l.size;
  --size_;
  if (!t.waiting.empty()) return;
  l.by_name.erase(t.name);
  l.round.erase(t.at);
}

}  // namespace kit::middleware
