#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>

#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>
#include <middleware/call_key.hpp>
#include <middleware/detail/places.hpp>

namespace kit::middleware {

/// How many calls at a time. Plain data; checked by `require_valid`.
struct bulkhead_limits {
  /// At least 1.
  std::uint32_t max_concurrent = 100;
  /// How many wait for a place; 0: who finds none is refused at once.
  std::uint32_t max_queue = 0;
  /// How long. A call whose deadline would come first doesn't begin to wait.
  duration max_wait = std::chrono::milliseconds{100};

  friend bool operator==(const bulkhead_limits&, const bulkhead_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const bulkhead_limits& limits);

/// Settings of `bulkhead`.
struct bulkhead_options {
  /// Can be turned at run time. Those who wait then get new places as soon as another call comes or
  /// ends.
  setting<bulkhead_limits> limits = bulkhead_limits{};
  /// Whom a call is for, where they shall wait by turns. Empty: all calls are of one.
  call_key tenant = {};
  /// What the error says.
  std::string message = "too many calls at a time";
};

/// Lets so many calls through at a time, so that one part of a program that is slow or in demand
/// doesn't use up what the others need. Further ones wait for a place or are refused.
///
/// Critical calls get the next place before others, and those before sheddable ones
/// (`criticality`); calls of one class by turns of their tenants. Where as many wait as may, a call
/// of a higher class, or of a tenant with fewer calls waiting, takes the place of one that is worth
/// less.
///
/// Refusals are `errc::unavailable`, `too many calls at a time`, with a hint when to come again;
/// and `errc::deadline_exceeded` where the deadline comes while it waits.
///
/// An interceptor: fuses with its neighbours. Copies, and the endpoints they are put around, share
/// the places; for some each see `per_endpoint`. Threads: any.
/// Source: Nygard, Release It!, 2007; Resilience4j's Bulkhead.
class bulkhead {
 public:
  static constexpr std::string_view layer_name = "bulkhead";
  static constexpr bool decides = true;

  explicit bulkhead(bulkhead_options options = {});

  using state = detail::places::ticket;
  result<admission> enter(call& c, state& s);
  asio::awaitable<result<void>> wait(call& c, state& s);
  void leave(call& c, state& s) noexcept;

  /// Calls under way.
  std::size_t in_use() const noexcept;

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware
