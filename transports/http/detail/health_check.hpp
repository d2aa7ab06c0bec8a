#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>

#include <kit/clock.hpp>
#include <kit/context.hpp>
#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/result.hpp>
#include <transports/http/health.hpp>

namespace kit::http::detail {

/// How a run of a check ended.
struct check_outcome {
  std::optional<error> failure = std::nullopt;
  duration took{};
  std::chrono::system_clock::time_point at{};
};

/// One check, whose runs are shared by all who ask while one is under way.
/// Threads: any.
class health_check : public std::enable_shared_from_this<health_check> {
 public:
  using function = std::function<asio::awaitable<result<void>>()>;

  health_check(std::string name, function f, const check_options& o)
      : name(std::move(name)), options(o), function_(std::move(f)) {}

  const std::string name;
  const check_options options;

  /// Starts a run on the caller's executor, unless one is under way or the last is fresh. What it
  /// returns is for `outcome`.
  std::uint64_t begin(const asio::any_io_executor& ex);
  /// Waits for that run, or one after it.
  /// Cancellation: any type, thrown as `errc::canceled`; the run goes on.
  asio::awaitable<check_outcome> outcome(std::uint64_t run);
  /// Whether it has passed once.
  bool has_passed() const;

  /// Cancels the run that is under way.
  void cancel() noexcept;

 private:
  class started;  // NOLINT(cppcoreguidelines-virtual-class-destructor): it is final

  void end(std::optional<error> failure, time_point now, time_point started);
  error overdue() const;

  const function function_;
  mutable kit::monitor changes_;  // of what follows
  std::uint64_t begun_ = 0;
  std::uint64_t ended_ = 0;
  time_point deadline_{};  // of the run under way
  time_point fresh_until_ = time_point::min();
  check_outcome last_;
  bool passed_ = false;
  std::weak_ptr<started> running_;
};

}  // namespace kit::http::detail
