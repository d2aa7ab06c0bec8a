#include <kit/codec/text.hpp>

#include <charconv>
#include <cmath>
#include <system_error>

#include <kit/codec/detail/json_number.hpp>
#include <kit/codec/detail/json_scan.hpp>
#include <kit/detail/utf8.hpp>

namespace kit::text {
namespace {

template <class I>
bool parse_integer(std::string_view text, I& v, I least, I most, std::string& expected) {
  const char* const end = text.data() + text.size();
  const auto [last, status] = std::from_chars(text.data(), end, v);
  if (status == std::errc() && last == end && v >= least && v <= most) return true;
  // "-1" for an unsigned one is an integer, too
  const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
  const bool whole =
      !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  expected = "integer";
  if (whole) expected += " from " + std::to_string(least) + " to " + std::to_string(most);
  return false;
}

template <class Float>
bool parse_float(std::string_view text, Float& v, std::string& expected) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  bool integer = false;
  expected = "number";
  if (text.empty() || json::detail::number_end(begin, end, integer) != end) return false;
  if (json::detail::parse_float(begin, end, v)) return true;
  expected = "number in range";
  return false;
}

template <class Float>
bool append_float(std::string& out, Float v, std::string& problem) {
  if (!std::isfinite(v)) {
    problem = std::isnan(v) ? "not a number" : "infinity";
    return false;
  }
  char room[json::detail::number_room];
  out.append(room, json::detail::format_float(room, v));
  return true;
}

template <class I>
void append_integer(std::string& out, I v) {
  char room[24];
  out.append(room, std::to_chars(room, room + sizeof room, v).ptr);
}

}  // namespace

namespace detail {

bool parse_signed(std::string_view text, std::int64_t& v, std::int64_t least, std::int64_t most,
                  std::string& expected) {
  return parse_integer(text, v, least, most, expected);
}
bool parse_unsigned(std::string_view text, std::uint64_t& v, std::uint64_t most,
                    std::string& expected) {
  return parse_integer(text, v, std::uint64_t{0}, most, expected);
}
void append_signed(std::string& out, std::int64_t v) {
  append_integer(out, v);
}
void append_unsigned(std::string& out, std::uint64_t v) {
  append_integer(out, v);
}

void expect_name(std::string& expected, std::string_view name, bool first) {
  expected = first ? "one of " : expected + ", ";
  expected += json::detail::quoted(name);
}

time_status parse_duration(std::string_view text, time_parts& d) noexcept {
  return codec_detail::parse_duration(text, d);
}
time_status parse_time(std::string_view text, time_parts& t) noexcept {
  return codec_detail::parse_time(text, t);
}

bool accept(time_status status, std::string_view what, std::string& expected) {
  if (status == time_status::ok) return true;
  expected = what;
  if (status == time_status::out_of_range) expected += ", in range";
  if (status == time_status::too_fine) expected += ", no finer than the type can hold";
  return false;
}

bool append_duration(std::string& out, time_parts d, bool in_range, std::string& problem) {
  if (!in_range) {
    problem = "the duration is not finite or too long";
    return false;
  }
  char room[codec_detail::time_room];
  out.append(room, codec_detail::format_duration(room, d));
  return true;
}

bool append_time(std::string& out, time_parts t, bool in_range, std::string& problem) {
  if (!in_range || !codec_detail::is_writable_time(t)) {
    problem = "the time is outside the years 0 to 9999";
    return false;
  }
  char room[codec_detail::time_room];
  out.append(room, codec_detail::format_time(room, t));
  return true;
}

}  // namespace detail

bool parse(std::string_view text, bool& v, std::string& expected) {
  v = text.empty() || text == "true" || text == "1";
  if (v || text == "false" || text == "0") return true;
  expected = "true or false";
  return false;
}
bool parse(std::string_view text, float& v, std::string& expected) {
  return parse_float(text, v, expected);
}
bool parse(std::string_view text, double& v, std::string& expected) {
  return parse_float(text, v, expected);
}
bool parse(std::string_view text, std::string& v, std::string& expected) {
  if (kit::detail::find_invalid_utf8(text)) {
    expected = "valid UTF-8";
    return false;
  }
  v = text;
  return true;
}

bool append(std::string& out, bool v, std::string&) {
  out += v ? "true" : "false";
  return true;
}
bool append(std::string& out, float v, std::string& problem) {
  return append_float(out, v, problem);
}
bool append(std::string& out, double v, std::string& problem) {
  return append_float(out, v, problem);
}
bool append(std::string& out, const std::string& v, std::string& problem) {
  if (kit::detail::find_invalid_utf8(v)) {
    problem = "not valid UTF-8";
    return false;
  }
  out += v;
  return true;
}

}  // namespace kit::text
