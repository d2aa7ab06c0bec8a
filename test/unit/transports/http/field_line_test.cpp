#include <transports/http/field_line.hpp>

#include <string>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::line_reader;

namespace {

// Reads one line from `wire`, which grows by `piece` bytes a call.
line_reader::state read(line_reader& r, std::string_view wire, std::size_t limit,
                        std::size_t piece) {
  for (std::size_t end = piece; end < wire.size(); end += piece) {
    const auto s = r.read(wire.substr(0, end), limit);
    if (s != line_reader::state::need_more) return s;
  }
  return r.read(wire, limit);
}

std::string refusal(std::string_view line) {
  http::field_line out;
  const char* wrong = http::parse_field_line(line, out);
  return wrong ? wrong : "";
}

}  // namespace

TEST_CASE("line_reader: a line ends with CRLF, however it comes") {
  for (std::size_t piece : {1u, 2u, 3u, 5u, 100u}) {
    CAPTURE(piece);
    line_reader r;
    const std::string wire = "abc\tdef ghi jkl mno\r\nnext\r\n";
    CHECK(read(r, wire, 100, piece) == line_reader::state::complete);
    CHECK(r.line() == "abc\tdef ghi jkl mno");
    CHECK(read(r, std::string_view(wire).substr(21), 100, piece) == line_reader::state::complete);
    CHECK(r.line() == "next");
  }
}

TEST_CASE("line_reader: an unfinished line waits, also between CR and LF") {
  line_reader r;
  CHECK(r.read("", 10) == line_reader::state::need_more);
  CHECK(r.read("ab", 10) == line_reader::state::need_more);
  CHECK(r.read("ab\r", 10) == line_reader::state::need_more);
  CHECK(r.read("ab\r\n", 10) == line_reader::state::complete);
}

TEST_CASE("line_reader: a lone CR or LF and control characters are malformed") {
  const std::pair<std::string, std::string> cases[] = {
      {"a\nb", "LF without CR"},      {"a\rb", "CR without LF"},
      {"a\r\r\n", "CR without LF"},   {std::string("a\0b", 3), "control character"},
      {"a\x7f", "control character"}, {"\x1b", "control character"},
  };
  for (const auto& [wire, error] : cases) {
    for (std::size_t piece : {1u, 2u, 100u}) {
      line_reader r;
      CHECK(read(r, wire, 100, piece) == line_reader::state::malformed);
      CHECK(r.error() == error);
    }
  }
}

TEST_CASE("line_reader: the limit counts the bytes before CRLF") {
  for (std::size_t piece : {1u, 2u, 100u}) {
    CAPTURE(piece);
    line_reader fits;
    CHECK(read(fits, "12345\r\n", 5, piece) == line_reader::state::complete);
    line_reader long_one;
    CHECK(read(long_one, "123456\r\n", 5, piece) == line_reader::state::too_long);
    line_reader unfinished;
    CHECK(read(unfinished, "123456", 5, piece) == line_reader::state::too_long);
    line_reader then_bad;
    CHECK(read(then_bad, "123456\n", 5, piece) == line_reader::state::too_long);
  }
}

TEST_CASE("field line: name and value, with white space dropped") {
  http::field_line f;
  CHECK(http::parse_field_line("Content-Length: \t12 \t", f) == nullptr);
  CHECK(f.name() == "Content-Length");
  CHECK(f.value() == "12");
  CHECK(f.field == http::field::content_length);
  CHECK(f.text == "Content-Length: \t12");
  CHECK(http::parse_field_line("x:a:b c", f) == nullptr);
  CHECK(f.name() == "x");
  CHECK(f.value() == "a:b c");
  CHECK(http::parse_field_line("x: \t ", f) == nullptr);
  CHECK(f.value() == "");
  CHECK(http::parse_field_line("x:", f) == nullptr);
  CHECK(f.value() == "");
}

TEST_CASE("field line: what is wrong is said") {
  CHECK(refusal("no colon") == "field name is not a token");
  CHECK(refusal("Nocolon") == "field line without a colon");
  CHECK(refusal("") == "field line without a colon");
  CHECK(refusal(": v") == "field without a name");
  CHECK(refusal("X : v") == "white space before the colon of a field");
  CHECK(refusal("X\t: v") == "white space before the colon of a field");
  CHECK(refusal(" X: v") == "folded field line");
  CHECK(refusal("\tX: v") == "folded field line");
  CHECK(refusal("X(: v") == "field name is not a token");
  CHECK(refusal("\xc3: v") == "field name is not a token");
  CHECK(refusal(std::string(65536, 'a') + ":") == "field name is too long");
  CHECK(refusal(std::string(65535, 'a') + ":") == "");
}
