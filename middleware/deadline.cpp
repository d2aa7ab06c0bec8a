#include <middleware/deadline.hpp>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <utility>

#include <kit/decision.hpp>
#include <kit/error.hpp>
#include <middleware/recent_quantile.hpp>

namespace kit::middleware {
namespace {

constexpr decision_kind past{
    .layer = "deadline", .verb = "refused", .words = "its deadline passed {ago_ms} ms ago"};
constexpr decision_kind hopeless{
    .layer = "deadline",
    .verb = "refused_hopeless",
    .words = "{left_ms} ms are left, nine of ten calls take {estimate_ms} ms or more"};

constexpr double fast_share = 0.1;
constexpr std::uint32_t heard = 4;

}  // namespace

void require_valid(const deadline_limits& l) {
  if (!(l.max_refused >= 0 && l.max_refused < 1)) {
    throw error(errc::invalid_argument, "deadline_limits::max_refused: 0 to below 1");
  }
}

struct deadline::shared {
  explicit shared(deadline_options o) : options(std::move(o)) {}

  // One of some calls says enough, and of those who come at the same time only one is counted.
  void add(duration took) noexcept {
    const auto n = ended.load(std::memory_order_relaxed);
    ended.store(n + 1, std::memory_order_relaxed);
    if (n % heard != 0) return;
    const std::unique_lock lock(mutex, std::try_to_lock);
    if (!lock) return;
    recent.add(took);
    if (const auto v = recent.value()) estimate.store(*v, std::memory_order_relaxed);
  }

  // Each call earns the right to refuse a part of one; some can be saved up.
  void earn(double share) noexcept {
    constexpr double most = 10;
    const double had = credit.load(std::memory_order_relaxed);
    credit.store(std::min(most, had + share), std::memory_order_relaxed);
  }
  bool may_refuse() noexcept {
    double had = credit.load(std::memory_order_relaxed);
    while (had >= 1) {
      if (credit.compare_exchange_weak(had, had - 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }

  const deadline_options options;
  std::atomic<std::uint32_t> ended{0};
  std::mutex mutex;
  recent_quantile recent{fast_share};
  std::atomic<duration> estimate{duration::zero()};
  std::atomic<double> credit{0};
};

deadline::deadline(deadline_options options)
    : shared_(std::make_shared<shared>(std::move(options))) {}

deadline deadline::for_endpoint(std::string_view) const {
  return deadline(std::make_shared<shared>(shared_->options));
}

result<void> deadline::enter(call& c) {
  const auto when = c.context().deadline();
  if (!when) return {};
  const auto left = *when - c.now();
  if (left <= duration::zero()) {
    decide(c.context(), c.name(), past, {-left});
    return fail(errc::deadline_exceeded, "the deadline has passed");
  }
  const auto limits = shared_->options.limits.get();
  const auto estimate = shared_->estimate.load(std::memory_order_relaxed);
  shared_->earn(limits.max_refused);
  if (left >= estimate || limits.max_refused == 0 || !shared_->may_refuse()) return {};
  decide(c.context(), c.name(), hopeless, {left, estimate});
  return fail(errc::deadline_exceeded, "too little time is left");
}

void deadline::leave(call& c) noexcept {
  if (c.outcome().ok()) shared_->add(c.elapsed());
}

}  // namespace kit::middleware
