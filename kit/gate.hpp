#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>

namespace kit {

/// Lets work in until it is closed, and then tells when the last has left: to go down, or to free
/// what the work uses, without pulling it away from under it.
///
///     if (auto inside = gate_.try_enter()) co_await serve();   // refused once closed
///     ...
///     co_await gate_.close();                                  // nobody comes in, all have left
///
/// Threads: any. Source: Seastar's gate.
class gate {
  struct state;

 public:
  /// Somebody inside, who leaves when it is destroyed. May outlive the gate. Empty when refused.
  class holder {
   public:
    holder() noexcept = default;
    holder(holder&&) noexcept = default;
    holder& operator=(holder other) noexcept {
      std::swap(state_, other.state_);
      return *this;
    }
    ~holder();

    explicit operator bool() const noexcept { return state_ != nullptr; }

   private:
    friend class gate;
    explicit holder(std::shared_ptr<state> s) noexcept : state_(std::move(s)) {}
    std::shared_ptr<state> state_;
  };

  gate();
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;
  /// Closes, and does not wait.
  ~gate();

  /// Errors: throws `errc::unavailable` when the gate is closed.
  [[nodiscard]] holder enter();
  /// The same, with an empty holder when the gate is closed.
  [[nodiscard]] holder try_enter();

  bool closed() const;
  /// How many are inside.
  std::size_t size() const;

  /// Closes at once, in the call; what it returns waits until all have left, for at most that long.
  /// False when some are still inside. May be called again, to wait longer.
  ///
  /// Errors:       none but cancellation, as `std::system_error` of `operation_aborted`; the gate
  ///               stays closed.
  /// Cancellation: any type.
  /// Lifetime:     the gate may go while it waits.
  asio::awaitable<bool> close(duration limit = duration::max());

 private:
  static asio::awaitable<bool> wait_empty(std::shared_ptr<state> s, duration limit);

  std::shared_ptr<state> state_;
};

}  // namespace kit
