#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <asio/awaitable.hpp>

#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>
#include <middleware/detail/waiting_call.hpp>
#include <middleware/lag_control.hpp>

namespace kit::middleware {

/// Settings of `load_shed`.
struct load_shed_options {
  /// Can be turned at run time.
  setting<lag_limits> limits = lag_limits{};
  /// What the error says.
  std::string message = "overloaded";
};

/// Keeps a loop from being later than it may be where calls take the processor more than they wait
/// for others: while it is behind, calls wait for their turn, critical ones first, and those are
/// shed that would have to wait for long, sheddable ones first. See `lag_control`. Refusals are
/// `errc::unavailable`, `overloaded`, with a hint when to come again; and
/// `errc::deadline_exceeded` where the deadline comes while a call waits.
///
/// How late the loop is shows while calls come, by a handler posted to it every few milliseconds at
/// most; each loop has its own turns. What calls wait for elsewhere is limited by
/// `concurrency_limit`.
///
/// An interceptor: fuses with its neighbours. Threads: any.
class load_shed {
 public:
  static constexpr std::string_view layer_name = "load_shed";
  static constexpr bool decides = true;

  explicit load_shed(load_shed_options options = {});

  class state {
   public:
    state() = default;
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() {
      if (waiting_) waiting_->give_up();
    }

   private:
    friend class load_shed;
    std::shared_ptr<detail::waiting_call> waiting_;
  };
  result<admission> enter(call& c, state& s);
  asio::awaitable<result<void>> wait(call& c, state& s);

 private:
  struct shared;
  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware
