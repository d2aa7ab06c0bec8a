#include <kit/decision_recorder.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <string_view>
#include <tuple>
#include <utility>

#include <kit/error.hpp>

namespace kit {

class decision_recorder::core {
 public:
  explicit core(decision_recorder_options o)
      : options_(std::move(o)),
        made_(options_.registry.counter(
            {.name = "policy_decisions_total", .help = "What policies decided about calls."},
            {"method", "layer", "decision"})) {
    if (options_.recent == 0) {
      throw error(errc::invalid_argument, "decision_recorder_options::recent: at least 1");
    }
  }
  ~core() {
    for (auto& slot : slots_)
      delete slot.load();
  }
  core(const core&) = delete;

  void add(const decision& d) {
    auto& s = slot_of(d);
    s.count.add();
    s.made.fetch_add(1, std::memory_order_relaxed);
    // Who waited for another to have written would hold up calls for the sake of a picture.
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return;
    record r{options_.wall_now ? options_.wall_now() : std::chrono::system_clock::now(), d};
    if (!s.last.made.kind || r.time - s.kept >= options_.spacing || r.time < s.kept) {
      s.kept = r.time;
      if (recent_.size() < options_.recent) {
        recent_.push_back(r);
      } else {
        recent_[next_] = r;
      }
      next_ = (next_ + 1) % options_.recent;
    }
    s.last = std::move(r);
  }

  std::vector<record> recent() const {
    const std::lock_guard lock(mutex_);
    auto all = recent_;
    if (all.size() == options_.recent) {
      std::ranges::rotate(all, all.begin() + static_cast<std::ptrdiff_t>(next_));
    }
    std::ranges::reverse(all);
    return all;
  }

  std::vector<total> totals() const {
    std::vector<total> all;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& slot : slots_) {
        if (const auto* s = slot.load(std::memory_order_acquire)) {
          all.push_back({s->kind, s->endpoint, s->made.load(std::memory_order_relaxed), s->last});
        }
      }
    }
    std::ranges::sort(all, {}, [](const total& t) {
      return std::tuple<std::string_view, std::string_view, std::string_view>(
          t.endpoint, t.kind->layer, t.kind->verb);
    });
    return all;
  }

 private:
  struct slot {
    const decision_kind* kind;
    std::string endpoint;
    metrics::counter count;
    std::atomic<std::uint64_t> made{0};
    // With mutex_ held:
    record last{};
    std::chrono::system_clock::time_point kept{};
  };
  static constexpr std::size_t capacity = 1024;

  // Slots are found without a lock, and only ever added. When there is no more room, the last one
  // found stands for what comes: names of endpoints aren't that many.
  slot& slot_of(const decision& d) {
    const auto hash = std::hash<const void*>()(d.kind) * 31 + std::hash<std::string>()(d.endpoint);
    for (std::size_t i = 0; i < capacity; ++i) {
      auto& at = slots_[(hash + i) % capacity];
      auto* s = at.load(std::memory_order_acquire);
      if (!s) {
        auto* const made =
            new slot{d.kind, d.endpoint, made_.with(d.endpoint, d.kind->layer, d.kind->verb)};
        if (at.compare_exchange_strong(s, made, std::memory_order_acq_rel)) return *made;
        delete made;
      }
      if (s->kind == d.kind && s->endpoint == d.endpoint) return *s;
    }
    return *slots_[hash % capacity].load(std::memory_order_acquire);
  }

  const decision_recorder_options options_;
  const metrics::counter_family<3> made_;
  std::array<std::atomic<slot*>, capacity> slots_{};
  mutable std::mutex mutex_;
  std::vector<record> recent_;
  std::size_t next_ = 0;
};

decision_recorder::decision_recorder(decision_recorder_options options)
    : core_(std::make_shared<core>(std::move(options))) {}

void decision_recorder::add(const decision& d) const noexcept {
  if (!core_) return;
  try {
    core_->add(d);
  } catch (...) {  // then it isn't recorded
  }
}

std::vector<decision_recorder::record> decision_recorder::recent() const {
  return core_ ? core_->recent() : std::vector<record>();
}

std::vector<decision_recorder::total> decision_recorder::totals() const {
  return core_ ? core_->totals() : std::vector<total>();
}

}  // namespace kit
