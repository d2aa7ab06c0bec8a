// JSONTestSuite (test/data/json): what must be accepted, what must be refused, whatever it is
// decoded as, and however long the text is.
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/base64.hpp>
#include <kit/codec/json.hpp>

namespace json = kit::json;

namespace {

struct suite_line {
  std::string name, expect;
  std::vector<std::byte> b64;
  std::pair<std::vector<std::byte>, std::size_t> repeat;
  std::vector<std::byte> suffix;
};

struct suite_case {
  std::string name, expect, text;
};

void append_bytes(std::string& out, const std::vector<std::byte>& bytes) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::vector<suite_case> read_suite() {
  std::ifstream in(COKIT_TESTDATA "/json/parsing.jsonl");
  std::vector<suite_case> cases;
  for (std::string text; std::getline(in, text);) {
    const auto line = json::decode<suite_line>(text, {.refuse_unknown = true}).value();
    suite_case c{line.name, line.expect, {}};
    append_bytes(c.text, line.b64);
    for (std::size_t i = 0; i < line.repeat.second; ++i)
      append_bytes(c.text, line.repeat.first);
    append_bytes(c.text, line.suffix);
    cases.push_back(std::move(c));
  }
  if (cases.empty()) throw std::runtime_error("no suite in " COKIT_TESTDATA "/json");
  return cases;
}

struct nothing_known {};
struct reads_known {
  json::raw known;
};

// How each way of reading a text takes it.
struct verdicts {
  bool raw, skipped, as_field, element, long_raw, long_skipped;
  friend bool operator==(const verdicts&, const verdicts&) = default;
};

verdicts judge(const std::string& text) {
  const std::string spaces(20'000, ' ');
  const std::string unknown = "{\"unknown\":" + text + "\n}", known = "{\"known\":" + text + "\n}";
  return {json::raw::parse(text).has_value(),
          json::decode<nothing_known>(unknown).has_value(),
          json::decode<reads_known>(known).has_value(),
          json::decode<std::vector<json::raw>>('[' + text + "\n]").has_value(),
          json::raw::parse(text + spaces).has_value(),
          json::decode<nothing_known>(spaces + unknown).has_value()};
}

bool is_blank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == text.npos;
}

}  // namespace

TEST_CASE("json: JSONTestSuite") {
  int accepted = 0, refused = 0;
  for (const auto& c : read_suite()) {
    CAPTURE(c.name);
    const verdicts v = judge(c.text);
    CHECK(v.raw == v.long_raw);
    CHECK(v.skipped == v.long_skipped);
    if (c.expect == "accept") {
      CHECK(v == verdicts{true, true, true, true, true, true});
      ++accepted;
    } else if (c.expect == "reject") {
      CHECK_FALSE(v.raw);
      CHECK_FALSE(v.skipped);
      CHECK_FALSE(v.as_field);
      CHECK(v.element == is_blank(c.text));  // [] is an array
      ++refused;
    }
  }
  CHECK(accepted == 95);
  CHECK(refused == 188);
}

TEST_CASE("json: what JSONTestSuite leaves open is refused where it's ambiguous") {
  // Numbers keep their text, however large. Lone surrogates, bytes that aren't UTF-8, UTF-16 and a
  // byte order mark are refused.
  for (const auto& c : read_suite()) {
    if (c.expect != "either") continue;
    CAPTURE(c.name);
    const bool number = c.name.starts_with("i_number");
    CHECK(json::raw::parse(c.text).has_value() == number);
  }
}
