#include <middleware/outcome_window.hpp>

#include <algorithm>

#include <kit/error.hpp>

namespace kit::middleware {

void require_valid(const window_options& o) {
  constexpr std::size_t max_steps = 10'000, max_calls = 1'000'000;
  if (o.length < duration::zero()) {
    throw error(errc::invalid_argument, "window_options::length: not negative");
  }
  if (o.steps < 1 || o.steps > max_steps ||
      (o.length > duration::zero() &&
       o.length / static_cast<duration::rep>(o.steps) == duration::zero())) {
    throw error(errc::invalid_argument,
                "window_options::steps: 1 to 10000, none shorter than 1 ns");
  }
  if (o.calls > max_calls) {
    throw error(errc::invalid_argument, "window_options::calls: at most 1000000");
  }
}

outcome_window::outcome_window(const window_options& options) : options_(options) {
  require_valid(options_);
  if (options_.calls == 0 && options_.length > duration::zero()) steps_.resize(options_.steps);
}

void outcome_window::add(time_point now, bool failed) {
  slide(now);
  if (options_.calls > 0) {
    if (last_.size() < options_.calls) {
      last_.push_back(failed);
    } else {
      --(last_[next_] ? counts_.failures : counts_.successes);
      last_[next_] = failed;
    }
    next_ = (next_ + 1) % options_.calls;
  } else if (!steps_.empty()) {
    auto& s = steps_[static_cast<std::size_t>(latest_) % steps_.size()];
    ++(failed ? s.failures : s.successes);
  }
  ++(failed ? counts_.failures : counts_.successes);
  ++(failed ? counts_.consecutive_failures : counts_.consecutive_successes);
  (failed ? counts_.consecutive_successes : counts_.consecutive_failures) = 0;
}

const call_counts& outcome_window::counts(time_point now) {
  slide(now);
  return counts_;
}

void outcome_window::clear() noexcept {
  counts_ = {};
  std::ranges::fill(steps_, step());
  last_.clear();
  next_ = 0;
}

void outcome_window::slide(time_point now) {
  if (steps_.empty()) return;
  const auto size = static_cast<std::int64_t>(steps_.size());
  const auto number = std::max<std::int64_t>(0, now.time_since_epoch() / (options_.length / size));
  if (number <= latest_) return;
  for (auto i = std::max(latest_ + 1, number - size + 1); i <= number; ++i) {
    auto& s = steps_[static_cast<std::size_t>(i % size)];
    counts_.successes -= s.successes;
    counts_.failures -= s.failures;
    s = {};
  }
  latest_ = number;
}

}  // namespace kit::middleware
