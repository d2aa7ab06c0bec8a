#include <kit/http/range.hpp>

#include <algorithm>

#include <kit/http/syntax.hpp>

namespace kit::http {
namespace {

// Digits only; a number that does not fit is the largest. Nothing when there are none.
std::optional<std::uint64_t> parse_number(std::string_view text) noexcept {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  std::uint64_t n = 0;
  for (char c : text) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    n = n > (UINT64_MAX - digit) / 10 ? UINT64_MAX : n * 10 + digit;
  }
  return n;
}

// The same, but nothing for a number that does not fit.
std::optional<std::uint64_t> parse_exact(std::string_view text) noexcept {
  const auto n = parse_number(text);
  return n == UINT64_MAX ? std::nullopt : n;
}

enum class spec { malformed, outside, inside };

// int-range or suffix-range
spec parse_spec(std::string_view text, std::uint64_t size, byte_range& out) noexcept {
  const auto dash = text.find('-');
  if (dash == text.npos) return spec::malformed;
  const auto last = parse_number(text.substr(dash + 1));
  if (dash == 0) {
    if (!last) return spec::malformed;
    if (*last == 0) return spec::outside;
    out = {size - std::min(*last, size), size - 1};
    return spec::inside;
  }
  const auto first = parse_number(text.substr(0, dash));
  if (!first || (!last && dash + 1 != text.size())) return spec::malformed;
  if (last && *last < *first) return spec::malformed;
  if (*first >= size) return spec::outside;
  out = {*first, std::min(last.value_or(UINT64_MAX), size - 1)};
  return spec::inside;
}

bool touch(const byte_range& a, const byte_range& b) noexcept {  // no last is the largest number
  return a.first <= b.last + 1 && b.first <= a.last + 1;
}

// Adds a range, and makes it one with those that it overlaps or touches.
void merge(std::vector<byte_range>& ranges, const byte_range& more) {
  const auto meets = [&more](const byte_range& r) { return touch(r, more); };
  const auto at = std::find_if(ranges.begin(), ranges.end(), meets);
  if (at == ranges.end()) {
    ranges.push_back(more);
    return;
  }
  byte_range all = more;
  for (const auto& r : ranges) {
    if (!meets(r)) continue;
    all = {std::min(all.first, r.first), std::max(all.last, r.last)};
  }
  *at = all;
  ranges.erase(std::remove_if(at + 1, ranges.end(), meets), ranges.end());
}

}  // namespace

range_set parse_range(std::string_view value, std::uint64_t size, const range_options& options) {
  constexpr std::string_view unit = "bytes=";
  if (size == 0 || !iequals(value.substr(0, unit.size()), unit)) return {};
  value.remove_prefix(unit.size());
  range_set set;
  std::size_t count = 0;
  for (;;) {
    const auto text = next_list_member(value);
    if (text.empty()) break;
    if (++count > options.max_ranges) return {};
    byte_range range;
    const auto what = parse_spec(text, size, range);
    if (what == spec::malformed) return {};
    if (what == spec::inside) merge(set.ranges, range);
  }
  if (count == 0) return {};
  set.what = set.ranges.empty() ? range_set::outcome::unsatisfiable : range_set::outcome::partial;
  return set;
}

std::string content_range::str() const {
  std::string out = "bytes ";
  if (range) {
    out.append(std::to_string(range->first)).append("-").append(std::to_string(range->last));
  } else {
    out += '*';
  }
  out += '/';
  return out.append(size ? std::to_string(*size) : "*");
}

std::optional<content_range> content_range::parse(std::string_view text) noexcept {
  constexpr std::string_view unit = "bytes ";
  if (!iequals(text.substr(0, unit.size()), unit)) return std::nullopt;
  text.remove_prefix(unit.size());
  const auto slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const auto range = text.substr(0, slash);
  const auto size = text.substr(slash + 1);
  content_range out;
  if (size != "*" && !(out.size = parse_exact(size))) return std::nullopt;
  if (range == "*") return out.size ? std::optional(out) : std::nullopt;
  const auto dash = range.find('-');
  if (dash == range.npos) return std::nullopt;
  const auto first = parse_exact(range.substr(0, dash));
  const auto last = parse_exact(range.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  if (out.size && *last >= *out.size) return std::nullopt;
  out.range = {*first, *last};
  return out;
}

std::string unsatisfied_range(std::uint64_t size) {
  return content_range{std::nullopt, size}.str();
}

}  // namespace kit::http
