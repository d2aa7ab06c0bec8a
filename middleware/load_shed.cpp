#include <middleware/load_shed.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>

#include <kit/asio_compat.hpp>
#include <kit/decision.hpp>
#include <kit/error.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

namespace kit::middleware {
namespace {

using detail::waiting_call;
using std::chrono::milliseconds;

constexpr decision_kind queued{.layer = "load_shed",
                               .verb = "queued",
                               .words = "the loop is busy, {queued} calls wait for their turn"};
constexpr decision_kind shed{
    .layer = "load_shed",
    .verb = "shed",
    .words =
        "after {waited_ms} ms; calls wait {lag_ms} ms for their turn, for longer than "
        "{interval_ms} ms now"};
constexpr decision_kind no_time{.layer = "load_shed",
                                .verb = "refused_no_time",
                                .words = "the deadline came after {waited_ms} ms of waiting"};

// On a loop that several threads run, a call has a strand, behind which nobody else waits.
asio::any_io_executor of_loop(const asio::any_io_executor& ex) {
  auto bare = without_context(ex);
  if (const auto* strand = target_of<asio::strand<asio::any_io_executor>>(bare)) {
    return of_loop(strand->get_inner_executor());
  }
  using io_strand = asio::strand<asio::io_context::executor_type>;
  if (const auto* strand = target_of<io_strand>(bare)) return strand->get_inner_executor();
  return bare;
}

// Those that wait for their turn, by class.
class turn_queue {
 public:
  void push(criticality of, std::shared_ptr<waiting_call> w) {
    waiting_[static_cast<std::size_t>(of)].push_back(std::move(w));
    ++size_;
  }

  std::size_t size() const noexcept { return size_; }

  // Forgets those who don't wait any more, as far as they'd be next.
  void sweep() noexcept {
    for (auto& q : waiting_) {
      while (!q.empty() && q.front()->is() != waiting_call::fate::open)
        take(q);
    }
  }

  time_point oldest() const noexcept {
    auto first = time_point::max();
    for (const auto& q : waiting_) {
      if (!q.empty()) first = std::min(first, q.front()->since());
    }
    return first;
  }

  // Gives so many their turn, and sheds those before them who have waited longer than they may; but
  // no turn is left unused.
  void give(std::size_t turns, time_point now, const lag_control& control, const lag_limits& l) {
    for (auto n = waiting_.size(); n-- > 0;) {
      auto& q = waiting_[n];
      const auto patience = control.patience(l, static_cast<criticality>(n));
      const auto too_late = [&](const waiting_call& w) {
        return q.size() > turns && now - w.since() > patience;
      };
      while (!q.empty() && (turns > 0 || too_late(*q.front()))) {
        const bool late = too_late(*q.front());
        const auto w = take(q);
        if (late || now >= w->limit()) {
          w->decide(waiting_call::fate::evicted);
        } else if (w->decide(waiting_call::fate::granted)) {
          --turns;
        }
      }
    }
  }

 private:
  using queue = std::deque<std::shared_ptr<waiting_call>>;

  std::shared_ptr<waiting_call> take(queue& q) noexcept {
    auto w = std::move(q.front());
    q.pop_front();
    --size_;
    return w;
  }

  std::array<queue, criticality_count> waiting_;
  std::size_t size_ = 0;
};

}  // namespace

struct load_shed::shared {
  explicit shared(load_shed_options o) : options(std::move(o)) {}

  /// Of one loop.
  struct loop_turns {
    std::atomic<const void*> loop{nullptr};
    std::weak_ptr<const void> lifetime;  // of that loop; with `adding`
    loop_turns* next = nullptr;

    std::mutex mutex;
    lag_control control{};
    turn_queue queue{};
    bool probing = false;  // a probe is on its way
  };

  shared(const shared&) = delete;
  ~shared() {
    for (auto* l = loops.load(); l;)
      delete std::exchange(l, l->next);
  }

  /// In the loop's queue, behind what is ready. Not run where that is destroyed.
  class probe {
   public:
    probe(std::shared_ptr<shared> owner, loop_turns& at, asio::any_io_executor ex)
        : owner_(std::move(owner)), at_(&at), executor_(std::move(ex)) {}
    probe(probe&&) noexcept = default;
    probe(const probe&) = delete;
    ~probe() {
      if (!owner_ || !at_) return;
      const std::lock_guard lock(at_->mutex);
      at_->probing = false;
    }

    void operator()() {
      if (!next_round()) return;
      const auto ex = executor_;
      asio::post(ex, std::move(*this));
    }

   private:
    // Whether its end must be told, too.
    bool next_round() {
      const auto limits = owner_->options.limits.get();
      const auto now = timer_wheel::of(executor_).now();
      const std::lock_guard lock(at_->mutex);
      auto& control = at_->control;
      auto& queue = at_->queue;
      if (!control.round_over(now, limits)) return true;
      queue.sweep();
      const auto waited = queue.size() > 0 ? now - queue.oldest() : duration::zero();
      const auto turns = control.next_round(now, limits, queue.size(), waited);
      queue.give(turns, now, control, limits);
      if (control.in_round()) return true;
      at_->probing = false;
      at_ = nullptr;  // another one may be on its way as soon as the lock is gone
      return false;
    }

    std::shared_ptr<shared> owner_;
    loop_turns* at_;
    asio::any_io_executor executor_;
  };

  loop_turns& of(const timer_wheel& wheel) {
    const void* const loop = wheel.lifetime().get();
    auto* l = find(loop);
    return l ? *l : add(wheel);
  }
  loop_turns* find(const void* loop) const noexcept {
    auto* l = loops.load(std::memory_order_acquire);
    while (l && l->loop.load(std::memory_order_acquire) != loop)
      l = l->next;
    return l;
  }
  // Takes the place of a loop that has gone, if there is one.
  loop_turns& add(const timer_wheel& wheel) {
    const std::lock_guard lock(adding);
    const void* const loop = wheel.lifetime().get();
    if (auto* l = find(loop)) return *l;
    auto* l = loops.load();
    while (l && !l->lifetime.expired())
      l = l->next;
    if (!l) {
      l = new loop_turns;
      l->next = loops.load();
      loops.store(l, std::memory_order_release);
    }
    {
      const std::lock_guard unused(l->mutex);
      l->control = {};
      l->queue = {};
    }
    l->lifetime = wheel.lifetime();
    l->loop.store(loop, std::memory_order_release);
    return *l;
  }

  error refused(const call& c, const lag_limits& limits, duration waited, duration lag) const {
    decide(c.context(), c.name(), shed, {waited, lag, limits.interval});
    const auto wait = std::max(milliseconds(1), std::chrono::ceil<milliseconds>(limits.interval));
    return error(errc::unavailable, options.message).with_retry_after(wait);
  }

  const load_shed_options options;
  std::mutex adding;
  std::atomic<loop_turns*> loops{nullptr};
};

load_shed::load_shed(load_shed_options options)
    : shared_(std::make_shared<shared>(std::move(options))) {}

result<admission> load_shed::enter(call& c, state& s) {
  const auto now = c.now();
  const auto limits = shared_->options.limits.get();
  auto& at = shared_->of(c.timers());
  auto verdict = lag_control::verdict::run;
  duration lag{};
  std::size_t waiting = 0;
  bool probe = false;
  {
    const std::lock_guard lock(at.mutex);
    waiting = at.queue.size();
    const auto of = criticality_of(c.context());
    verdict = at.control.enter(now, limits, of, waiting);
    lag = at.control.lag();
    if (verdict == lag_control::verdict::wait) {
      s.waiting_ = std::make_shared<waiting_call>(c, duration::max());
      at.queue.push(of, s.waiting_);
    }
    probe = at.control.in_round() && !at.probing;
    if (probe) at.probing = true;
  }
  if (probe) {
    auto ex = of_loop(c.executor());
    asio::post(ex, shared::probe(shared_, at, ex));
  }
  switch (verdict) {
    case lag_control::verdict::run:
      return admission::in;
    case lag_control::verdict::wait:
      decide(c.context(), c.name(), queued, {waiting});
      return admission::wait;
    case lag_control::verdict::shed:
      break;
  }
  return fail(shared_->refused(c, limits, duration::zero(), lag));
}

asio::awaitable<result<void>> load_shed::wait(call& c, state& s) {
  const auto w = s.waiting_;
  const auto is = co_await waiting_call::wait(c, w);
  const auto now = c.timers().now();
  if (is == waiting_call::fate::granted) {
    auto& at = shared_->of(c.timers());
    const std::lock_guard lock(at.mutex);
    at.control.begin_turn(now);
    s.waiting_.reset();
    co_return result<void>();
  }
  if (w->for_deadline() && now >= w->limit()) {
    decide(c.context(), c.name(), no_time, {now - w->since()});
    co_return fail(errc::deadline_exceeded, shared_->options.message);
  }
  const auto waited = now - w->since();
  co_return fail(shared_->refused(c, shared_->options.limits.get(), waited, waited));
}

}  // namespace kit::middleware
