#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kit/log/event.hpp>
#include <kit/result.hpp>

namespace kit::log {

/// Appends the event as one line of logfmt, with its end: `level=info msg="at your service"
/// port=80`.
///
/// Fields keep their order, and equal keys stay beside each other. Of keys blanks, control
/// characters, `=`, `"` and what isn't UTF-8 are dropped. Values with one of these are quoted as in
/// JSON: nothing in a value can end the line, start another pair or command a terminal. Null is
/// `null`, and the text null `"null"`; structs and containers are their JSON.
/// Source: Go kit's log.NewLogfmtLogger.
void logfmt(std::string& out, const event& e);

/// Appends a value of logfmt: bare where it can be, else in quotes. An empty text adds nothing.
void append_logfmt_value(std::string& out, std::string_view text);

/// The pairs of a line of logfmt, with or without its end. A key without `=` has an empty value.
/// Errors: `errc::invalid_argument` with the byte offset: quotes that aren't closed or hold an
///         escape that JSON doesn't know, a pair without a key, more pairs than `max_pairs`.
result<std::vector<std::pair<std::string, std::string>>> parse_logfmt(std::string_view line,
                                                                      std::size_t max_pairs = 1024);

}  // namespace kit::log
