#include <middleware/detail/place_refusal.hpp>

#include <algorithm>
#include <chrono>

#include <kit/error.hpp>
#include <kit/timer.hpp>

namespace kit::middleware::detail {
namespace {

using std::chrono::milliseconds;

// By then a place will be free, as far as one can tell.
error overloaded(const std::string& message, duration expected) {
  const auto wait = std::max<milliseconds>(
      milliseconds(1),
      std::chrono::ceil<milliseconds>(std::min<duration>(expected, std::chrono::hours(1))));
  return error(errc::unavailable, message).with_retry_after(wait);
}

}  // namespace

result<admission> tell(const call& c, const place_decisions& says, const places::answer& got,
                       const places::limits& limits, const std::string& message) {
  if (got.says == admission::in) return admission::in;
  const auto in_use = got.in_use, all = limits.places, queued = got.queued;
  switch (got.why) {
    case places::refusal::none:
      decide(c.context(), c.name(), says.queued, {in_use, all, queued});
      return admission::wait;
    case places::refusal::no_time:
      decide(c.context(), c.name(), says.no_time, {in_use, all, queued, got.expected_wait});
      break;
    case places::refusal::full:
      decide(c.context(), c.name(), says.refused, {in_use, all, queued, limits.queue});
      break;
  }
  return fail(overloaded(message, got.expected_wait));
}

result<void> tell_waited(const call& c, const place_decisions& says, places::refusal why,
                         const waited& how, const places::limits& limits,
                         const std::string& message) {
  if (why == places::refusal::none) return {};
  const auto took = c.timers().now() - how.since;
  decide(c.context(), c.name(), says.displaced, {took, how.in_use, limits.places});
  if (why == places::refusal::no_time) return fail(errc::deadline_exceeded, message);
  return fail(overloaded(message, took));
}

}  // namespace kit::middleware::detail
