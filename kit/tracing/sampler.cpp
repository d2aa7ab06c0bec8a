#include <kit/tracing/sampler.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <utility>

#include <kit/error.hpp>

namespace kit::tracing {
namespace {

constexpr std::uint64_t random_bits = (std::uint64_t{1} << 56) - 1;

/// A token bucket. Its lock is held for a few instructions, and only by roots.
class rate_limit {
 public:
  explicit rate_limit(double per_second) noexcept
      : rate_(per_second), burst_(std::max(per_second, 1.0)), tokens_(burst_) {}

  bool take(time_point now) noexcept {
    std::lock_guard lock(mutex_);
    if (now > last_) {
      if (last_ != time_point::min()) {
        const std::chrono::duration<double> passed = now - last_;
        tokens_ = std::min(burst_, tokens_ + passed.count() * rate_);
      }
      last_ = now;
    }
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  const double rate_, burst_;
  std::mutex mutex_;
  double tokens_;
  time_point last_ = time_point::min();
};

}  // namespace

sampler always_sample() {
  return [](const sampling_input&) { return sampling::sample; };
}

sampler never_sample() {
  return [](const sampling_input&) { return sampling::drop; };
}

sampler ratio_sampler(double ratio) {
  if (!(ratio >= 0 && ratio <= 1)) {
    throw error(errc::invalid_argument, "ratio_sampler: the ratio must be from 0 to 1");
  }
  const auto limit = static_cast<std::uint64_t>(ratio * 0x1p56);
  return [limit](const sampling_input& in) {
    return (in.trace_id.low & random_bits) < limit ? sampling::sample : sampling::drop;
  };
}

sampler rate_limited_sampler(double per_second) {
  if (!(per_second > 0)) {
    throw error(errc::invalid_argument, "rate_limited_sampler: the rate must be above 0");
  }
  return [limit = std::make_shared<rate_limit>(per_second)](const sampling_input& in) {
    return limit->take(in.now()) ? sampling::sample : sampling::drop;
  };
}

sampler parent_based(sampler root) {
  return [root = std::move(root)](const sampling_input& in) {
    if (!in.parent || has(in.parent->flags, trace_flags::deferred)) return root(in);
    return in.parent->sampled() ? sampling::sample : sampling::drop;
  };
}

}  // namespace kit::tracing
