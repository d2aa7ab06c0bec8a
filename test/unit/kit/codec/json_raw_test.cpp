#include <kit/codec/json_raw.hpp>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "json_check.hpp"

namespace json = kit::json;
using test::there_and_back;

namespace {

struct envelope {
  std::string type;
  json::raw payload;
};
struct point {
  int x = 0, y = 0;
};

}  // namespace

TEST_CASE("json::raw: keeps a value's text, and decodes it later") {
  const auto e =
      json::decode<envelope>(R"({"payload": {"x" : 1,  "y":2.0e0, "z": "\u0041"} ,"type":"p"})");
  REQUIRE(e);
  CHECK(e->payload.text() == R"({"x" : 1,  "y":2.0e0, "z": "\u0041"})");
  CHECK(e->payload.type() == json::kind::object);
  CHECK(json::decode<envelope>(R"({"payload":{"x":7}})")->payload.as<point>().value().x == 7);
  CHECK(e->payload.as<point>().error().message() == "$.y: expected integer, got 2.0e0 at byte 15");
}

TEST_CASE("json::raw: is written without the white space between tokens") {
  const std::string text = " {\n\t\"a b\" : [ 1 , \"x \\\" y\\\\\" , { } ] , \"\" : null }\r\n";
  CHECK(there_and_back<json::raw>(text) == R"({"a b":[1,"x \" y\\",{}],"":null})");
  for (const char* scalar : {"null", "true", "false", "0", "-1.5E+400", "\"x y\"", "[]", "{}"}) {
    CHECK(there_and_back<json::raw>(' ' + std::string(scalar) + '\n') == scalar);
    CHECK(there_and_back<std::vector<json::raw>>("[ " + std::string(scalar) + " ]") ==
          '[' + std::string(scalar) + ']');
    CHECK(there_and_back<std::map<std::string, json::raw>>(
              "{\"k\": " + std::string(scalar) + " }") == "{\"k\":" + std::string(scalar) + '}');
  }
}

TEST_CASE("json::raw: is null at first and after it was moved from") {
  json::raw r;
  CHECK(r.text() == "null");
  CHECK(r.type() == json::kind::null);
  CHECK(json::encode(r).value() == "null");
  CHECK(r.as<std::optional<int>>().value() == std::nullopt);
  r = json::raw::parse("[1]").value();
  const json::raw taken = std::move(r);
  CHECK(taken.text() == "[1]");
  CHECK(r == json::raw());
  CHECK(taken != r);
}

TEST_CASE("json::raw: parse leaves out white space around the value") {
  CHECK(json::raw::parse(" \t[1, 2]\r\n").value().text() == "[1, 2]");
  CHECK(json::raw::parse(" 12 ").value().text() == "12");
  CHECK(json::raw::parse("\"x\"").value().type() == json::kind::string);
  CHECK(json::raw::parse("-1").value().type() == json::kind::number);
}

TEST_CASE("json::raw: parse refuses what isn't JSON") {
  CHECK(json::raw::parse("").error().message() == "$: unexpected end of text at byte 0");
  CHECK(json::raw::parse("[1,").error().message() == "$[1]: unexpected end of text at byte 3");
  CHECK(json::raw::parse("1 2").error().message() == "$: text after the value at byte 2");
  CHECK(json::raw::parse("[[1]], []").error().message() == "$: text after the value at byte 5");
  CHECK(json::raw::parse("{\"a\":{\"b c\":[0,nan]}}").error().message() ==
        "$.a[\"b c\"][1]: invalid literal at byte 15");
  CHECK(json::raw::parse("[1]", {.max_bytes = 2}).error().code() == kit::errc::invalid_argument);
}

TEST_CASE("json::raw: from any value that can be encoded") {
  CHECK(json::raw::from(point{1, 2}).value().text() == R"({"x":1,"y":2})");
  CHECK(json::raw::from(std::nan("")).error().code() == kit::errc::internal);
}

TEST_CASE("json::raw: a bare text that lies in a larger buffer ends where it should") {
  // What follows the text must not complete it, however long it is.
  for (std::size_t n : {0UL, 100UL, 20'000UL}) {
    for (const char* rest : {"]", "]]]]", "}", ",1]", "\"]", "1", "e5", "ull"}) {
      for (const char* open : {"[[1]", "[[[1]", "[1", "{\"a\":[1]", "[[", "[\"", "n", "[\"a"}) {
        const std::string text = std::string(n, ' ') + open;
        const std::string buffer = text + rest + rest + std::string(64, ' ');
        const std::string_view part = std::string_view(buffer).substr(0, text.size());
        CAPTURE(open);
        CAPTURE(rest);
        CHECK_FALSE(json::raw::parse(part));
        CHECK_FALSE(json::raw::parse(json::padded(part, buffer.size() - part.size())));
      }
      const std::string buffer = std::string(n, ' ') + "[1]" + rest + std::string(64, ' ');
      const std::string_view part = std::string_view(buffer).substr(0, n + 3);
      CHECK(json::raw::parse(json::padded(part, buffer.size() - part.size()))->text() == "[1]");
    }
  }
}
