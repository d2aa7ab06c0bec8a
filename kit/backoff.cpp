#include <kit/backoff.hpp>

#include <algorithm>
#include <string>

#include <kit/error.hpp>

namespace kit {
namespace {

void require(bool right, const char* what) {
  if (!right) throw error(errc::invalid_argument, std::string("backoff_options::") + what);
}

}  // namespace

void require_valid(const backoff_options& o) {
  require(o.initial > duration::zero(), "initial: must be positive");
  require(o.max >= o.initial, "max: must be at least initial");
  require(o.multiplier >= 1 && o.multiplier <= 1e6, "multiplier: must be from 1 to 1e6");
  require(o.jitter >= 0 && o.jitter <= 1, "jitter: must be from 0 to 1");
}

backoff::backoff(const backoff_options& options, random_source random)
    : options_(options), random_(random), previous_(options.initial) {
  require_valid(options);
}

duration backoff::next() noexcept {
  const auto& o = options_;
  const auto count = [](duration d) { return static_cast<double>(d.count()); };
  // Never below the initial one: with a small multiplier unlucky draws would wear the waits down.
  const double grown = std::max(count(previous_) * o.multiplier, count(o.initial));
  const double middle = std::min(grown, count(o.max) / (1 + o.jitter));
  const double drawn = middle * random_.uniform(1 - o.jitter, 1 + o.jitter);
  previous_ = drawn < count(o.max) ? duration(static_cast<duration::rep>(drawn)) : o.max;
  return previous_;
}

}  // namespace kit
