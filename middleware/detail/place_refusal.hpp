#pragma once

#include <cstddef>
#include <string>

#include <kit/clock.hpp>
#include <kit/decision.hpp>
#include <kit/interceptor.hpp>
#include <kit/result.hpp>
#include <middleware/detail/places.hpp>

namespace kit::middleware::detail {

/// What a layer calls what becomes of calls that look for a place.
struct place_decisions {
  decision_kind queued;     // in_use, places, queued
  decision_kind refused;    // in_use, places, queued, max_queue
  decision_kind no_time;    // in_use, places, queued, wait_ms
  decision_kind displaced;  // waited_ms, in_use, places
};

/// Records it, and makes the layer's answer of it.
result<admission> tell(const call& c, const place_decisions& says, const places::answer& got,
                       const places::limits& limits, const std::string& message);

struct waited {
  time_point since{};
  std::size_t in_use = 0;
};
result<void> tell_waited(const call& c, const place_decisions& says, places::refusal why,
                         const waited& how, const places::limits& limits,
                         const std::string& message);

}  // namespace kit::middleware::detail
