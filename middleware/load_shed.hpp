#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>
#include <middleware/lag_control.hpp>

namespace kit::middleware {

/// Settings of `load_shed`.
struct load_shed_options {
  /// Can be turned at run time.
  setting<lag_limits> limits = lag_limits{};
  /// What the error says.
  std::string message = "overloaded";
};

/// Refuses calls while their loop is too busy to get at them in time: by its lag, which is how long
/// what is ready there waits for its turn. Sheddable calls go first, critical ones last; see
/// `lag_control`. Refusals are `errc::unavailable`, `overloaded`, with a hint when to come again.
///
/// Lag is measured while calls come, by a handler posted to the loop every few milliseconds at
/// most; each loop has its own.
///
/// An interceptor: fuses with its neighbours. Threads: any.
class load_shed {
 public:
  static constexpr std::string_view layer_name = "load_shed";
  static constexpr bool decides = true;

  explicit load_shed(load_shed_options options = {});

  result<void> enter(call& c);

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware
