#include <middleware/lag_control.hpp>

#include <kit/error.hpp>

namespace kit::middleware {

void validate(const lag_limits& l) {
  if (l.target <= duration::zero() || l.target > std::chrono::hours{1}) {
    throw error(errc::invalid_argument, "lag_limits::target: positive, up to an hour");
  }
  if (l.interval <= duration::zero()) {
    throw error(errc::invalid_argument, "lag_limits::interval: positive");
  }
}

void lag_control::add(time_point now, const lag_limits& limits, duration lag) noexcept {
  lag_ = lag;
  if (lag <= limits.target) {
    above_ = overloaded_ = false;
    return;
  }
  if (!above_) {
    above_ = true;
    above_since_ = now - lag;
  }
  if (now - above_since_ >= limits.interval) overloaded_ = true;
}

bool lag_control::sheds(const lag_limits& limits, criticality of,
                        duration into_round) const noexcept {
  if (!overloaded_) return false;
  switch (of) {
    case criticality::sheddable:
      return true;
    case criticality::standard:
      return into_round > limits.target;
    case criticality::critical:
      break;
  }
  constexpr int desperate = 8;
  return into_round > limits.target * desperate;
}

}  // namespace kit::middleware
