#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kit::http::detail {

enum class segment_kind : std::uint8_t {
  text,
  parameter,  ///< `{name}`: one non-empty segment
  rest,       ///< `{name...}`: what is left, if only the empty text
};

struct pattern_segment {
  segment_kind kind = segment_kind::text;
  std::string text;  ///< decoded, or the parameter's name
};

/// A parsed pattern of a route; the grammar is that of `router`.
struct route_pattern {
  std::string text;  ///< as it was written
  std::vector<pattern_segment> segments;
};

/// Throws `errc::invalid_argument` that repeats the pattern and says what is wrong with it.
route_pattern parse_pattern(std::string_view text);

/// Checks a prefix: a pattern without `{name...}` and without a slash at its end. Returns it;
/// nothing for `/`. Throws as `parse_pattern`.
std::string_view parse_prefix(std::string_view text);

/// `/prefix/{...}`, for all paths below a prefix that `parse_prefix` returned.
route_pattern below(std::string_view prefix);

}  // namespace kit::http::detail
