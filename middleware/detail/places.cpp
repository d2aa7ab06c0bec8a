#include <middleware/detail/places.hpp>

#include <algorithm>
#include <utility>

#include <kit/timer.hpp>
#include <middleware/detail/waiting_call.hpp>

namespace kit::middleware::detail {
namespace {

struct counted_waiter {
  explicit counted_waiter(std::atomic<std::size_t>& n) : of(n) { of.fetch_add(1); }
  counted_waiter(const counted_waiter&) = delete;
  ~counted_waiter() {
    if (!keep) of.fetch_sub(1);
  }
  std::atomic<std::size_t>& of;
  bool keep = false;
};

}  // namespace

struct places::ticket::waiting : fair_queue::waiter, waiting_call {
  using waiting_call::waiting_call;
};

bool places::try_take(std::size_t limit) noexcept {
  auto n = in_use_.load();
  while (n < limit) {
    if (in_use_.compare_exchange_weak(n, n + 1)) return true;
  }
  return false;
}

duration places::expected_wait(std::size_t ahead, std::size_t limit) const noexcept {
  const auto held = held_.load(std::memory_order_relaxed);
  const auto n = static_cast<duration::rep>(ahead + 1);
  if (held.count() > duration::max().count() / n) return duration::max();
  return held * n / static_cast<duration::rep>(std::max<std::size_t>(limit, 1));
}

places::answer places::enter(call& c, ticket& t, const limits& l, const call_key& tenant) {
  resize(l.places);
  const auto now = c.now();
  if (queued_.load() == 0 && try_take(l.places)) {
    t.admitted_ = now;
    return {};
  }
  const auto a = queue_up(c, t, l, tenant);
  if (a.why == refusal::none) hand_on();  // one may have become free before it was seen waiting
  return a;
}

places::answer places::queue_up(call& c, ticket& t, const limits& l, const call_key& tenant) {
  const auto now = c.now();
  const auto& ctx = c.context();
  const auto of = criticality_of(ctx);
  answer a{.says = admission::wait, .in_use = in_use()};
  const auto deadline = ctx.deadline().value_or(time_point::max());
  std::shared_ptr<waiting_call> out;
  {
    const auto name = tenant && l.queue > 0 ? tenant(ctx) : std::string();
    const std::lock_guard lock(mutex_);
    a.queued = queue_.size();
    a.expected_wait = expected_wait(queue_.ahead_of(of), l.places);
    if (l.queue == 0) {
      a.why = refusal::full;
      return a;
    }
    if (saturating_add(now, a.expected_wait) > deadline) {
      a.why = refusal::no_time;
      return a;
    }
    t.of_ = this;
    t.waiting_ = std::make_shared<ticket::waiting>(c, l.max_wait);
    auto& w = *t.waiting_;
    // Seen before it's there: whoever leaves a place meanwhile waits for the lock, and hands it on.
    counted_waiter counted(queued_);
    auto* const displaced = queue_.push(w, of, name, l.queue);
    counted.keep = !displaced;
    if (displaced == &w) {
      a.why = refusal::full;
      t.waiting_.reset();
      return a;
    }
    if (displaced) out = static_cast<ticket::waiting*>(displaced)->shared_from_this();
  }
  if (out) out->decide(waiting_call::fate::evicted);
  return a;
}

asio::awaitable<places::refusal> places::wait(call& c, ticket& t) {
  const auto w = t.waiting_;
  // Whatever happens: what isn't taken is given on.
  struct guard {
    ticket& t;
    ~guard() { t.give_up(); }
  } const place{t};
  const auto is = co_await waiting_call::wait(c, w);
  if (is == waiting_call::fate::granted) {
    t.waiting_.reset();  // it's its own now
    t.admitted_ = c.timers().now();
    co_return refusal::none;
  }
  if (is == waiting_call::fate::open && w->for_deadline()) co_return refusal::no_time;
  co_return refusal::full;
}

void places::ticket::give_up() noexcept {
  if (const auto w = std::exchange(waiting_, nullptr)) of_->abandon(*w);
}

void places::leave(time_point now, const ticket& t) noexcept {
  // Not exact where several leave at once, which doesn't matter.
  const auto held = held_.load(std::memory_order_relaxed);
  const auto took = now - t.admitted();
  held_.store(held == duration::zero() ? took : held + (took - held) / 16,
              std::memory_order_relaxed);
  in_use_.fetch_sub(1);
  if (queued_.load() > 0) hand_on();
}

void places::resize(std::size_t places) noexcept {
  if (limit_.load(std::memory_order_relaxed) == places) return;
  limit_.store(places);  // before it's seen who waits
  if (queued_.load() > 0) hand_on();
}

void places::hand_on() noexcept {
  for (;;) {
    std::shared_ptr<waiting_call> next;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() == 0 || !try_take(limit_.load(std::memory_order_relaxed))) return;
      next = static_cast<ticket::waiting*>(queue_.pop())->shared_from_this();
      queued_.fetch_sub(1);
    }
    if (!next->decide(waiting_call::fate::granted)) in_use_.fetch_sub(1);
  }
}

void places::abandon(ticket::waiting& w) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (w.queued()) {
      queue_.remove(w);
      queued_.fetch_sub(1);
      return;
    }
  }
  if (w.give_up() != waiting_call::fate::granted) return;
  in_use_.fetch_sub(1);
  hand_on();
}

}  // namespace kit::middleware::detail
