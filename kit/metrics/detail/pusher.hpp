#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/error.hpp>
#include <kit/metrics/push.hpp>
#include <kit/result.hpp>
#include <kit/task_set.hpp>

namespace kit::metrics::detail {

/// The content of one request to a backend.
struct push_batch {
  std::string content;
  std::size_t values = 0;
};

/// Takes metrics to a backend in requests. Batches that fail in a way that may pass stay as they
/// are, with their timestamps, and go first the next time; only then new ones are made. So the
/// memory is that of one flush, and what counters and gauges say is never lost while the backend is
/// away. Batches that the backend refuses are lost.
/// Threads: `stats` any, the rest one at a time.
class pusher {
 public:
  struct parts {
    /// Makes the batches of what is new. May throw.
    std::function<std::vector<push_batch>()> make;
    /// Sends one; calls overlap. Its failures are returned or thrown.
    std::function<asio::awaitable<result<void>>(const push_batch&)> send;
    /// Called before batches are sent; when it fails, none are. Empty: nothing to do.
    std::function<asio::awaitable<result<void>>()> prepare = nullptr;
    /// Batches sent at a time, at least 1.
    std::size_t concurrency = 1;
  };

  /// Errors: throws `errc::invalid_argument` for options out of range.
  pusher(parts p, push_options options);

  asio::awaitable<void> run();
  /// Sends what has stayed, and then what is new.
  /// Errors: the first one, after all that was begun has ended.
  asio::awaitable<result<void>> flush();

  push_stats stats() const noexcept;
  void add_lost(std::uint64_t values) noexcept { lost_.fetch_add(values, relaxed); }

 private:
  enum class fate : std::uint8_t { waiting, done };
  struct item {
    push_batch batch;
    fate state = fate::waiting;
  };
  // One round over what is in `items_`.
  struct delivery {
    std::size_t next = 0;
    bool stopped = false;  // no further ones are begun
    std::optional<error> failure = {};
  };
  static constexpr auto relaxed = std::memory_order_relaxed;

  asio::awaitable<void> round();
  asio::awaitable<result<void>> deliver();
  asio::awaitable<void> send_all(delivery& d);
  static asio::awaitable<void> stop(task_set& tasks);
  asio::awaitable<void> work(delivery& d);
  asio::awaitable<result<void>> send_one(const push_batch& batch);
  void settle(item& i, const result<void>& sent, delivery& d);

  const parts parts_;
  const push_options options_;
  std::vector<item> items_;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> failures_{0};
};

/// Throws `errc::invalid_argument` naming the member that is out of range.
void validate(const push_options& options);

}  // namespace kit::metrics::detail
