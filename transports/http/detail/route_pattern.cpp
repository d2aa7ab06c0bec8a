#include <transports/http/detail/route_pattern.hpp>

#include <algorithm>
#include <utility>

#include <kit/error.hpp>
#include <kit/http/percent.hpp>
#include <kit/http/syntax.hpp>

namespace kit::http::detail {
namespace {

// Lookups go as deep into recursion as a pattern has segments.
constexpr std::size_t max_segments = 256;

[[noreturn]] void refuse(std::string_view pattern, std::string_view why) {
  throw error(errc::invalid_argument,
              "router: pattern '" + std::string(pattern.substr(0, 200)) + "': " + std::string(why));
}

bool is_name_char(char c) noexcept {
  const char lower = to_lower(c);
  return is_digit(c) || (lower >= 'a' && lower <= 'z') || c == '_' || c == '-';
}

pattern_segment parse_parameter(std::string_view pattern, std::string_view segment) {
  pattern_segment out{segment_kind::parameter, {}};
  if (segment.front() != '{' || segment.back() != '}' || segment.size() < 2) {
    refuse(pattern, "a parameter must be a whole segment, as in /{id}/");
  }
  auto name = segment.substr(1, segment.size() - 2);
  if (name.ends_with("...")) {
    out.kind = segment_kind::rest;
    name.remove_suffix(3);
  }
  if (name.empty()) refuse(pattern, "a parameter without a name");
  if (!std::all_of(name.begin(), name.end(), is_name_char)) {
    refuse(pattern, "the name of a parameter is made of letters, digits, '_' and '-'");
  }
  out.text = name;
  return out;
}

pattern_segment parse_text(std::string_view pattern, std::string_view segment) {
  for (char c : segment) {
    if (!is_value_char(c) || c == '\t') refuse(pattern, "a control character");
    if (c == '?' || c == '#') refuse(pattern, "a path holds no '?' and no '#'");
  }
  auto decoded = percent_decode(segment);
  if (!decoded) refuse(pattern, "a '%' must be followed by two hexadecimal digits");
  if (*decoded == "." || *decoded == "..") {
    refuse(pattern, "clients resolve the segments '.' and '..' themselves");
  }
  return {segment_kind::text, *std::move(decoded)};
}

void add_segment(route_pattern& to, std::string_view segment, bool last) {
  if (to.segments.size() == max_segments) refuse(to.text, "more than 256 segments");
  if (segment.find_first_of("{}") == segment.npos) {
    if (segment.empty() && !last) refuse(to.text, "an empty segment before the end");
    to.segments.push_back(parse_text(to.text, segment));
    return;
  }
  auto parameter = parse_parameter(to.text, segment);
  if (parameter.kind == segment_kind::rest && !last) {
    refuse(to.text, "'" + std::string(segment) + "' must be the last segment");
  }
  for (const auto& earlier : to.segments) {
    if (earlier.kind == segment_kind::parameter && earlier.text == parameter.text) {
      refuse(to.text, "two parameters are named '" + parameter.text + "'");
    }
  }
  to.segments.push_back(std::move(parameter));
}

}  // namespace

route_pattern parse_pattern(std::string_view text) {
  if (!text.starts_with('/')) refuse(text, "it must start with a slash");
  route_pattern out;
  out.text = text;
  for (std::size_t at = 1; at <= text.size();) {
    const auto end = std::min(text.find('/', at), text.size());
    add_segment(out, text.substr(at, end - at), end == text.size());
    at = end + 1;
  }
  return out;
}

std::string_view parse_prefix(std::string_view text) {
  if (text.empty() || text == "/") return {};
  const auto parsed = parse_pattern(text);
  if (text.ends_with('/')) refuse(text, "a prefix must not end with a slash");
  if (parsed.segments.back().kind == segment_kind::rest) {
    refuse(text, "a prefix must not end with '" + parsed.segments.back().text + "...'");
  }
  return text;
}

route_pattern below(std::string_view prefix) {
  route_pattern out;
  if (!prefix.empty()) out = parse_pattern(prefix);
  out.text += "/{...}";
  out.segments.push_back({segment_kind::rest, {}});
  return out;
}

}  // namespace kit::http::detail
