#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <kit/interceptor.hpp>
#include <kit/log/logger.hpp>

namespace kit::middleware {

/// Settings of `recover`.
struct recover_options {
  log::level level = log::level::error;
  /// What callers are told.
  std::string message = "internal error";
};

/// Keeps what a broken handler throws from its callers: an exception that says nothing to them, one
/// that `to_error` makes `errc::unknown` of, becomes `errc::internal`, `internal error`, with the
/// exception as its cause. The log has what it was:
///
///     level=error msg="exception in a handler" method=sum exception=std::out_of_range err=...
///
/// Errors that handlers return or throw as `kit::error`, and those of the system with a code of
/// their own, pass. Put it outside of the layers that it shall guard, so that it covers all layers.
///
/// An interceptor: fuses with its neighbours. Threads: any.
class recover {
 public:
  static constexpr std::string_view layer_name = "recover";
  static constexpr bool timed = false;

  explicit recover(log::logger logger, recover_options options = {});

  void leave(call& c) noexcept;

 private:
  struct shared;
  std::shared_ptr<const shared> shared_;
};

}  // namespace kit::middleware
