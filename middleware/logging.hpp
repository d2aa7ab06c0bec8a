#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include <kit/classify.hpp>
#include <kit/clock.hpp>
#include <kit/interceptor.hpp>
#include <kit/log/logger.hpp>

namespace kit::middleware {

/// Settings of `logging`: at which level calls are logged, by how they ended. Those that went well
/// are not, unless the logger's level is `debug` or `succeeded` is raised.
struct logging_options {
  log::level succeeded = log::level::debug;
  log::level business_failed = log::level::info;
  log::level refused = log::level::warn;
  /// Of calls that are refused, no more than one in that time is logged for each endpoint, with how
  /// many others weren't as `suppressed`: where there is too much to do, the log shall not add to
  /// it. 0: all are logged.
  duration refused_spacing = std::chrono::milliseconds{100};
  log::level canceled = log::level::info;
  /// Of calls that failed, and don't count as an error by the classifier: the caller's mistakes.
  log::level failed = log::level::info;
  /// Of those that do.
  log::level error = log::level::error;
  /// Calls that took longer are logged at `slow_level` at least. `duration::max()`: none.
  duration slow = duration::max();
  log::level slow_level = log::level::warn;
  /// What counts as an error.
  kit::classify classify = {};
  /// The record's message.
  std::string message = "call";
};

/// Logs each call of an endpoint when it ends:
///
///     level=error trace_id=... msg=call method=sum outcome=failed code=internal err=broken
///     took=3ms
///
/// `method` is the endpoint's name, `outcome` how the call ended (`kit::ending`), `code` the
/// error's code, `err` the error's message or the business error, `took` the time. Records carry
/// the context's log fields and, with `tracing` or an HTTP server's tracing outside of this one,
/// the ids of the trace; with `explaining` outside of it, `decisions` has what policies decided
/// about the call. A call whose record is filtered out formats nothing.
///
/// An interceptor: fuses with its neighbours. Threads: any.
/// Source: Go kit's examples, loggingMiddleware.
class logging {
 public:
  static constexpr std::string_view layer_name = "logging";

  explicit logging(log::logger logger, logging_options options = {});
  /// With a spacing of its own.
  logging for_endpoint(std::string_view name) const;

  void leave(call& c) noexcept;

 private:
  struct shared;
  struct spacing;
  std::shared_ptr<const shared> shared_;
  std::shared_ptr<spacing> spacing_;
};

}  // namespace kit::middleware
