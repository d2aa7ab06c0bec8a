#pragma once

#include <memory>
#include <string_view>

#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>

namespace kit::middleware {

/// What `deadline` refuses. Plain data; checked by `require_valid`.
struct deadline_limits {
  /// Of the calls with a deadline, no more than this share is refused because they would hardly be
  /// ready in time, 0 to below 1: the others tell how long calls take now. 0: none.
  double max_refused = 0.2;

  friend bool operator==(const deadline_limits&, const deadline_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const deadline_limits& limits);

/// Settings of `deadline`.
struct deadline_options {
  /// Can be turned at run time.
  setting<deadline_limits> limits = deadline_limits{};
};

/// Refuses calls that nobody will wait for, before work is spent on them: those whose deadline has
/// passed, and those that have less time left than nine of ten recent calls of the endpoint have
/// taken. Both with `errc::deadline_exceeded`.
///
/// It knows the time that successful calls took which began here, one in four of them; what they
/// wait for in layers further in counts. It needs about 64 to know, and until then refuses nobody
/// whose deadline hasn't passed. Calls without a deadline pass.
///
/// An interceptor: fuses with its neighbours. Each endpoint has an estimate of its own.
/// Threads: any.
class deadline {
 public:
  static constexpr std::string_view layer_name = "deadline";
  static constexpr bool decides = true;

  explicit deadline(deadline_options options = {});
  deadline for_endpoint(std::string_view name) const;

  result<void> enter(call& c);
  void leave(call& c) noexcept;

 private:
  struct shared;
  explicit deadline(std::shared_ptr<shared> s) noexcept : shared_(std::move(s)) {}
  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware
