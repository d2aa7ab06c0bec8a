#include <kit/timer.hpp>

#include <algorithm>
#include <bit>
#include <system_error>
#include <utility>

#include <asio/basic_waitable_timer.hpp>
#include <asio/error.hpp>
#include <asio/this_coro.hpp>

#include <kit/asio_compat.hpp>
#include <kit/detail/loop.hpp>
#include <kit/monitor.hpp>

namespace kit {
namespace {

using detail::timer_link;
using std::chrono::milliseconds;

// Ticks count milliseconds from 2^44 ms before the clock's epoch, so that every time_point has one
// and all fit into 45 bits.
constexpr std::int64_t tick_origin = std::int64_t{1} << 44;

std::uint64_t to_tick(milliseconds since_epoch) noexcept {
  return static_cast<std::uint64_t>(since_epoch.count() + tick_origin);
}
std::uint64_t tick_at_or_before(time_point t) noexcept {
  return to_tick(std::chrono::floor<milliseconds>(t.time_since_epoch()));
}
std::uint64_t tick_at_or_after(time_point t) noexcept {
  return to_tick(std::chrono::ceil<milliseconds>(t.time_since_epoch()));
}
time_point start_of(std::uint64_t tick) noexcept {
  const milliseconds ms{static_cast<std::int64_t>(tick) - tick_origin};
  if (ms > std::chrono::floor<milliseconds>(duration::max())) return time_point::max();
  if (ms < std::chrono::ceil<milliseconds>(duration::min())) return time_point::min();
  return time_point{ms};
}

void init(timer_link& head) noexcept {
  head.prev = head.next = &head;
}
bool empty(const timer_link& head) noexcept {
  return head.next == &head;
}

void append(timer_link& head, timer_link& node) noexcept {
  node.prev = head.prev;
  node.next = &head;
  head.prev->next = &node;
  head.prev = &node;
}

void remove(timer_link& node) noexcept {
  node.prev->next = node.next;
  node.next->prev = node.prev;
  node.prev = node.next = nullptr;
}

// Moves all of `from` behind what `to` holds.
void append_all(timer_link& to, timer_link& from) noexcept {
  if (empty(from)) return;
  to.prev->next = from.next;
  from.next->prev = to.prev;
  to.prev = from.prev;
  from.prev->next = &to;
  init(from);
}

// Runs what completes right where it completes: for an Asio timer that is a thread that runs the
// context. So the wheel needs no executor, only the context, and no request's executor wrapper or
// strand gets caught in it.
struct inline_executor {
  asio::execution_context* context;

  asio::execution_context& query(asio::execution::context_t) const noexcept { return *context; }
  template <class F>
  void execute(F&& f) const {
    std::decay_t<F>(std::forward<F>(f))();
  }
  bool operator==(const inline_executor&) const noexcept = default;
};

}  // namespace

// The wheel's link to the real time and to the loop. Used with the wheel's mutex held; the
// completion handlers call back without it.
struct timer_wheel::driver {
  using asio_timer =
      asio::basic_waitable_timer<std::chrono::steady_clock,
                                 asio::wait_traits<std::chrono::steady_clock>, inline_executor>;

  explicit driver(timer_wheel& w, asio::execution_context& context)
      : wheel(w), alarm(inline_executor{&context}), nudge(inline_executor{&context}) {
    nudge.expires_at(time_point::max());
  }

  void set_alarm(tick_type at) {
    alarm.expires_at(start_of(at));  // a wait under way is cancelled and completes as stale
    alarm_set = false;
    alarm.async_wait([this, nr = ++alarm_nr](const std::error_code& ec) { alarm_done(nr, ec); });
    alarm_set = true;
    alarm_tick = at;
  }

  void cancel_alarm() {
    if (std::exchange(alarm_set, false)) alarm.cancel();
  }

  void alarm_done(std::uint64_t nr, const std::error_code& ec) {
    {
      std::lock_guard lock(wheel.mutex_);
      if (nr == alarm_nr) alarm_set = false;
    }
    if (!ec) wheel.fire_due();
  }

  // Has the loop look at the wheel in its next round. Cancelling a wait that has just begun posts
  // its completion to whatever runs the context, without a system call while the alarm is set.
  void post_check() {
    if (check_posted) return;
    nudge.async_wait([this](const std::error_code&) { check(); });
    check_posted = true;
    nudge.cancel();
  }

  void check() {
    {
      std::lock_guard lock(wheel.mutex_);
      check_posted = false;
    }
    wheel.fire_due();
  }

  timer_wheel& wheel;
  asio_timer alarm;
  asio_timer nudge;
  bool alarm_set = false;
  bool check_posted = false;
  tick_type alarm_tick = 0;
  std::uint64_t alarm_nr = 0;
};

asio::execution_context::id timer_wheel::id;

timer_wheel& timer_wheel::of(asio::execution_context& context) {
  return asio::use_service<timer_wheel>(context);
}

timer_wheel& timer_wheel::of(const asio::any_io_executor& executor) {
  const auto* carrying = target_of<detail::on_loop>(executor);
  return carrying ? carrying->inner().home->wheel()
                  : of(asio::query(executor, asio::execution::context));
}

timer_wheel::timer_wheel(asio::execution_context& context)
    : asio::execution_context::service(context),
      driver_(std::make_unique<driver>(*this, context)),
      current_(tick_at_or_before(std::chrono::steady_clock::now())) {
  init(ready_);
  init(batch_);
  for (auto& head : slots_)
    init(head);
}

timer_wheel::~timer_wheel() = default;

void timer_wheel::shutdown() noexcept {
  std::unique_lock lock(mutex_);
  shut_down_ = true;
  const auto abandon = [&](timer_link& head) {
    while (!empty(head)) {
      auto& t = static_cast<timer&>(*head.next);
      unlink(t);
      lock.unlock();  // what it releases may hold further timers
      t.function_(t.owner_, timer_event::shutdown);
      lock.lock();
    }
  };
  abandon(ready_);
  abandon(batch_);
  for (auto& head : slots_)
    abandon(head);
  driver_.reset();
}

void timer_wheel::arm(timer& t, time_point due) {
  std::lock_guard lock(mutex_);
  if (shut_down_) return;
  if (t.next) unlink(t);
  t.due_ = due;
  t.tick_ = tick_at_or_after(due);
  place(t);
  ++armed_;
  if (firing_pass_) return;  // its end sees to the rest
  if (t.slot_ == no_slot) return driver_->post_check();
  if (clock_.load(std::memory_order_relaxed)) return;

  const unsigned shift = t.slot_ / slots * level_bits;
  const tick_type slot_start = t.tick_ >> shift << shift;
  if (driver_->alarm_set && driver_->alarm_tick <= slot_start) return;
  // The alarm has to move. First catch up with the time: a coarse slot that began long ago would
  // ring at once.
  advance_to(tick_at_or_before(now()));
  settle();
}

bool timer_wheel::disarm(timer& t, bool wait) noexcept {
  std::unique_lock lock(mutex_);
  const bool was_armed = t.next != nullptr;
  if (was_armed) unlink(t);
  if (was_armed && armed_ == 0 && !firing_pass_ && driver_ && driver_->alarm_set) {
    try {
      driver_->post_check();
    } catch (...) {  // no memory: then the alarm rings in vain
    }
  }
  if (wait && firing_ == &t && firing_thread_ != std::this_thread::get_id()) {
    ++waiters_;
    idle_.wait(lock, [&] { return firing_ != &t; });
    --waiters_;
  }
  return was_armed;
}

bool timer_wheel::is_armed(const timer& t) const noexcept {
  std::lock_guard lock(mutex_);
  return t.next != nullptr;
}

std::size_t timer_wheel::armed() const noexcept {
  std::lock_guard lock(mutex_);
  return armed_;
}

// The level is that of the highest group of bits in which the tick differs from the present one.
// So whatever is on a lower level is due before anything on a higher one, and on a level all
// occupied slots lie after the present one's.
void timer_wheel::place(timer& t) noexcept {
  if (t.tick_ <= current_) {
    t.slot_ = no_slot;
    append(ready_, t);
    return;
  }
  const auto highest = static_cast<unsigned>(std::bit_width(t.tick_ ^ current_)) - 1U;
  const unsigned level = highest / level_bits;
  const auto slot = static_cast<unsigned>(t.tick_ >> (level * level_bits)) % slots;
  t.slot_ = static_cast<std::uint16_t>(level * slots + slot);
  append(slots_[t.slot_], t);
  occupied_[level] |= std::uint64_t{1} << slot;
  occupied_levels_ = static_cast<std::uint8_t>(occupied_levels_ | 1U << level);
}

void timer_wheel::unlink(timer& t) noexcept {
  remove(t);
  --armed_;
  if (t.slot_ == no_slot || !empty(slots_[t.slot_])) return;
  const unsigned level = t.slot_ / slots;
  occupied_[level] &= ~(std::uint64_t{1} << t.slot_ % slots);
  if (!occupied_[level]) {
    occupied_levels_ = static_cast<std::uint8_t>(occupied_levels_ & ~(1U << level));
  }
}

std::optional<timer_wheel::tick_type> timer_wheel::next_tick() const noexcept {
  if (!occupied_levels_) return std::nullopt;
  const auto level = static_cast<unsigned>(std::countr_zero(occupied_levels_));
  const auto slot = static_cast<tick_type>(std::countr_zero(occupied_[level]));
  const unsigned shift = level * level_bits;
  const tick_type above = current_ >> (shift + level_bits) << (shift + level_bits);
  return above | slot << shift;
}

// Moves to ready_ what is due by `now`.
void timer_wheel::advance_to(tick_type now) noexcept {
  while (const auto next = next_tick()) {
    if (*next > now) break;
    current_ = *next;
    const auto level = static_cast<unsigned>(std::countr_zero(occupied_levels_));
    cascade(level, static_cast<unsigned>(std::countr_zero(occupied_[level])));
  }
  current_ = std::max(current_, now);
}

void timer_wheel::cascade(unsigned level, unsigned slot) noexcept {
  timer_link list;
  init(list);
  append_all(list, slots_[level * slots + slot]);
  occupied_[level] &= ~(std::uint64_t{1} << slot);
  if (!occupied_[level]) {
    occupied_levels_ = static_cast<std::uint8_t>(occupied_levels_ & ~(1U << level));
  }
  while (!empty(list)) {
    auto& t = static_cast<timer&>(*list.next);
    remove(t);
    place(t);
  }
}

void timer_wheel::use_clock(const clock* c) {
  std::lock_guard lock(mutex_);
  if (shut_down_) return;
  clock_.store(c, std::memory_order_release);
  timer_link all;
  init(all);
  append_all(all, ready_);
  for (auto& head : slots_)
    append_all(all, head);
  occupied_ = {};
  occupied_levels_ = 0;
  current_ = tick_at_or_before(now());
  while (!empty(all)) {
    auto& t = static_cast<timer&>(*all.next);
    remove(t);
    place(t);
  }
  if (!firing_pass_) settle();
}

void timer_wheel::fire_due() {
  const auto tick_now = tick_at_or_before(now());
  std::unique_lock lock(mutex_);
  if (firing_pass_ || shut_down_) return;
  advance_to(tick_now);
  append_all(batch_, ready_);
  firing_pass_ = true;
  try {
    run_batch(lock);
  } catch (...) {
    firing_pass_ = false;
    append_all(batch_, ready_);  // what is left goes first
    append_all(ready_, batch_);
    settle();
    throw;
  }
  firing_pass_ = false;
  settle();
}

void timer_wheel::run_batch(std::unique_lock<std::mutex>& lock) {
  struct running {  // during one function call
    timer_wheel& wheel;
    std::unique_lock<std::mutex>& lock;
    running(timer_wheel& w, std::unique_lock<std::mutex>& l, const timer& t) : wheel(w), lock(l) {
      wheel.firing_ = &t;
      wheel.firing_thread_ = std::this_thread::get_id();
      lock.unlock();
    }
    ~running() {
      lock.lock();
      wheel.firing_ = nullptr;
      if (wheel.waiters_) wheel.idle_.notify_all();
    }
  };
  while (!empty(batch_)) {
    auto& t = static_cast<timer&>(*batch_.next);
    unlink(t);
    const auto function = t.function_;
    const auto owner = t.owner_;
    running guard(*this, lock, t);
    function(owner, timer_event::due);
  }
}

// Sets the alarm to what is pending now.
void timer_wheel::settle() {
  if (!driver_) return;
  if (!empty(ready_)) driver_->post_check();
  const auto next = next_tick();
  if (!next || clock_.load(std::memory_order_relaxed)) {
    driver_->cancel_alarm();
  } else if (!driver_->alarm_set || *next < driver_->alarm_tick) {
    driver_->set_alarm(*next);
  }
}

std::optional<time_point> timer_wheel::next_due() const {
  std::lock_guard lock(mutex_);
  if (!empty(ready_) || !empty(batch_)) return start_of(current_);
  const auto next = next_tick();
  if (!next) return std::nullopt;
  return start_of(*next);
}

void timer::arm(time_point due) {
  wheel_->arm(*this, due);
}
void timer::arm_after(duration wait) {
  wheel_->arm(*this, saturating_add(wheel_->now(), wait));
}
bool timer::disarm() noexcept {
  return wheel_->disarm(*this, false);
}
bool timer::quiesce() noexcept {
  return wheel_->disarm(*this, true);
}
bool timer::armed() const noexcept {
  return wheel_->is_armed(*this);
}

asio::awaitable<void> sleep_until(time_point due) {
  if (co_await wait_until(due) == wake::cancelled) {
    throw std::system_error(asio::error::operation_aborted, "sleep");
  }
}

asio::awaitable<void> sleep_for(duration wait) {
  auto& wheel = timer_wheel::of(co_await asio::this_coro::executor);
  co_await sleep_until(saturating_add(wheel.now(), wait));
}

}  // namespace kit
