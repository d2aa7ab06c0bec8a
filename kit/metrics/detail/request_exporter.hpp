#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/backoff.hpp>
#include <kit/error.hpp>
#include <kit/metrics/detail/push_impl.hpp>
#include <kit/metrics/push.hpp>
#include <kit/random.hpp>
#include <kit/result.hpp>
#include <kit/task_set.hpp>

namespace kit::metrics::detail {

/// The content of one request to a backend.
struct push_batch {
  std::string content;
  std::size_t values = 0;
};

/// How batches are sent.
struct delivery_options {
  /// At a time, at least 1.
  std::size_t concurrency = 1;
  /// Within one flush, where what fails may pass; at least 1.
  std::size_t max_attempts = 1;
  /// Of the waits between them. A backend that wants to be left alone for longer than the longest
  /// gets the batch with the next flush.
  backoff_options backoff = {};
  random_source random = random_source::from_entropy();
};

/// Attached to an error of `send`: the backend took the batch but for so many values.
struct refused_part {
  std::size_t values = 0;
};

/// Takes metrics to a backend in requests. Batches that fail in a way that may pass stay as they
/// are, with their timestamps, and go first the next time; only then new ones are made. So the
/// memory is that of one flush, and what counters and gauges say is never lost while the backend is
/// away. Batches that the backend refuses are lost. Requests that are under way when it is
/// cancelled may end within `drain_timeout`, as the backend may have counted what they say.
class request_exporter : public push_impl {
 public:
  explicit request_exporter(push_options options, delivery_options how = {})
      : push_impl(std::move(options)), how_(how) {}

  /// Sends what has stayed, and then what is new.
  /// Errors: the first one, after all that was begun has ended.
  asio::awaitable<result<void>> flush() override;

 protected:
  /// The batches of what is new.
  virtual std::vector<push_batch> make() = 0;
  /// Called before batches are sent; when it fails, none are.
  virtual asio::awaitable<result<void>> prepare();
  /// Sends one; calls overlap.
  virtual asio::awaitable<result<void>> send(const push_batch& batch) = 0;
  /// Drops what has stayed. Not while a flush is under way.
  void forget() noexcept { items_.clear(); }

 private:
  enum class fate : std::uint8_t { waiting, done };
  struct item {
    push_batch batch;
    fate state = fate::waiting;
  };
  // One round over what is in `items_`.
  struct delivery {
    std::size_t next = 0;
    std::atomic<bool> stopped = false;  // nothing further is begun
    std::optional<error> failure = {};
  };

  asio::awaitable<result<void>> deliver();
  asio::awaitable<void> send_all(delivery& d);
  asio::awaitable<void> finish(task_set& tasks) const;
  asio::awaitable<void> work(delivery& d);
  asio::awaitable<result<void>> try_to_send(const push_batch& batch, const delivery& d);
  asio::awaitable<result<void>> send_once(const push_batch& batch);
  void settle(item& i, const result<void>& sent, delivery& d);

  delivery_options how_;
  std::vector<item> items_;
};

}  // namespace kit::metrics::detail
