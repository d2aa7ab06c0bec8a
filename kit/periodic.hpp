#pragma once

#include <chrono>
#include <functional>

#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/error.hpp>
#include <kit/result.hpp>

namespace kit {

/// Settings of `run_periodically`. Plain data; checked by it.
struct periodic_options {
  /// From one start of the work to the next; where it takes longer, from its end to the start that
  /// would have been due next. Positive.
  duration period = std::chrono::seconds{10};
  /// When it is stopped: how long the last round may take. 0: there is none.
  duration drain_timeout = std::chrono::seconds{5};
  /// Is told of what `work` throws, also in the last round, or that this took too long; it goes on
  /// all the same. Must not throw.
  std::function<void(const error&)> on_error = nullptr;
};

/// Does something again and again, for the first time after one period, until cancelled; then, so
/// that nothing is left undone, a last time within `drain_timeout`. How exporters push.
///
///     rt.on(0, [&] { return kit::run_periodically([&] { return push(registry); }, {}); });
///
/// `work` makes the coroutine for each round; it is kept until the end. A round that is under way
/// is cancelled, too, and the last one has to make up for it.
///
/// Errors:       throws `errc::invalid_argument` for options out of range.
/// Cancellation: terminal, which isn't an error: it returns after the last round. A second one, or
///               that of the context, cuts that short.
asio::awaitable<void> run_periodically(std::function<asio::awaitable<void>()> work,
                                       periodic_options options);

/// For what is to be done after a coroutine was cancelled: makes the cancellation undone, and runs
/// `work` for at most that long. Its failure is returned, also that the time was over or that it
/// was cancelled once more.
asio::awaitable<result<void>> drain_within(duration limit, asio::awaitable<void> work);

}  // namespace kit
