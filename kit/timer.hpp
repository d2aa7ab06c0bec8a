#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>

#include <kit/clock.hpp>

namespace kit {

class timer_wheel;

/// Why a timer's function is called.
enum class timer_event : std::uint8_t {
  due,       ///< Its time has come.
  shutdown,  ///< The loop is being destroyed; it will never be due. Only release what you hold.
};

namespace detail {
struct timer_link {
  timer_link* prev = nullptr;
  timer_link* next = nullptr;
};
}  // namespace detail

/// Names a member function `void (Owner::*)()` as the function of a timer.
template <auto Member>
struct on_due_t {};
template <auto Member>
inline constexpr on_due_t<Member> on_due{};

/// One timeout, embedded in the object that waits for it:
///
///     class session {
///       void idle_expired();
///       kit::timer idle_{wheel_, kit::on_due<&session::idle_expired>, *this};
///     };
///
/// Arming, arming again and disarming are O(1), allocate nothing and make no system call (but see
/// `timer_wheel`). The function runs once per arming, on a thread that runs the loop, outside of
/// any strand: an owner that lives on a strand dispatches to it from there. Keep it short; it holds
/// up the loop's other timers. It may arm, disarm or destroy any timer, this one too. An exception
/// leaves the loop's `run()`, as from any handler.
///
/// Lifetime: the timer must not outlive its wheel's execution context. Its destructor disarms, and
/// when the function is running on another thread waits for that to return.
/// Threads: `arm` and `disarm` may be called from any thread. On a loop run by several threads the
/// function may be running on another one meanwhile: `disarm()` then answers false and doesn't
/// wait; `quiesce()` waits. Don't wait while holding what the function needs.
class timer : private detail::timer_link {
 public:
  /// `shutdown` arrives only while armed. Such a call must not throw.
  using function = void (*)(void* owner, timer_event event);

  timer(timer_wheel& wheel, function f, void* owner) noexcept
      : wheel_(&wheel), function_(f), owner_(owner) {}
  template <auto Member, class Owner>
  timer(timer_wheel& wheel, on_due_t<Member>, Owner& owner) noexcept
      : timer(wheel, &call_member<Member, Owner>, &owner) {}
  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;
  ~timer() { quiesce(); }

  /// Calls the function once at `due`, never earlier, and up to one tick (1 ms) later. In place of
  /// an arming that is still pending. A time already reached is due in the next round of the loop,
  /// never inside this call. Does nothing once the loop has shut down.
  /// Errors: `std::bad_alloc` when the wheel has to start its alarm and cannot; the timer is armed.
  void arm(time_point due);
  /// `arm` at that long from now, by the wheel's clock.
  void arm_after(duration wait);

  /// Takes back the arming. True: the function will not be called for it. False: there was none, or
  /// its function has begun, maybe on another thread.
  bool disarm() noexcept;
  /// `disarm()`, then waits until the function isn't running on another thread.
  bool quiesce() noexcept;

  bool armed() const noexcept;
  /// When it was last armed for.
  time_point due() const noexcept { return due_; }
  timer_wheel& wheel() const noexcept { return *wheel_; }

 private:
  friend class timer_wheel;
  template <auto Member, class Owner>
  static void call_member(void* owner, timer_event event) {
    if (event == timer_event::due) (static_cast<Owner*>(owner)->*Member)();
  }

  timer_wheel* wheel_;
  function function_;
  void* owner_;
  time_point due_{};
  std::uint64_t tick_ = 0;
  std::uint16_t slot_ = 0;
};

/// All timeouts of one loop: a hierarchical timing wheel (Varghese and Lauck, 1987) with ticks of
/// 1 ms, eight levels of 64 slots, so that any `time_point` can be armed for. Timers due in the
/// same tick fire in the order they were armed.
///
/// One Asio timer drives it, set to the next occupied slot and only while timers are armed, so
/// that `io_context::run()` returns when nothing else is left. Arming for later than that costs no
/// system call, nor does disarming: when the last timer has gone, a posted check ends the wait.
///
/// Lifetime: lives in the execution context, from the first `of()` to the context's destruction.
/// Threads: all members may be called from any thread, `use_clock` before timers are in use.
class timer_wheel : public asio::execution_context::service {
 public:
  /// The wheel of that loop. A look-up in the context's registry: keep the reference.
  static timer_wheel& of(asio::execution_context& context);
  /// Of the loop behind an executor, whatever wraps or erases it. No look-up where that is an
  /// io_context's that carries a `kit::context`.
  static timer_wheel& of(const asio::any_io_executor& executor);
  template <class Executor>
    requires(!std::is_convertible_v<Executor&, asio::execution_context&>)
  static timer_wheel& of(const Executor& executor) {
    asio::execution_context& context = asio::query(executor, asio::execution::context);
    return of(context);
  }

  static constexpr std::chrono::milliseconds tick{1};

  /// What the wheel's clock says.
  time_point now() const noexcept {
    const clock* c = clock_.load(std::memory_order_acquire);
    return c ? c->now() : std::chrono::steady_clock::now();
  }
  /// Reads the time from `c`, which must stay until exchanged again or the context ends; null goes
  /// back to `steady_clock`. Under a foreign clock the wheel doesn't watch time pass: whoever moves
  /// the clock calls `fire_due()`. Armed timers keep their time points.
  void use_clock(const clock* c);

  /// Calls the functions of all timers whose time has come. Called by the wheel itself under
  /// `steady_clock`. A call from inside a timer's function, or while another thread is at it, does
  /// nothing.
  void fire_due();
  /// Not later than the first armed timer's tick; nothing when none is armed. At that time
  /// `fire_due()` either fires something or brings this nearer.
  std::optional<time_point> next_due() const;
  /// How many timers are armed.
  std::size_t armed() const noexcept;

  /// What expires with the loop, and isn't found at the same address as long as somebody watches it
  /// by a `std::weak_ptr`: for who keeps something for each loop.
  const std::shared_ptr<const void>& lifetime() const noexcept { return lifetime_; }

  // For asio::use_service.
  static asio::execution_context::id id;
  explicit timer_wheel(asio::execution_context& context);
  ~timer_wheel() override;

 private:
  friend class timer;
  struct driver;
  using tick_type = std::uint64_t;
  static constexpr unsigned level_bits = 6;
  static constexpr unsigned levels = 8;
  static constexpr unsigned slots = 1U << level_bits;
  static constexpr std::uint16_t no_slot = levels * slots;

  void shutdown() noexcept override;

  void arm(timer& t, time_point due);
  bool disarm(timer& t, bool wait) noexcept;
  bool is_armed(const timer& t) const noexcept;

  // All below: with mutex_ held.
  void place(timer& t) noexcept;
  void unlink(timer& t) noexcept;
  std::optional<tick_type> next_tick() const noexcept;
  void advance_to(tick_type now) noexcept;
  void cascade(unsigned level, unsigned slot) noexcept;
  void run_batch(std::unique_lock<std::mutex>& lock);
  void settle();
  void clear_batch() noexcept;

  const std::shared_ptr<const void> lifetime_ = std::make_shared<char>();
  mutable std::mutex mutex_;
  std::condition_variable idle_;  // a function has returned
  std::unique_ptr<driver> driver_;
  std::atomic<const clock*> clock_{nullptr};
  const timer* firing_ = nullptr;  // its function is running
  std::thread::id firing_thread_;  // where; set while firing
  unsigned waiters_ = 0;           // threads in quiesce()
  bool firing_pass_ = false;
  bool shut_down_ = false;
  std::size_t armed_ = 0;
  tick_type current_ = 0;  // slots up to here have been emptied
  std::uint8_t occupied_levels_ = 0;
  std::array<std::uint64_t, levels> occupied_{};
  detail::timer_link ready_;  // due, to be fired in the next pass
  detail::timer_link batch_;  // due, being fired in this pass
  std::array<detail::timer_link, levels * slots> slots_;
};

/// Suspends the coroutine until then, by the clock of its loop's wheel.
/// Errors:       none but cancellation, as `std::system_error` of `operation_aborted`.
/// Cancellation: any type.
asio::awaitable<void> sleep_until(time_point due);
/// The same for a span from now; zero or less only yields to the loop.
asio::awaitable<void> sleep_for(duration wait);

}  // namespace kit
