#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/interceptor.hpp>
#include <kit/monitor.hpp>

namespace kit::middleware::detail {

/// A call that waits until somebody decides on it: shared by who decides and by the waiting
/// coroutine, which may be on different threads.
class waiting_call : public std::enable_shared_from_this<waiting_call> {
 public:
  enum class fate : std::uint8_t {
    open,     ///< It waits; or its time was up before anybody decided.
    granted,  ///< It may go on.
    evicted,  ///< It shall not wait any longer.
    gone,     ///< It doesn't wait any more.
  };

  /// It begins to wait now, for so long at most, and no longer than its deadline.
  waiting_call(const call& c, duration max_wait);
  waiting_call(const waiting_call&) = delete;
  waiting_call& operator=(const waiting_call&) = delete;

  time_point since() const noexcept { return since_; }
  /// Until when.
  time_point limit() const noexcept { return limit_; }
  /// Whether that is its deadline.
  bool for_deadline() const noexcept { return for_deadline_; }

  fate is() const noexcept { return is_; }
  /// False: it doesn't wait any more. Where its loop is ending, it's destroyed in here.
  bool decide(fate how);
  /// What had been decided.
  fate give_up() noexcept { return is_.exchange(fate::gone); }

  /// What was decided by its limit. Throws when it's cancelled before.
  static asio::awaitable<fate> wait(const call& c, std::shared_ptr<waiting_call> w);

 private:
  const time_point since_;
  time_point limit_;
  bool for_deadline_ = false;
  monitor changed_;
  std::atomic<fate> is_{fate::open};
};

}  // namespace kit::middleware::detail
