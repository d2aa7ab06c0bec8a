#pragma once

#include <string_view>
#include <utility>

#include <kit/decision_log.hpp>
#include <kit/decision_recorder.hpp>
#include <kit/interceptor.hpp>

namespace kit::middleware {

/// Has calls tell what was decided about them: puts a `decision_log` into the context, where each
/// layer further in, the handler's own calls included, leaves what it refused, retried or opened,
/// and on which numbers. The recorder counts that, and the debug page shows it.
///
/// Where the context has a log with the same recorder, that one is used: so it may be around a
/// whole router, and around clients that are called outside of its requests, too.
///
/// A layer that says `static constexpr bool decides = true` must not be outside of it.
///
/// An interceptor: fuses with its neighbours. Threads: any.
class explaining {
 public:
  static constexpr std::string_view layer_name = "explaining";
  static constexpr bool timed = false;

  template <class Outer>
  static consteval void check_inside() {
    static_assert(
        !requires { requires Outer::decides; },
        "explaining is inside a layer that decides about calls: that would not be "
        "recorded; put explaining first");
  }

  explicit explaining(decision_recorder recorder = {}) : recorder_(std::move(recorder)) {}

  void enter(call& c) {
    const auto* log = c.context().get<decision_log>();
    if (log && log->recorder() == recorder_) return;
    c.set_context(c.context().with(decision_log(recorder_)));
  }

 private:
  decision_recorder recorder_;
};

}  // namespace kit::middleware
