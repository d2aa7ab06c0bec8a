// Ranges: of a small content, the bytes asked for are those of a naive reading, byte by byte.
#include <kit/http/range.hpp>
#include <kit/http/syntax.hpp>

#include "fuzz.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace {

namespace http = kit::http;
using outcome = http::range_set::outcome;

constexpr std::size_t most = 40;  // digits beyond that are left to the unit tests

// Nothing for what is no number; one that is larger than 999999 is just large.
std::optional<std::uint64_t> naive_number(const std::string& text) {
  std::uint64_t n = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    n = std::min<std::uint64_t>(n * 10 + static_cast<std::uint64_t>(c - '0'), 1000000);
  }
  return text.empty() ? std::nullopt : std::optional(n);
}

// Which bytes are asked for; nothing when the field is to be ignored. Counts the ranges.
std::optional<std::vector<bool>> naive(std::string text, std::size_t size, std::size_t& count,
                                       bool& exact) {
  if (text.size() < 6 || !http::iequals(text.substr(0, 6), "bytes=")) return std::nullopt;
  text.erase(0, 6);
  std::vector<bool> asked(size);
  text += ',';
  for (std::size_t end = 0; (end = text.find(',')) != text.npos; text.erase(0, end + 1)) {
    const std::string spec(http::trim_ows(std::string_view(text).substr(0, end)));
    if (spec.empty()) continue;
    ++count;
    const auto dash = spec.find('-');
    if (dash == spec.npos) return std::nullopt;
    const auto first = naive_number(spec.substr(0, dash));
    const auto last = naive_number(spec.substr(dash + 1));
    if ((dash > 0 && !first) || (dash + 1 < spec.size() && !last) || (!first && !last)) {
      return std::nullopt;
    }
    if (first == 1000000u && last == 1000000u) exact = false;
    if (first && last && *last < *first) return std::nullopt;
    for (std::size_t i = 0; i < size; ++i) {
      const bool in = first ? i >= *first && (!last || i <= *last) : i + *last >= size;
      if (in) asked[i] = true;
    }
  }
  return count > 0 ? std::optional(asked) : std::nullopt;
}

void check_shape(const http::range_set& set, std::uint64_t size) {
  FUZZ_REQUIRE((set.what == outcome::partial) == !set.ranges.empty());
  for (std::size_t i = 0; i < set.ranges.size(); ++i) {
    const auto& a = set.ranges[i];
    FUZZ_REQUIRE(a.first <= a.last && a.last < size);
    for (std::size_t k = 0; k < i; ++k) {
      const auto& b = set.ranges[k];
      FUZZ_REQUIRE(a.last < b.first ? b.first - a.last > 1
                                    : a.first > b.last && a.first - b.last > 1);
    }
  }
}

void check_content_range(std::string_view text) {
  const auto r = http::content_range::parse(text);
  if (!r) return;
  FUZZ_REQUIRE(r->range || r->size);
  FUZZ_REQUIRE(!r->range || r->range->first <= r->range->last);
  FUZZ_REQUIRE(!r->range || !r->size || r->range->last < *r->size);
  FUZZ_REQUIRE(http::content_range::parse(r->str()) == r);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  const auto length = in.below(most);
  const auto limit = 1 + in.below(20);
  const fuzz::tight text(in.rest());
  check_content_range(text.view());
  check_shape(http::parse_range(text.view(), UINT64_MAX), UINT64_MAX);
  const auto set = http::parse_range(text.view(), length, {.max_ranges = limit});
  check_shape(set, length);
  if (text.view().find('"') != std::string_view::npos)
    return 0;  // it hides commas, but is no digit
  std::size_t count = 0;
  bool exact = true;
  const auto asked = naive(std::string(text.view()), length, count, exact);
  if (!exact) return 0;
  if (!asked || length == 0 || count > limit) {
    FUZZ_REQUIRE(set.what == outcome::whole);
    return 0;
  }
  FUZZ_REQUIRE(set.what != outcome::whole);
  std::vector<bool> got(length);
  for (const auto& r : set.ranges) {
    for (auto i = r.first; i <= r.last; ++i)
      got[static_cast<std::size_t>(i)] = true;
  }
  FUZZ_REQUIRE(got == *asked);
  return 0;
}
