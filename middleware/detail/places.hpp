#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/criticality.hpp>
#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <middleware/call_key.hpp>
#include <middleware/fair_queue.hpp>

namespace kit::middleware::detail {

/// A limited number of places for calls, and a queue of those who wait for one: what `bulkhead` and
/// `concurrency_limit` have in common. Threads: any.
class places {
 public:
  /// What a call has. One that waits stops to when its ticket goes, which must not outlive the
  /// places.
  class ticket {
   public:
    ticket() = default;
    ticket(const ticket&) = delete;
    ticket& operator=(const ticket&) = delete;
    ~ticket() { give_up(); }
    /// When it got its place.
    time_point admitted() const noexcept { return admitted_; }

   private:
    friend class places;
    struct waiting;
    void give_up() noexcept;

    places* of_ = nullptr;  // where it waits
    std::shared_ptr<waiting> waiting_;
    time_point admitted_{};
  };

  struct limits {
    std::size_t places = 1;
    std::size_t queue = 0;
    duration max_wait = duration::max();
  };
  enum class refusal : std::uint8_t { none, full, no_time };
  struct answer {
    admission says = admission::in;
    refusal why = refusal::none;
    std::size_t in_use = 0;
    std::size_t queued = 0;
    /// How long a place would have to be waited for.
    duration expected_wait{};
  };

  /// Has a place, may wait for one, or is refused. `tenant` is asked where it would have to wait.
  answer enter(call& c, ticket& t, const limits& l, const call_key& tenant);
  /// Waits, and keeps the place if there is one in time. Nothing is left to do when it's refused,
  /// thrown or destroyed. The places outlive it.
  static asio::awaitable<refusal> wait(call& c, ticket& t);
  /// Gives the place back.
  void leave(time_point now, const ticket& t) noexcept;
  /// That is how many places there are: where it's a new number, those are handed out that have
  /// come.
  void resize(std::size_t places) noexcept;

  std::size_t in_use() const noexcept { return in_use_.load(std::memory_order_relaxed); }

 private:
  answer queue_up(call& c, ticket& t, const limits& l, const call_key& tenant);
  bool try_take(std::size_t limit) noexcept;
  void hand_on() noexcept;
  void abandon(ticket::waiting& w) noexcept;
  duration expected_wait(std::size_t ahead, std::size_t limit) const noexcept;

  std::atomic<std::size_t> in_use_{0};
  std::atomic<std::size_t> queued_{0};
  std::atomic<std::size_t> limit_{0};             // as last seen
  std::atomic<duration> held_{duration::zero()};  // how long places are, on average
  std::mutex mutex_;
  fair_queue queue_;  // with mutex_ held
};

}  // namespace kit::middleware::detail
