#include <middleware/hedge.hpp>

#include <algorithm>

namespace kit::middleware {

void require_valid(const hedge_limits& l) {
  if (l.delay < duration::zero()) {
    throw error(errc::invalid_argument, "hedge_limits::delay: not negative");
  }
  if (l.min_delay < duration::zero()) {
    throw error(errc::invalid_argument, "hedge_limits::min_delay: not negative");
  }
}

hedge::hedge(hedge_options options) : shared_(std::make_shared<shared>(std::move(options))) {}

hedge hedge::for_endpoint(std::string_view) const {
  return hedge(shared_->options);
}

void hedge::require_idempotent() const {
  if (!shared_->options.idempotent) {
    throw error(errc::invalid_argument,
                "hedge sends requests twice: say by hedge_options::idempotent that they may be");
  }
}

// Those who end at the same time needn't all be heard.
void hedge::shared::add(duration d) {
  const std::unique_lock lock(mutex, std::try_to_lock);
  if (lock) took.add(d);
}

std::optional<duration> hedge::shared::delay() {
  const auto limits = options.limits.get();
  if (limits.delay > duration::zero()) return std::max(limits.delay, limits.min_delay);
  const std::lock_guard lock(mutex);
  const auto usual = took.value();
  return usual ? std::optional(std::max(*usual, limits.min_delay)) : std::nullopt;
}

}  // namespace kit::middleware
