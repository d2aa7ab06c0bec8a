#include <kit/retry_budget.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <utility>

#include <kit/error.hpp>

namespace kit {

void require_valid(const retry_budget_limits& l) {
  if (!(l.ratio >= 0 && std::isfinite(l.ratio))) {
    throw error(errc::invalid_argument, "retry_budget_limits::ratio: finite, not negative");
  }
  if (!(l.min_per_second >= 0 && std::isfinite(l.min_per_second))) {
    throw error(errc::invalid_argument,
                "retry_budget_limits::min_per_second: finite, not negative");
  }
}

namespace {

std::int64_t step_of(time_point t) noexcept {
  return std::max<std::int64_t>(
      0, std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count());
}

}  // namespace

void retry_window::add_call(time_point now) noexcept {
  ++slide(now).calls;
  ++sum_.calls;
}

bool retry_window::take(time_point now, const retry_budget_limits& limits) noexcept {
  if (left(now, limits) < 1) return false;
  ++slide(now).retries;
  ++sum_.retries;
  return true;
}

void retry_window::give_back(time_point taken) noexcept {
  const auto number = step_of(taken);
  if (number > latest_ || number <= latest_ - steps) return;  // has slid out of the window
  auto& s = steps_[static_cast<std::size_t>(number % steps)];
  if (s.retries == 0) return;
  --s.retries;
  --sum_.retries;
}

double retry_window::left(time_point now, const retry_budget_limits& limits) noexcept {
  slide(now);
  // So that a ratio of 0.1 lets ten calls have one, whatever 10 * 0.1 is.
  constexpr double rounding = 1e-9;
  return static_cast<double>(sum_.calls) * limits.ratio +
         static_cast<double>(steps) * limits.min_per_second - static_cast<double>(sum_.retries) +
         rounding;
}

retry_window::step& retry_window::slide(time_point now) noexcept {
  const auto number = step_of(now);
  for (auto i = std::max(latest_ + 1, number - steps + 1); i <= number; ++i) {
    auto& s = steps_[static_cast<std::size_t>(i % steps)];
    sum_.calls -= s.calls;
    sum_.retries -= s.retries;
    s = {};
  }
  latest_ = std::max(latest_, number);
  return steps_[static_cast<std::size_t>(latest_ % steps)];
}

struct retry_budget::state {
  setting<retry_budget_limits> limits;
  std::mutex mutex;
  retry_window window{};
};

retry_budget::retry_budget(setting<retry_budget_limits> limits)
    : state_(new state{.limits = std::move(limits), .mutex = {}}) {}

void retry_budget::add_call(time_point now) const {
  const std::lock_guard lock(state_->mutex);
  state_->window.add_call(now);
}

bool retry_budget::take(time_point now) const {
  const auto limits = state_->limits.get();
  const std::lock_guard lock(state_->mutex);
  return state_->window.take(now, limits);
}

void retry_budget::give_back(time_point taken) const {
  const std::lock_guard lock(state_->mutex);
  state_->window.give_back(taken);
}

double retry_budget::left(time_point now) const {
  const auto limits = state_->limits.get();
  const std::lock_guard lock(state_->mutex);
  return state_->window.left(now, limits);
}

}  // namespace kit
