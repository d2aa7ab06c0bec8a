#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <kit/chain.hpp>
#include <kit/clock.hpp>
#include <middleware/bulkhead.hpp>
#include <middleware/circuit_breaker.hpp>
#include <middleware/timeout.hpp>

namespace kit::middleware {

/// Settings of a Hystrix command; 0 means the default.
struct hystrix_options {
  duration timeout = std::chrono::seconds{1};
  std::uint32_t max_concurrent_requests = 10;
  /// Of the last ten seconds, so many calls are needed for it to open.
  std::uint32_t request_volume_threshold = 20;
  /// How long it stays open before a call is tried.
  duration sleep_window = std::chrono::seconds{5};
  /// Opens when so many of a hundred failed, rounded.
  std::uint32_t error_percent_threshold = 50;
};

/// Commands as Netflix's Hystrix and afex/hystrix-go have them: a breaker, a limit on concurrency
/// and a time limit, together known by a name. All endpoints that have a command of one name share
/// it.
///
///     hystrix_commands commands;
///     commands.configure("sum", {.timeout = 200ms});
///     auto sum = commands.command("sum")(remote.sum, "sum");
///
/// Errors are failures of the endpoint, `hystrix: timeout`, `hystrix: max concurrency`, and
/// `hystrix: circuit open`; all of them count, but not calls that were cancelled.
///
/// Other than there, a call is cancelled and waited for when its time is over, and whether a
/// command opens depends on nothing but the calls and the clock.
///
/// Threads: any; a command may outlive it. Source: Go kit's package circuitbreaker, Hystrix.
class hystrix_commands {
 public:
  using layers = chained<circuit_breaker, bulkhead, timeout>;

  /// What a command of that name is like that is first asked for later.
  /// Errors: throws `errc::invalid_argument` for a percentage above 100 or a negative duration.
  void configure(std::string_view name, const hystrix_options& options);
  /// The command of that name: a middleware.
  layers command(std::string_view name);

 private:
  std::mutex mutex_;
  std::map<std::string, hystrix_options, std::less<>> options_;
  std::map<std::string, layers, std::less<>> commands_;
};

}  // namespace kit::middleware
