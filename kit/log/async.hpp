#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <kit/clock.hpp>
#include <kit/error.hpp>
#include <kit/log/event.hpp>
#include <kit/log/logfmt.hpp>
#include <kit/log/sink.hpp>

namespace kit::log {

/// Settings of an `async_sink`. Plain data; checked by `require_valid`, which the sink calls.
struct async_options {
  /// What may wait to be written, in bytes; 16 more count for each record. From 1 KiB to 1 GiB.
  /// The sink has that twice, as one half is filled while the other is written.
  std::size_t capacity = std::size_t{1024} * 1024;
  /// Writes the record that says how many were lost: what the logger has.
  log::encoder encoder = logfmt;
  /// How long after such a record the next one may come. Not negative.
  std::chrono::milliseconds report_interval{1000};
  /// Gets what the sink behind threw, on the sink's thread. What it throws is dropped.
  std::function<void(const kit::error&)> on_error = {};
};

/// Errors: throws `errc::invalid_argument` naming the member that cannot be.
void require_valid(const async_options& options);

/// Writes records on a thread of its own, so that who logs doesn't wait for the device: `write`
/// copies a line into a queue. It never waits for room and allocates nothing: where there is none,
/// the oldest records are lost, and counted. A record at level `warn` says how many:
/// `level=warn msg="log records lost" lost=17 lost_total=40`.
///
/// The thread looks at the queue every millisecond while there is something to do, and soon after
/// sleeps until it is woken; only the record that wakes it costs its caller a system call.
///
/// Threads: any. The destructor writes what is queued, flushes, and joins the thread; nobody may be
/// writing any more.
class async_sink final : public sink {
 public:
  /// Errors: throws as `require_valid`, and `errc::invalid_argument` without a sink behind.
  explicit async_sink(std::shared_ptr<sink> behind, async_options options = {});
  ~async_sink() override;

  void write(const record& r) override;

  /// Waits until what was written before the call has been written behind, and flushes that.
  void flush() override { (void)flush_within(duration::max()); }
  /// The same for at most that long: false if it took longer. For handlers that run when the
  /// program dies (`std::set_terminate`); on the sink's own thread, which may be what failed, it is
  /// false at once. Not for signal handlers.
  bool flush_within(duration limit);

  /// How many records have been lost so far. As a metric:
  ///
  ///     const auto lost = metrics.observe_counter(
  ///         {.name = "log_records_lost_total", .help = "Log records lost for want of room."},
  ///         [sink] { return static_cast<double>(sink->dropped()); });
  std::uint64_t dropped() const noexcept;

 private:
  class worker;
  const std::unique_ptr<worker> worker_;
};

}  // namespace kit::log
