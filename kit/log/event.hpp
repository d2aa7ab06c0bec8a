#pragma once

#include <functional>
#include <span>
#include <string>

#include <kit/log/value.hpp>

namespace kit::log {

/// All that a record is made of, in the order in which it is written. Valid during the call.
struct event : record_info {
  std::span<const field> fields;
};

/// Turns an event into the bytes of one record, which it appends: `logfmt`, `json`, or one of your
/// own around them. It visits the values in the order of the fields, and each only as often as it
/// has to: computed ones are computed each time. Threads: calls overlap.
using encoder = std::function<void(std::string& out, const event& e)>;

/// What stands for a value that is not there: `log.info("moved", "to")` gives `to=(MISSING)`.
inline constexpr std::string_view missing_value = "(MISSING)";
/// What stands for a key of which nothing is left.
inline constexpr std::string_view empty_key = "(EMPTY)";

}  // namespace kit::log
