#include <middleware/adaptive_limit.hpp>

#include <algorithm>
#include <chrono>
#include <string>

#include <kit/error.hpp>

namespace kit::middleware {
namespace {

void require(bool right, const char* what) {
  if (!right) throw error(errc::invalid_argument, what);
}

void validate(const limit_range& r) {
  require(r.min >= 1, "limit_range::min: at least 1");
  require(r.max >= r.min && r.max <= 1e9, "limit_range::max: min to 1e9");
  require(r.initial >= r.min && r.initial <= r.max, "limit_range::initial: min to max");
}

const limit_range& range_of(const adaptive_limit::options& o) {
  return std::visit([](const auto& one) -> const limit_range& { return one.range; }, o);
}

// The first one soon, as nothing is known of how busy the callee was until then.
constexpr std::uint32_t first_measure = 100;
constexpr std::uint32_t measured_calls = 20;

double nanoseconds_of(duration d) noexcept {
  return std::chrono::duration<double, std::nano>(d).count();
}

}  // namespace

void validate(const aimd_options& o) {
  validate(o.range);
  require(o.backoff > 0 && o.backoff < 1, "aimd_options::backoff: above 0 and below 1");
  require(o.timeout > duration::zero(), "aimd_options::timeout: positive");
}

void validate(const gradient_options& o) {
  validate(o.range);
  require(o.tolerance >= 1, "gradient_options::tolerance: 1 or more");
  require(o.queue >= 0, "gradient_options::queue: not negative");
  require(o.smoothing > 0 && o.smoothing <= 1, "gradient_options::smoothing: above 0 to 1");
  require(o.measure_every >= 100, "gradient_options::measure_every: at least 100");
}

adaptive_limit::adaptive_limit(const options& o) : options_(o), limit_(range_of(o).initial) {
  std::visit([](const auto& one) { validate(one); }, options_);
}

void adaptive_limit::add(const limit_sample& sample) noexcept {
  std::visit([&](const auto& one) { add(one, sample); }, options_);
  const auto& r = range_of(options_);
  limit_ = std::clamp(limit_, r.min, r.max);
}

duration adaptive_limit::usual() const noexcept {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double, std::nano>(usual_));
}

std::size_t adaptive_limit::limit() const noexcept {
  const double now = to_measure_ > 0 ? std::max(limit_ / 2, range_of(options_).min) : limit_;
  return static_cast<std::size_t>(now);
}

void adaptive_limit::add(const aimd_options& o, const limit_sample& s) noexcept {
  if (s.overloaded || s.took > o.timeout) {
    limit_ *= o.backoff;
  } else if (static_cast<double>(s.in_flight) * 2 >= limit_) {
    limit_ += 1 / limit_;  // one for each round
  }
}

void adaptive_limit::add(const gradient_options& o, const limit_sample& s) noexcept {
  const double sample = std::max(nanoseconds_of(s.took), 1.0);
  if (usual_ == 0) {
    usual_ = recent_ = sample;
    latest_.fill(sample);
    until_measure_ = first_measure;
  }
  const double took = typical(sample);
  if (s.overloaded) {
    limit_ *= 0.9;
    return;
  }
  // When calls take less than usual, and not only single ones, they weren't as usual.
  recent_ += (took - recent_) * 0.05;
  usual_ = std::min(usual_, recent_);
  // Where there is little to do, nothing shows how much could be done.
  if (to_measure_ == 0 && static_cast<double>(s.in_flight) < limit_ / 2) return;
  if (measures(o, took, s.in_flight)) return;
  const double gradient = std::clamp(o.tolerance * usual_ / took, 0.5, 1.0);
  limit_ = limit_ * (1 - o.smoothing) + (limit_ * gradient + o.queue) * o.smoothing;
}

// The median of the latest: a few calls that take long for reasons of their own say nothing.
double adaptive_limit::typical(double sample) noexcept {
  latest_[next_++ % latest_.size()] = sample;
  auto sorted = latest_;
  const auto middle = sorted.begin() + sorted.size() / 2;
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

// Whether the call belongs to a measurement, or to what was under way when it began.
bool adaptive_limit::measures(const gradient_options& o, double took,
                              std::size_t in_flight) noexcept {
  if (to_measure_ == 0) {
    if (--until_measure_ > 0) return false;
    to_measure_ = measured_calls;
    to_skip_ = static_cast<std::uint32_t>(in_flight);
    measured_ = 0;
    return true;
  }
  if (to_skip_ > 0) {
    --to_skip_;
    return true;
  }
  measured_ += took;
  if (--to_measure_ > 0) return true;
  usual_ = measured_ / measured_calls;
  until_measure_ = o.measure_every;
  return true;
}

}  // namespace kit::middleware
