// Cookies: the pairs are those of a naive reading, what is set is read back, and what is parsed and
// can be written comes back.
#include <kit/error.hpp>
#include <kit/http/cookie.hpp>
#include <kit/http/syntax.hpp>

#include "fuzz.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace http = kit::http;

std::string printable(std::string_view text) {
  std::string out;
  for (char c : text)
    out += http::is_value_char(c) ? c : '_';
  return out;
}

std::vector<std::pair<std::string, std::string>> naive(const std::string& line) {
  std::vector<std::pair<std::string, std::string>> all;
  std::string pair;
  for (std::size_t i = 0; i <= line.size(); ++i) {
    if (i < line.size() && line[i] != ';') {
      pair += line[i];
      continue;
    }
    if (const auto eq = pair.find('='); eq != pair.npos) {
      const std::string name(http::trim_ows(std::string_view(pair).substr(0, eq)));
      if (!name.empty())
        all.emplace_back(name, http::trim_ows(std::string_view(pair).substr(eq + 1)));
    }
    pair.clear();
  }
  return all;
}

void check_request(std::string_view text) {
  const auto line = printable(text);
  const http::headers fields{{"Cookie", line}};
  const auto expected = naive(line);
  const auto got = http::cookies(fields);
  FUZZ_REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    FUZZ_REQUIRE(got[i].name == expected[i].first && got[i].value == expected[i].second);
    std::size_t first = 0;
    while (expected[first].first != expected[i].first)
      ++first;
    FUZZ_REQUIRE(http::find_cookie(fields, got[i].name) == expected[first].second);
  }
}

std::optional<std::string> written(const http::set_cookie& c) {
  try {
    return c.str();
  } catch (const kit::error& e) {
    FUZZ_REQUIRE(e == kit::errc::invalid_argument);
    return std::nullopt;
  }
}

void check_set(std::string_view text) {
  const fuzz::tight in(text);
  const auto c = http::parse_set_cookie(in.view());
  if (!c) return;
  FUZZ_REQUIRE(!c->name.empty() && c->name.size() + c->value.size() <= 4096);
  const auto out = written(*c);
  if (!out) return;
  auto again = http::parse_set_cookie(*out);
  FUZZ_REQUIRE(again);
  if (c->max_age && c->max_age->count() < 0) again->max_age = c->max_age;  // written as 0
  if (c->domain.starts_with('.')) again->domain = c->domain;  // read from two dots, written as none
  FUZZ_REQUIRE(*again == *c);
}

// Whatever fields a cookie has: it is refused, or nothing but them is read from what is written.
void check_made(fuzz::input in) {
  http::set_cookie c;
  c.secure = in.below(2) == 1;
  c.http_only = in.below(2) == 1;
  c.partitioned = in.below(2) == 1;
  c.same_site = static_cast<http::same_site>(in.below(4));
  if (in.below(2) == 1) c.max_age = std::chrono::seconds(in.below(256));
  c.name = in.until('|');
  c.value = in.until('|');
  c.path = in.until('|');
  c.domain = in.until('|');
  const auto out = written(c);
  if (!out) return;
  FUZZ_REQUIRE(http::is_field_value(*out));
  auto again = http::parse_set_cookie(*out);
  FUZZ_REQUIRE(again);
  FUZZ_REQUIRE(again->name == c.name && again->value == c.value);
  FUZZ_REQUIRE(again->path == http::trim_ows(c.path));
  const auto dot = c.domain.starts_with('.') ? 1u : 0u;
  FUZZ_REQUIRE(http::iequals(again->domain, std::string_view(c.domain).substr(dot)));
  again->name = c.name, again->value = c.value, again->path = c.path, again->domain = c.domain;
  FUZZ_REQUIRE(*again == c);
  const http::headers sent{{"Cookie", "x=1; " + c.name + "=" + c.value}};
  FUZZ_REQUIRE(c.name == "x" || http::find_cookie(sent, c.name) == c.value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in(data, size);
  check_request(in.rest());
  check_set(in.rest());
  check_made(in);
  return 0;
}
