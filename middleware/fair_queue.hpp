#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

#include <kit/criticality.hpp>

namespace kit::middleware {

/// Who waits, and for whom: critical calls come first, those of one class by turns of their
/// tenants, those of one tenant in the order they came. When it is full, the one whose waiting is
/// worth least makes room: of the lowest class, of the tenant that has most waiting there, the last
/// to come. A state machine, without a clock or a lock.
///
/// Threads: one at a time. Source: Nagle, On Packet Switches with Infinite Storage, RFC 970.
class fair_queue {
  struct tenant;

 public:
  /// Somebody who waits: embedded in what waits, which must not go while it is queued.
  class waiter {
   public:
    waiter() = default;
    waiter(const waiter&) = delete;
    waiter& operator=(const waiter&) = delete;

    bool queued() const noexcept { return in_ != nullptr; }

   private:
    friend class fair_queue;
    tenant* in_ = nullptr;
    std::list<waiter*>::iterator at_{};
  };

  fair_queue() = default;
  fair_queue(const fair_queue&) = delete;
  fair_queue& operator=(const fair_queue&) = delete;

  /// Queues it where no more than `capacity` wait. Who has no room instead: null, another one, who
  /// isn't queued any more, or itself.
  waiter* push(waiter& w, kit::criticality of, const std::string& tenant, std::size_t capacity);
  /// The next one, who isn't queued any more; null when nobody waits.
  waiter* pop() noexcept;
  /// Takes it out, where it's queued.
  void remove(waiter& w) noexcept;

  std::size_t size() const noexcept { return size_; }
  /// How many would come before a new one of that class, if all were of one tenant.
  std::size_t ahead_of(kit::criticality of) const noexcept;

 private:
  struct tenant {
    std::string name;
    std::size_t level;
    std::list<waiter*> waiting;
    std::list<tenant>::iterator at;  // in the round
  };
  struct level {
    std::list<tenant> round;  // whose turn it is first; those with somebody waiting
    std::unordered_map<std::string, tenant*> by_name;
    std::size_t size = 0;
  };

  waiter* victim_for(std::size_t level, std::size_t waiting_already) noexcept;
  void take_out(waiter& w) noexcept;

  std::array<level, criticality_count> levels_;
  std::size_t size_ = 0;
};

}  // namespace kit::middleware
