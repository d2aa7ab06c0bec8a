#include <middleware/rate_limit.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <kit/decision.hpp>
#include <kit/error.hpp>
#include <kit/timer.hpp>
#include <middleware/detail/keyed_buckets.hpp>

namespace kit::middleware {
namespace {

constexpr decision_kind refused{
    .layer = "rate_limit",
    .verb = "refused",
    .words = "{tokens} tokens there, {burst} at most and {rate} a second; next in {wait_ms} ms"};
constexpr decision_kind delayed{
    .layer = "rate_limit",
    .verb = "delayed",
    .words = "{tokens} tokens there, {burst} at most and {rate} a second; waits {wait_ms} ms"};

constexpr std::size_t most_keys = 100'000'000;

}  // namespace

struct rate_limit::shared {
  explicit shared(rate_limit_options o) : options(std::move(o)) {
    if (options.max_keys == 0) {
      throw error(errc::invalid_argument, "rate_limit_options::max_keys: at least 1");
    }
    if (options.max_keys > most_keys) {
      throw error(errc::invalid_argument, "rate_limit_options::max_keys: at most 100,000,000");
    }
    if (options.max_wait < duration::zero()) {
      throw error(errc::invalid_argument, "rate_limit_options::max_wait: not negative");
    }
    if (options.key) by_key.emplace(options.max_keys, options.random);
  }

  template <class F>
  auto with_bucket(std::string_view key, time_point now, const token_rate& rate, F f) {
    if (by_key) return by_key->with(key, now, rate, std::move(f));
    const std::lock_guard lock(mutex);
    return f(common);
  }

  double cost_of(const call& c) const {
    if (!options.cost) return 1;
    const double cost = options.cost(c);
    return cost > 0 ? cost : 0;
  }

  const rate_limit_options options;
  std::mutex mutex;
  token_bucket common;
  std::optional<detail::keyed_buckets> by_key;
};

void rate_limit::state::give_back() noexcept {
  const auto rate = shared_->options.rate.get();
  const auto now = wheel_->now();
  shared_->with_bucket(key_, now, rate,
                       [&](token_bucket& b) { b.give_back(now, rate, cost_, due_); });
}

rate_limit::rate_limit(rate_limit_options options)
    : shared_(std::make_shared<shared>(std::move(options))) {}

result<admission> rate_limit::enter(call& c, state& s) {
  const auto& ctx = c.context();
  const auto& o = shared_->options;
  auto max_wait = o.max_wait;
  auto deadline = time_point::max();
  const auto now = c.now();
  if (max_wait > duration::zero()) {
    if (ctx.cancelled()) return fail(ctx.cause());
    deadline = ctx.deadline().value_or(time_point::max());
    if (deadline != time_point::max()) max_wait = std::min(max_wait, deadline - now);
  }
  if (o.key) s.key_ = o.key(ctx);
  s.cost_ = shared_->cost_of(c);
  const auto rate = o.rate.get();
  const auto got = shared_->with_bucket(
      s.key_, now, rate, [&](token_bucket& b) { return b.take(now, rate, s.cost_, max_wait); });
  if (got.at && got.wait == duration::zero()) return admission::in;

  decide(ctx, c.name(), got.at ? delayed : refused,
         {got.tokens, rate.burst, rate.per_second, got.wait}, s.key_);
  if (got.at) {
    s.shared_ = shared_.get();
    s.wheel_ = &c.timers();
    s.due_ = *got.at;
    s.waits_ = true;
    return admission::wait;
  }
  if (s.cost_ > rate.burst) {
    return fail(errc::resource_exhausted, "rate limit exceeded: the call takes more than a burst");
  }
  error e(errc::resource_exhausted,
          max_wait < o.max_wait ? "rate limit exceeded: to wait would exceed context deadline"
                                : "rate limit exceeded");
  if (got.wait == duration::max()) return fail(std::move(e));
  return fail(
      std::move(e).with_retry_after(std::chrono::ceil<std::chrono::milliseconds>(got.wait)));
}

// Where it's cancelled or destroyed meanwhile, the state gives the token back.
asio::awaitable<result<void>> rate_limit::wait(call&, state& s) {
  co_await sleep_until(s.due_);
  s.waits_ = false;
  co_return result<void>();
}

}  // namespace kit::middleware
