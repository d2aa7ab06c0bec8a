#include <middleware/lag_control.hpp>

#include <algorithm>

#include <kit/error.hpp>

namespace kit::middleware {
namespace {

// For how long a round takes up calls.
duration slice(const lag_limits& l) noexcept {
  return l.target / 4;
}

constexpr std::size_t max_turns = 1024;

// It takes so many passes of the loop until what has come is accepted, read and parsed.
constexpr int max_looks = 4;
// Of the round's time, at most.
constexpr int looks_share = 4;

}  // namespace

void require_valid(const lag_limits& l) {
  if (l.target <= duration::zero() || l.target > std::chrono::hours{1}) {
    throw error(errc::invalid_argument, "lag_limits::target: positive, up to an hour");
  }
  if (l.interval < l.target || l.interval > std::chrono::hours{1}) {
    throw error(errc::invalid_argument, "lag_limits::interval: at least the target, up to an hour");
  }
}

lag_control::verdict lag_control::enter(time_point now, const lag_limits& limits, criticality of,
                                        std::size_t waiting) noexcept {
  if (overloaded_ && of == criticality::sheddable) return verdict::shed;
  const bool turns_to_come = turns_given_ && turns_began_ == time_point::max();
  if (waiting > 0 || turns_to_come) return verdict::wait;
  if (now - began_ < slice(limits)) return verdict::run;  // in the round, or soon after a short one
  if (in_round_) return verdict::wait;
  in_round_ = true;
  began_ = now;
  return verdict::run;
}

bool lag_control::round_over(time_point now, const lag_limits& limits) noexcept {
  if (ended_ == time_point::max()) {
    ended_ = now;
    looks_ = 0;
    if (turns_given_) adapt(limits);
  }
  const auto took = ended_ - began_;
  const bool look =
      took >= slice(limits) && looks_ < max_looks && now - ended_ < took / looks_share;
  looks_ += look;
  return !look;
}

void lag_control::adapt(const lag_limits& limits) noexcept {
  if (ended_ - began_ > limits.target) {
    turns_ = std::max<std::size_t>(turns_ / 2, 1);
  } else if (all_used_ && turns_began_ <= ended_ && ended_ - turns_began_ < slice(limits)) {
    turns_ = std::min(turns_ * 2, max_turns);
  }
}

std::size_t lag_control::next_round(time_point now, const lag_limits& limits, std::size_t waiting,
                                    duration waited) noexcept {
  in_round_ = turns_given_ = waiting > 0;
  ended_ = turns_began_ = time_point::max();
  if (in_round_) began_ = now;
  all_used_ = waiting >= turns_;
  add(now, limits, waiting > turns_ ? waited : duration::zero());
  return std::min(turns_, waiting);
}

void lag_control::add(time_point now, const lag_limits& limits, duration lag) noexcept {
  lag_ = lag;
  if (lag == duration::zero()) overloaded_ = false;
  if (lag <= limits.target) {
    above_ = false;
    return;
  }
  if (!above_) {
    above_ = true;
    above_since_ = now;
  }
  if (now - above_since_ >= limits.interval) overloaded_ = true;
}

duration lag_control::patience(const lag_limits& limits, criticality of) const noexcept {
  if (!overloaded_) return duration::max();
  return of == criticality::critical ? limits.interval : limits.target;
}

}  // namespace kit::middleware
