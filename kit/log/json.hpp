#pragma once

#include <string>

#include <kit/log/event.hpp>

namespace kit::log {

/// Appends the event as one JSON object (RFC 8259) in a line, with its end:
/// `{"level":"info","msg":"at your service","port":80}`.
///
/// Keys are sorted, and of equal ones the last one's value stays, so that the object is valid
/// whatever was logged. NaN and the infinities are the texts `NaN`, `+Inf` and `-Inf`, durations
/// texts such as `1.5s`; structs and containers are nested. What isn't UTF-8 is U+FFFD.
/// Source: Go kit's log.NewJSONLogger.
void json(std::string& out, const event& e);

}  // namespace kit::log
