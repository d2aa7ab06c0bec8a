#include <kit/http/syntax.hpp>

#include <string>

#include <doctest/doctest.h>

namespace http = kit::http;

TEST_CASE("syntax: the token characters are those of RFC 9110 5.6.2") {
  const std::string_view others = "!#$%&'*+-.^_`|~";
  for (int i = 0; i < 256; ++i) {
    const char c = static_cast<char>(i);
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    CAPTURE(i);
    CHECK(http::is_token_char(c) == (alphanumeric || (c != 0 && others.find(c) != others.npos)));
  }
  CHECK(http::is_token("X-Request_Id"));
  CHECK_FALSE(http::is_token(""));
  CHECK_FALSE(http::is_token("a b"));
}

TEST_CASE("syntax: field values hold anything but control characters") {
  for (int i = 0; i < 256; ++i) {
    CAPTURE(i);
    const bool control = (i < 0x20 && i != '\t') || i == 0x7f;
    CHECK(http::is_value_char(static_cast<char>(i)) == !control);
  }
  CHECK(http::is_field_value(""));
  CHECK(http::is_field_value("a\tb \xff"));
  CHECK_FALSE(http::is_field_value("a\r\nb"));
  CHECK_FALSE(http::is_field_value(std::string_view("a\0b", 3)));
  // Each character at each place of texts of each length, as eight are looked at together.
  for (std::size_t size = 1; size <= 20; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      for (unsigned c = 0; c < 256; ++c) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(c);
        const bool fits = (c >= 0x20 && c != 0x7f) || c == '\t';
        if (http::is_field_value(text) != fits) {
          CAPTURE(size);
          CAPTURE(at);
          CAPTURE(c);
          CHECK(http::is_field_value(text) == fits);
        }
      }
    }
  }
}

TEST_CASE("syntax: target characters are visible ASCII without what a client must encode") {
  for (int i = 0; i < 256; ++i) {
    CAPTURE(i);
    const bool refused = i == '"' || i == '#' || i == '<' || i == '>' || i == '\\';
    CHECK(http::is_target_char(static_cast<char>(i)) == (i > 0x20 && i < 0x7f && !refused));
  }
}

TEST_CASE("syntax: hexadecimal digits have their value, others none") {
  CHECK(http::hex_value('0') == 0);
  CHECK(http::hex_value('9') == 9);
  CHECK(http::hex_value('a') == 10);
  CHECK(http::hex_value('F') == 15);
  for (char c : std::string_view("gG/:@`\xc1 "))
    CHECK(http::hex_value(c) == -1);
}

TEST_CASE("syntax: comparison ignores the case of ASCII letters only") {
  CHECK(http::iequals("Keep-Alive", "keep-alive"));
  CHECK_FALSE(http::iequals("a", "ab"));
  CHECK_FALSE(http::iequals("@", "`"));
  CHECK_FALSE(http::iequals("\xe4", "\xc4"));
}

TEST_CASE("syntax: white space around a value is trimmed, and only spaces and tabs are") {
  CHECK(http::trim_ows(" \t a b\t ") == "a b");
  CHECK(http::trim_ows(" \t ") == "");
  CHECK(http::trim_ows("\va") == "\va");
}

TEST_CASE("syntax: a list gives its members in order and skips empty ones") {
  std::string_view list = ",a, b\t,,\"x,\\\"y\", c;q=\",\",";
  CHECK(http::next_list_member(list) == "a");
  CHECK(http::next_list_member(list) == "b");
  CHECK(http::next_list_member(list) == "\"x,\\\"y\"");
  CHECK(http::next_list_member(list) == "c;q=\",\"");
  CHECK(http::next_list_member(list) == "");
  CHECK(list.empty());
}

TEST_CASE("syntax: list members are found whole") {
  CHECK(http::list_contains("foo, Close", "close"));
  CHECK_FALSE(http::list_contains("close-not, \"close\"", "close"));
  CHECK_FALSE(http::list_contains("", "close"));
  CHECK_FALSE(http::list_contains("\"unfinished, close", "close"));
}
