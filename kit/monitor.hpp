#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>

namespace kit {

/// Why a waiting coroutine goes on.
enum class wake : std::uint8_t { notified, timed_out, cancelled };

struct monitor_node {
  monitor_node* prev = this;
  monitor_node* next = this;
};

struct monitor_state {
  std::mutex mutex;
  monitor_node waiters;
};

/// A mutex, and the coroutines that wait for what it guards to change: `std::condition_variable`
/// for coroutines.
///
///     auto lock = monitor_.lock();
///     while (!ready_) {
///       const wake w = co_await monitor_.wait(std::move(lock), limit);
///       ...
///       lock = monitor_.lock();
///     }
///
/// Lifetime: destroying it wakes all as `cancelled`. Waiting coroutines count as outstanding work
/// of their loop, and are destroyed with it.
/// Threads:  any.
class monitor {
 public:
  monitor();
  monitor(const monitor&) = delete;
  monitor& operator=(const monitor&) = delete;
  ~monitor();

  std::unique_lock<std::mutex> lock() const { return std::unique_lock(state_->mutex); }

  /// Gives the lock away and suspends, in one step. The lock is not taken again.
  /// Cancellation: any type, answered with `cancelled` and not thrown. As with any `co_await`, a
  /// coroutine cancelled before throws instead.
  asio::awaitable<wake> wait(std::unique_lock<std::mutex> lock,
                             time_point limit = time_point::max());

  /// With the lock held. The coroutine goes on in a later round of its loop.
  void notify_one();
  void notify_all();

 private:
  std::shared_ptr<monitor_state> state_;
};

/// Suspends until then, or until cancelled. A monitor that nobody notifies.
asio::awaitable<wake> wait_until(time_point limit);

}  // namespace kit
