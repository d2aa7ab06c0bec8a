#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/classify.hpp>
#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/interceptor.hpp>
#include <kit/metrics/histogram.hpp>
#include <kit/tracing/span_context.hpp>

namespace kit::debug::detail {

/// A call under way, linked into a list. It lies in the call's own frame.
struct flight {
  flight() noexcept = default;
  flight(const flight&) = delete;

  flight* prev = this;
  flight* next = this;
  time_point started = {};
  kit::context context = {};
};

/// What ended in one second of the loops' clock.
struct second_count {
  std::int64_t second = 0;
  std::uint32_t calls = 0;
  std::uint32_t failed = 0;
};

/// How long calls took that ended in one half of a minute: four buckets for each power of two, from
/// a microsecond to half an hour.
struct recent_latencies {
  static constexpr std::size_t buckets = 128;
  static constexpr std::int64_t seconds = 30;

  std::int64_t period = 0;  // since the epoch
  std::array<std::uint32_t, buckets> counts{};

  void add(std::int64_t in_period, duration took) noexcept;
};

/// The error that a call ended with.
struct last_failure {
  kit::error what;
  time_point when;
};

/// The calls of an endpoint that some of the threads make: each thread mostly has one for itself.
struct alignas(64) part {
  static constexpr std::size_t seconds_kept = 64;  // a power of two above a minute

  mutable std::mutex mutex;
  flight running;  // the list's head; the oldest first, as far as one clock tells
  std::size_t running_count = 0;
  std::array<std::uint64_t, ending_count> ended{};
  std::uint64_t failed = 0;
  std::optional<std::int64_t> first_second;
  std::array<second_count, seconds_kept> seconds{};
  std::array<recent_latencies, 2> recent{};  // by the period's parity
  std::optional<last_failure> last;
};

/// All that is counted of an endpoint.
struct totals {
  std::array<std::uint64_t, ending_count> ended{};
  std::uint64_t failed = 0;
  std::size_t running = 0;
  std::optional<last_failure> last;

  std::uint64_t calls() const noexcept;
};

/// The whole seconds before the one that `now` is in, the oldest first; the last is the newest.
struct last_minute {
  static constexpr std::size_t length = 60;
  std::array<second_count, length> seconds{};
  /// Of those, how many there have been since the first call ended: 0 to 60.
  std::size_t known = 0;

  /// How many calls, or failures, in the last `window` seconds, or as many as are known.
  double per_second(std::size_t window, std::uint32_t second_count::* what) const noexcept;
};

/// A call under way, as it is shown.
struct running_call {
  std::string_view endpoint;
  time_point started;
  std::optional<time_point> deadline;
  bool cancelled = false;
  std::optional<tracing::span_context> span;
};

/// An endpoint that is watched.
/// Threads: any.
class watched {
 public:
  watched(std::string name, std::vector<std::string> layers, metrics::histogram took);
  watched(const watched&) = delete;

  const std::string& name() const noexcept { return name_; }
  const std::vector<std::string>& layers() const noexcept { return layers_; }
  /// Since the start.
  metrics::histogram_data took() const { return took_.data(); }
  /// In the last 30 to 60 seconds, less exactly.
  metrics::histogram_data took_recently(time_point now) const;
  totals total() const;
  last_minute minute(time_point now) const;
  /// Adds calls under way: all, or the oldest ones where there are more than `most`, and some.
  void append_running(std::vector<running_call>& to, std::size_t most) const;

 private:
  friend class watcher;
  part& own() noexcept;

  const std::string name_;
  const std::vector<std::string> layers_;
  const metrics::histogram took_;
  std::array<part, 8> parts_;
};

/// The interceptor around an endpoint that is watched.
class watcher {
 public:
  static constexpr std::string_view layer_name = "debug";

  watcher(std::shared_ptr<watched> endpoint, std::shared_ptr<const kit::classify> classify)
      : endpoint_(std::move(endpoint)), classify_(std::move(classify)) {}

  struct state {
    flight call;
    part* at = nullptr;
  };
  void enter(call& c, state& s);
  void leave(call& c, state& s) noexcept;

 private:
  std::shared_ptr<watched> endpoint_;
  std::shared_ptr<const kit::classify> classify_;
};

}  // namespace kit::debug::detail
