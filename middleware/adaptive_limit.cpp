#include <middleware/adaptive_limit.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include <kit/error.hpp>

namespace kit::middleware {
namespace {

void require(bool right, const char* what) {
  if (!right) throw error(errc::invalid_argument, what);
}

void require_valid(const limit_range& r) {
  require(r.min >= 1, "limit_range::min: at least 1");
  require(r.max >= r.min && r.max <= 1e9, "limit_range::max: min to 1e9");
  require(r.initial >= r.min && r.initial <= r.max, "limit_range::initial: min to max");
}

const limit_range& range_of(const adaptive_limit::options& o) {
  return std::visit([](const auto& one) -> const limit_range& { return one.range; }, o);
}

// In a window a call counts for that many times the mean at most: a few that take very long for
// reasons of their own say little.
constexpr double longest = 6;
// How often a small limit is gone through in a window, and any at least between measurements.
constexpr double rounds_in_window = 10;
constexpr double rounds_between = 500;
// Of a limit whose calls are all overloaded, half is left after one round.
constexpr double overload_step = 0.5;
// The limit doesn't shrink by more at a time.
constexpr double least_gradient = 0.25;
constexpr double quicker = 1.5;
// By how much fewer are let through for a measurement.
constexpr double reduction = 4;

double nanoseconds_of(duration d) noexcept {
  return std::max(std::chrono::duration<double, std::nano>(d).count(), 1.0);
}

}  // namespace

void require_valid(const aimd_options& o) {
  require_valid(o.range);
  require(o.backoff > 0 && o.backoff < 1, "aimd_options::backoff: above 0 and below 1");
  require(o.timeout > duration::zero(), "aimd_options::timeout: positive");
}

void require_valid(const gradient_options& o) {
  require_valid(o.range);
  require(o.tolerance >= 1, "gradient_options::tolerance: 1 or more");
  require(o.window >= 10, "gradient_options::window: at least 10");
  require(o.measure_every >= 100, "gradient_options::measure_every: at least 100");
}

adaptive_limit::adaptive_limit(const options& o)
    : options_(o), limit_(range_of(o).initial), highest_(limit_) {
  std::visit([](const auto& one) { require_valid(one); }, options_);
  // Of calls that begin together the short ones end first, which would look like what is usual.
  to_skip_ = static_cast<std::uint64_t>(std::min(limit_, 100.0));
}

void adaptive_limit::add(const limit_sample& sample) noexcept {
  auto s = sample;
  const double took = nanoseconds_of(s.took);
  if (s.out_of_time) {
    if (impatient(took)) return;
    s.overloaded = true;
  }
  if (!s.overloaded) recent_ = recent_ == 0 ? took : recent_ + (took - recent_) / 20;
  std::visit([&](const auto& one) { add(one, s); }, options_);
  const auto& r = range_of(options_);
  limit_ = std::clamp(limit_, r.min, r.max);
  highest_ = std::max(highest_, limit_);
}

// What calls took of late fades, as none may succeed any more and tell.
bool adaptive_limit::impatient(double took) noexcept {
  if (took >= recent_) return false;
  recent_ -= recent_ / 200;
  return true;
}

duration adaptive_limit::usual() const noexcept {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double, std::nano>(usual_));
}

std::size_t adaptive_limit::limit() const noexcept {
  return static_cast<std::size_t>(measures_ ? reduced() : limit_);
}

double adaptive_limit::reduced() const noexcept {
  return std::max(limit_ / reduction, range_of(options_).min);
}

void adaptive_limit::add(const aimd_options& o, const limit_sample& s) noexcept {
  if (s.overloaded || s.took > o.timeout) {
    limit_ *= o.backoff;
  } else if (static_cast<double>(s.in_flight) * 2 >= limit_) {
    limit_ += 1 / limit_;  // one for each round
  }
}

void adaptive_limit::add(const gradient_options& o, const limit_sample& s) noexcept {
  if (s.overloaded) {
    limit_ -= overload_step;
    highest_ -= overload_step;
    return;
  }
  if (until_measure_ > 0) --until_measure_;
  if (to_skip_ > 0) {
    --to_skip_;
    return;
  }
  count(nanoseconds_of(s.took), static_cast<double>(s.in_flight));
  const double enough =
      measures_ ? o.window : std::min<double>(o.window, rounds_in_window * limit_);
  if (window_.calls < std::max(enough, window_.peak)) return;
  to_skip_ = s.in_flight;
  const double mean = window_.took / window_.calls;
  if (measures_) {
    end_measurement(o, mean);
  } else {
    end_window(o, mean);
  }
  window_ = {};
}

void adaptive_limit::count(double took, double in_flight) noexcept {
  const double so_far = window_.calls > 0 ? window_.took / window_.calls : 0;
  const double typical = std::max(usual_, so_far);
  window_.took += typical > 0 ? std::min(took, typical * longest) : took;
  window_.peak = std::max(window_.peak, in_flight);
  ++window_.calls;
}

void adaptive_limit::end_window(const gradient_options& o, double mean) noexcept {
  const bool first = usual_ == 0;
  if (first) usual_ = mean;
  if (window_.peak * 2 < limit_) {
    usual_ += (mean - usual_) / 5;
    measured(o, 1);
    return;
  }
  // Although it's used they take less time, by more than chance: they have become quicker.
  if (mean * quicker < usual_) until_measure_ = 0;
  before_ = {.limit = limit_, .took = mean};
  const double gradient = std::clamp(o.tolerance * usual_ / mean, least_gradient, 1.0);
  if (!first) limit_ = limit_ * gradient + std::sqrt(limit_);
  measures_ = until_measure_ == 0 || limit_ < highest_ / 2;
}

void adaptive_limit::end_measurement(const gradient_options& o, double mean) noexcept {
  const double now = reduced();
  // When calls take less by as much as fewer are let through, the callee is still busy.
  if (before_.took / mean > before_.limit / now * 0.75 && now / reduction >= o.range.min) {
    limit_ = highest_ = now;
    before_ = {.limit = now, .took = mean};
    usual_ = mean;
    return;
  }
  measures_ = false;
  to_skip_ = static_cast<std::uint64_t>(limit_);  // until as many are let through again
  const bool as_before = mean < usual_ * o.tolerance && mean * o.tolerance > usual_;
  usual_ = as_before ? (usual_ + mean) / 2 : mean;
  // If it was wrong, so was the limit, and what is usual is seen better with the one that follows.
  measured(o, as_before ? 1 : 0.1);
}

void adaptive_limit::measured(const gradient_options& o, double share) noexcept {
  until_measure_ = static_cast<std::uint64_t>(
      std::max<double>(o.measure_every, rounds_between * limit_) * share);
  highest_ = limit_;
}

}  // namespace kit::middleware
