#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>

#include <kit/classify.hpp>
#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>
#include <middleware/adaptive_limit.hpp>
#include <middleware/call_key.hpp>
#include <middleware/detail/places.hpp>

namespace kit::middleware {

/// Who waits. Plain data; checked by `require_valid`.
struct concurrency_queue {
  /// How many wait for a place; 0: who finds none is refused at once.
  std::uint32_t max_queue = 100;
  /// How long. A call whose deadline would come first doesn't begin to wait.
  duration max_wait = std::chrono::milliseconds{100};

  friend bool operator==(const concurrency_queue&, const concurrency_queue&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const concurrency_queue& queue);

/// Settings of `concurrency_limit`.
struct concurrency_limit_options {
  /// How the limit is found: `gradient_options` or `aimd_options`.
  adaptive_limit::options by = gradient_options{};
  /// Can be turned at run time.
  setting<concurrency_queue> queue = concurrency_queue{};
  /// Whom a call is for, where they shall wait by turns. Empty: all calls are of one.
  call_key tenant = {};
  /// Which outcomes say that it was too much. Of the others only successes tell something. A call
  /// whose context's deadline ended it, and sooner than calls usually end, tells nothing either.
  kit::classify classify = {};
  /// What the error says.
  std::string message = "overloaded";
};

/// Lets as many calls through at a time as the callee takes, which it finds out itself: a server at
/// ten times its capacity goes on answering as many as it can, instead of all too late. Around a
/// client it's the callee that is spared.
///
/// Further calls wait or are refused as with `bulkhead`: by classes and tenants. Refusals are
/// `errc::unavailable`, `overloaded`, with a hint when to come again.
///
/// Where it is around a handler of a transport rather than a typed endpoint, content isn't read of
/// requests that are refused.
///
/// An interceptor: fuses with its neighbours. Copies, and the endpoints they are put around, share
/// the limit: put it around endpoints that take about as long; for one each see `per_endpoint`.
/// Threads: any. Source: Netflix's concurrency-limits; Envoy's adaptive concurrency.
class concurrency_limit {
 public:
  static constexpr std::string_view layer_name = "concurrency_limit";
  static constexpr bool decides = true;

  /// Errors: throws `errc::invalid_argument` for an option out of range.
  explicit concurrency_limit(concurrency_limit_options options = {});

  using state = detail::places::ticket;
  result<admission> enter(call& c, state& s);
  asio::awaitable<result<void>> wait(call& c, state& s);
  void leave(call& c, state& s) noexcept;

  /// The limit now, and the calls under way.
  std::size_t limit() const noexcept;
  std::size_t in_use() const noexcept;

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware
