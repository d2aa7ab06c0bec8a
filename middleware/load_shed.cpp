#include <middleware/load_shed.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include <asio/post.hpp>

#include <kit/decision.hpp>
#include <kit/error.hpp>
#include <kit/timer.hpp>

namespace kit::middleware {
namespace {

using std::chrono::milliseconds;

constexpr decision_kind shed{
    .layer = "load_shed",
    .verb = "shed",
    .words = "what is ready waits {lag_ms} ms for its turn, for longer than {interval_ms} ms now"};

// So often lag is measured.
constexpr milliseconds probe_every{2};

}  // namespace

struct load_shed::shared : std::enable_shared_from_this<shared> {
  explicit shared(load_shed_options o) : options(std::move(o)) {}

  /// Of one loop, known by its wheel.
  struct loop_lag {
    std::atomic<const timer_wheel*> wheel{nullptr};
    std::mutex mutex;
    lag_control control{};
    bool posted = false;  // a probe is on its way
    time_point sent{};
  };

  /// In the loop's queue. Not run where that is destroyed.
  class probe {
   public:
    probe(std::shared_ptr<shared> owner, loop_lag& at, const timer_wheel& wheel)
        : owner_(std::move(owner)), at_(&at), wheel_(&wheel) {}
    probe(probe&&) noexcept = default;
    probe(const probe&) = delete;
    ~probe() {
      if (!owner_) return;
      const std::lock_guard lock(at_->mutex);
      at_->posted = false;
    }
    void operator()() {
      const auto now = wheel_->now();
      const auto limits = owner_->options.limits.get();
      const std::lock_guard lock(at_->mutex);
      at_->control.add(now, limits, now - at_->sent);
    }

   private:
    std::shared_ptr<shared> owner_;
    loop_lag* at_;
    const timer_wheel* wheel_;
  };

  // There are as many as the program has loops; with more than there is room for, some share.
  loop_lag& of(const timer_wheel& wheel) noexcept {
    for (auto& l : loops) {
      const timer_wheel* there = l.wheel.load(std::memory_order_acquire);
      if (!there && l.wheel.compare_exchange_strong(there, &wheel)) there = &wheel;
      if (there == &wheel) return l;
    }
    return loops.back();
  }

  const load_shed_options options;
  std::array<loop_lag, 64> loops{};
};

load_shed::load_shed(load_shed_options options)
    : shared_(std::make_shared<shared>(std::move(options))) {}

result<void> load_shed::enter(call& c) {
  const auto& wheel = c.timers();
  const auto now = c.now();
  const auto limits = shared_->options.limits.get();
  auto& at = shared_->of(wheel);
  duration lag{};
  bool measure = false, sheds = false;
  {
    const std::lock_guard lock(at.mutex);
    // A probe that is still to come tells how long the round has taken so far.
    const auto into_round = at.posted ? now - at.sent : duration::zero();
    if (into_round >= limits.interval) at.control.add(now, limits, into_round);
    measure = !at.posted && (at.control.overloaded() || now - at.sent >= probe_every);
    if (measure) {
      at.posted = true;
      at.sent = now;
    }
    if (at.control.overloaded()) {
      sheds = at.control.sheds(limits, criticality_of(c.context()), into_round);
      lag = std::max(at.control.lag(), into_round);
    }
  }
  if (measure) asio::post(c.executor(), shared::probe(shared_, at, wheel));
  if (!sheds) return {};
  decide(c.context(), c.name(), shed, {lag, limits.interval});
  const auto wait = std::max(milliseconds(1), std::chrono::ceil<milliseconds>(limits.interval));
  return fail(error(errc::unavailable, shared_->options.message).with_retry_after(wait));
}

}  // namespace kit::middleware
