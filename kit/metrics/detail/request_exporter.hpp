#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <asio/awaitable.hpp>

#include <kit/error.hpp>
#include <kit/metrics/detail/push_impl.hpp>
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
class request_exporter : public push_impl {
 public:
  /// At most `concurrency` batches are sent at a time, at least 1.
  request_exporter(push_options options, std::size_t concurrency)
      : push_impl(std::move(options)), concurrency_(concurrency) {}

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

  asio::awaitable<result<void>> deliver();
  asio::awaitable<void> send_all(delivery& d);
  static asio::awaitable<void> stop(task_set& tasks);
  asio::awaitable<void> work(delivery& d);
  asio::awaitable<result<void>> send_one(const push_batch& batch);
  void settle(item& i, const result<void>& sent, delivery& d);

  const std::size_t concurrency_;
  std::vector<item> items_;
};

}  // namespace kit::metrics::detail
