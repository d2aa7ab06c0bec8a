#include <kit/monitor.hpp>

#include <utility>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/timer.hpp>

namespace kit {

// One suspended coroutine. A notification, the timer, a cancellation and the end of the loop
// compete for it; who gets the timer's arming has it.
class waiter : monitor_node {
 public:
  waiter(timer_wheel& wheel, std::shared_ptr<monitor_state> list)
      : list_(std::move(list)), timer_(wheel, &waiter::on_event, this) {}
  waiter(const waiter&) = delete;
  virtual ~waiter() = default;

  // With the list's lock held, if there is one.
  void start(std::shared_ptr<waiter> self, time_point limit) {
    self_ = std::move(self);  // until its coroutine goes on
    if (list_) {
      prev = list_->waiters.prev;
      next = &list_->waiters;
      prev->next = next->prev = this;
    }
    timer_.arm(limit);
  }

  void cancel() {
    if (!timer_.disarm()) return;
    const auto self = std::move(self_);
    leave();
    resume(wake::cancelled);
  }

  // Wakes the first that nobody else is waking. With the list's lock held.
  static bool wake_first(monitor_state& list, wake why) {
    for (auto* n = list.waiters.next; n != &list.waiters; n = n->next) {
      auto& w = static_cast<waiter&>(*n);
      if (!w.timer_.disarm()) continue;
      const auto self = std::move(w.self_);
      w.unlink();
      w.resume(why);
      return true;
    }
    return false;
  }

 private:
  virtual void resume(wake why) = 0;
  virtual void drop() = 0;

  static void on_event(void* owner, timer_event event) {
    auto& w = *static_cast<waiter*>(owner);
    const auto self = std::move(w.self_);
    w.leave();
    if (event == timer_event::due) {
      w.resume(wake::timed_out);
    } else {
      w.drop();
    }
  }

  void leave() {
    if (!list_) return;
    std::lock_guard lock(list_->mutex);
    unlink();
  }

  void unlink() noexcept {
    prev->next = next;
    next->prev = prev;
    prev = next = this;
  }

  std::shared_ptr<monitor_state> list_;
  timer timer_;
  std::shared_ptr<waiter> self_;
};

namespace {

template <class Handler>
class waiter_of final : public waiter {
 public:
  waiter_of(timer_wheel& wheel, std::shared_ptr<monitor_state> list, Handler handler)
      : waiter(wheel, std::move(list)), handler_(std::move(handler)) {}

 private:
  void resume(wake why) override {
    const auto executor = asio::get_associated_executor(handler_);
    asio::post(executor,
               [handler = std::move(handler_), why]() mutable { std::move(handler)(why); });
  }
  void drop() override { [[maybe_unused]] const Handler dropped(std::move(handler_)); }

  Handler handler_;
};

// Runs when the coroutine is suspended. Once the lock is released the coroutine may be running on
// another thread: nothing that lives in its frame is touched after that.
struct initiate_wait {
  template <class Handler>
  void operator()(Handler handler, std::shared_ptr<monitor_state> list,
                  std::unique_lock<std::mutex> held, time_point limit) const {
    const auto lock = std::move(held);
    auto& wheel = timer_wheel::of(asio::get_associated_executor(handler));
    auto slot = asio::get_associated_cancellation_slot(handler);
    auto w = std::make_shared<waiter_of<Handler>>(wheel, std::move(list), std::move(handler));
    if (slot.is_connected()) {
      slot.assign([weak = std::weak_ptr<waiter>(w)](asio::cancellation_type type) {
        if (auto live = weak.lock(); live && type != asio::cancellation_type::none) live->cancel();
      });
    }
    w->start(w, limit);
  }
};

asio::awaitable<wake> suspend(std::shared_ptr<monitor_state> list,
                              std::unique_lock<std::mutex> lock, time_point limit) {
  return asio::async_initiate<const asio::use_awaitable_t<>&, void(wake)>(
      initiate_wait{}, asio::use_awaitable, std::move(list), std::move(lock), limit);
}

}  // namespace

monitor::monitor() : state_(std::make_shared<monitor_state>()) {}

monitor::~monitor() {
  const auto held = lock();
  while (waiter::wake_first(*state_, wake::cancelled)) {
  }
}

void monitor::notify_one() {
  waiter::wake_first(*state_, wake::notified);
}

void monitor::notify_all() {
  while (waiter::wake_first(*state_, wake::notified)) {
  }
}

asio::awaitable<wake> monitor::wait(std::unique_lock<std::mutex> lock, time_point limit) {
  return suspend(state_, std::move(lock), limit);
}

asio::awaitable<wake> wait_until(time_point limit) {
  return suspend(nullptr, {}, limit);
}

}  // namespace kit
