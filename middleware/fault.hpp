#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <asio/awaitable.hpp>
#include <asio/this_coro.hpp>

#include <kit/decision.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/random.hpp>
#include <kit/result.hpp>
#include <kit/setting.hpp>
#include <kit/shared_random.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <middleware/detail/placed.hpp>

namespace kit::middleware {

/// What goes wrong, and how often. Plain data; checked by `require_valid`.
struct fault_limits {
  /// The share of calls that fail with `code` and don't reach the endpoint, 0 to 1.
  double fail_ratio = 0;
  errc code = errc::unavailable;
  /// The share of calls that are held up before, 0 to 1, for a time that is drawn evenly.
  double delay_ratio = 0;
  duration min_delay = duration::zero();
  duration max_delay = std::chrono::milliseconds{100};

  friend bool operator==(const fault_limits&, const fault_limits&) = default;
};
/// Throws `errc::invalid_argument` naming the member that is out of range.
void require_valid(const fault_limits& limits);

/// Settings of `fault`.
struct fault_options {
  /// Can be turned at run time: by default nothing goes wrong.
  setting<fault_limits> limits = fault_limits{};
  /// Which calls it's for, by their context. Empty: all.
  std::function<bool(const context&)> applies = {};
  std::string message = "injected fault";
  random_source random = random_source::from_entropy();
};

/// Makes calls fail or take longer on purpose: for tests, and to practise for the day when they do
/// so by themselves. Its errors look as if the callee had failed, so breakers and retries outside
/// of it act on them.
///
/// Threads: any. Source: Envoy's fault injection.
class fault {
 public:
  static constexpr std::string_view layer_name = "fault";
  static constexpr bool decides = true;

  explicit fault(fault_options options = {})
      : shared_(std::make_shared<shared>(std::move(options))) {}

  template <class Req, class Resp>
  endpoint<Req, Resp> operator()(endpoint<Req, Resp> next, std::string_view name = {}) const {
    return detail::around(*this, std::move(next), name);
  }

 private:
  template <class Layer, class Req, class Resp>
  friend class detail::layered;

  struct shared {
    explicit shared(fault_options o) : options(std::move(o)), random(options.random) {}
    const fault_options options;
    shared_random random;
  };
  /// What happens to one call.
  struct plan {
    duration delay{};
    bool fails = false;
    errc code = errc::unavailable;
  };
  static plan plan_for(shared& s, const context& ctx, std::string_view name);

  template <class Req, class Resp>
  static asio::awaitable<result<Resp>> run(detail::place<fault, Req, Resp> at, Req req) {
    auto& self = *at->layer.shared_;
    const auto ctx = context_of(co_await asio::this_coro::executor);
    const auto asked = detail::asked([&] { return plan_for(self, ctx, at->name); });
    if (!asked) co_return fail(asked.error());
    const auto& happens = *asked;
    if (happens.delay > duration::zero()) co_await sleep_for(happens.delay);
    if (happens.fails) {
      co_return fail(error(happens.code, self.options.message));
    }
    co_return co_await at->next.try_call(std::move(req));
  }

  std::shared_ptr<shared> shared_;
};

}  // namespace kit::middleware
