#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/endpoint.hpp>

#include "json_check.hpp"

namespace json = kit::json;
using test::refusal;
using test::there_and_back;

namespace {

enum class color { red, green = 7, blue = -1 };
enum class empty_enum {};

struct item {
  std::string name;
  double price = 0;
};
struct order {
  std::int64_t id = 0;
  std::vector<item> items;
};

}  // namespace

TEST_CASE("json: booleans") {
  CHECK(there_and_back<bool>("true") == "true");
  CHECK(there_and_back<bool>(" false\n") == "false");
  CHECK(there_and_back<bool>("1") == "$: expected boolean, got number at byte 0");
  CHECK(there_and_back<bool>("\"true\"") == "$: expected boolean, got string at byte 0");
  CHECK(there_and_back<bool>("truf") == "$: invalid literal at byte 0");
  CHECK(there_and_back<bool>("True") == "$: expected a value at byte 0");
}

TEST_CASE_TEMPLATE("json: integers come back over their whole range, and not beyond", I,
                   signed char, unsigned char, short, unsigned short, int, unsigned, long,
                   unsigned long, long long, unsigned long long) {
  using limits = std::numeric_limits<I>;
  for (I v : {limits::min(), I(limits::min() + 1), I(0), I(1), I(9), I(10), I(99), I(100),
              I(limits::max() - 1), limits::max()}) {
    const std::string text = json::encode(v).value();
    CHECK(text == std::to_string(v));
    CHECK(json::decode<I>(text).value() == v);
  }
  const std::string range =
      '[' + std::to_string(limits::min()) + ", " + std::to_string(limits::max()) + ']';
  std::string above = std::to_string(limits::max());
  above.back()++;  // ends in 5 or 7
  CHECK(there_and_back<I>(above) ==
        "$: " + above + " is out of the range of " + range + " at byte 0");
  std::string below = limits::min() == 0 ? "-1" : std::to_string(limits::min());
  if (limits::min() != 0) below.back()++;
  CHECK(there_and_back<I>(below) ==
        "$: " + below + " is out of the range of " + range + " at byte 0");
  CHECK(there_and_back<I>("99999999999999999999999999999999999999999999999")
            .ends_with("... is out of the range of " + range + " at byte 0"));
}

TEST_CASE("json: integers are written without fraction and exponent") {
  CHECK(there_and_back<int>("-0") == "0");
  CHECK(there_and_back<int>("1.0") == "$: expected integer, got 1.0 at byte 0");
  CHECK(there_and_back<int>("1e2") == "$: expected integer, got 1e2 at byte 0");
  CHECK(there_and_back<int>("01") == "$: invalid number at byte 0");
  CHECK(there_and_back<int>("-") == "$: invalid number at byte 0");
  CHECK(there_and_back<int>("+1") == "$: expected a value at byte 0");
  CHECK(there_and_back<int>("1x") == "$: invalid number at byte 0");
  CHECK(there_and_back<int>("\"1\"") == "$: expected number, got string at byte 0");
  CHECK(there_and_back<unsigned>("-0") == "0");
}

TEST_CASE("json: floating-point numbers are written as ECMAScript and Go do") {
  CHECK(json::encode(0.0).value() == "0");
  CHECK(json::encode(-0.0).value() == "-0");
  CHECK(json::encode(1.0).value() == "1");
  CHECK(json::encode(-1500.25).value() == "-1500.25");
  CHECK(json::encode(0.1).value() == "0.1");
  CHECK(json::encode(0.1F).value() == "0.1");
  CHECK(json::encode(1e20).value() == "100000000000000000000");
  CHECK(json::encode(123456789012345680000.0).value() == "123456789012345680000");
  CHECK(json::encode(1e21).value() == "1e+21");
  CHECK(json::encode(1.5e300).value() == "1.5e+300");
  CHECK(json::encode(1e-6).value() == "0.000001");
  CHECK(json::encode(1.25e-7).value() == "1.25e-7");
  CHECK(json::encode(5e-324).value() == "5e-324");
  CHECK(json::encode(std::numeric_limits<double>::max()).value() == "1.7976931348623157e+308");
  CHECK(json::encode(16777216.0F).value() == "16777216");
  CHECK(json::encode(9007199254740993.0).value() == "9007199254740992");
}

TEST_CASE("json: floating-point numbers read any number that they can hold") {
  CHECK(json::decode<double>("-1.5e3").value() == -1500);
  CHECK(json::decode<double>("1E+2").value() == 100);
  CHECK(json::decode<double>("3").value() == 3);
  CHECK(std::signbit(json::decode<double>("-0").value()));
  CHECK(json::decode<double>("1e-400").value() == 0);
  CHECK(json::decode<double>("0.00000000000000000000000000000000000000000000001e-400").value() ==
        0);
  CHECK(std::signbit(json::decode<double>("-1e-999999999999999999999").value()));
  CHECK(json::decode<double>("0e999999999999999999999").value() == 0);
  CHECK(there_and_back<double>("1e309") ==
        "$: 1e309 is out of the range of a floating-point number at byte 0");
  CHECK(there_and_back<double>("-1e999999999999999999999") ==
        "$: -1e999999999999999999999 is out of the range of a floating-point number at byte 0");
  CHECK(there_and_back<float>("1e39") ==
        "$: 1e39 is out of the range of a floating-point number at byte 0");
  CHECK(json::decode<float>("1e-50").value() == 0);
  for (const char* bad : {"1.", ".5", "1e", "1e+", "1.e1", "0x1", "1_0", "00", "-.5", "1.5.1"}) {
    CAPTURE(bad);
    CHECK_FALSE(json::decode<double>(bad));
  }
  CHECK(there_and_back<double>("NaN") == "$: expected a value at byte 0");
  CHECK(there_and_back<double>("Infinity") == "$: expected a value at byte 0");
}

TEST_CASE("json: NaN and the infinities are refused, with the place") {
  CHECK(refusal(std::nan("")) == "$: NaN is no number");
  CHECK(refusal(order{1, {{"a", 1}, {"b", HUGE_VAL}}}) ==
        "$.items[1].price: infinity is no number");
  CHECK(refusal(-std::numeric_limits<float>::infinity()) == "$: infinity is no number");
}

TEST_CASE("json: strings with escapes") {
  CHECK(
      json::decode<std::string>(R"("a\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\uD83D\uDE00z")").value() ==
      "a\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001f600z");
  CHECK(json::decode<std::string>(R"("\u0000")").value() == std::string(1, '\0'));
  CHECK(json::encode(std::string("a\"\\/\b\f\n\r\t\x01\x1f\x7f\0z", 14)).value() ==
        "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000z\"");
  CHECK(json::encode(std::string("\u00e9\u20ac\U0001f600")).value() ==
        "\"\u00e9\u20ac\U0001f600\"");
  CHECK(there_and_back<std::string>("\"\"") == "\"\"");
}

TEST_CASE("json: strings that are no strings") {
  for (const char* bad :
       {R"("\x")", R"("\u12")", R"("\u12g4")", R"("\ud800")", R"("\ud800\n")", R"("\udc00")",
        R"("\ud800\ud800")", "\"\\", "\"\\\"", "\"", "\"abc", "\"a\nb\"", "\"a\tb\"", "'a'"}) {
    CAPTURE(bad);
    CHECK_FALSE(json::decode<std::string>(bad));
    CHECK_FALSE(json::decode<json::raw>(bad));
    CHECK_FALSE(json::decode<kit::empty>("{\"unknown\":" + std::string(bad) + "}"));
  }
  CHECK(there_and_back<std::string>(R"("ab\x")") == "$: invalid escape at byte 3");
  CHECK(there_and_back<std::string>("\"a\nb\"") == "$: control character in a string at byte 2");
  CHECK(there_and_back<std::string>("12") == "$: expected string, got number at byte 0");
}

TEST_CASE("json: strings are valid UTF-8, read and written") {
  for (const char* bad : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc3", "\xc3(", "\xe0\x80\x80",
                          "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    for (const std::string before : {"", "1234567", "a longer text than a word "}) {
      CAPTURE(bad);
      const std::string text = before + bad + "12345678";
      CHECK(there_and_back<std::string>('"' + text + '"') ==
            "$: invalid UTF-8 at byte " + std::to_string(before.size() + 1));
      CHECK(refusal(text).starts_with("$: invalid UTF-8 at byte " + std::to_string(before.size())));
    }
  }
  for (const char* good : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CAPTURE(good);
    const std::string text = "\"1234567" + std::string(good) + "\"";
    CHECK(there_and_back<std::string>(text) == text);
  }
  CHECK(refusal(std::map<std::string, int>{{"\xff", 1}}) ==
        "$[\"?\"]: the name is invalid UTF-8 at byte 0 of the string");
}

TEST_CASE("json: string views and literals can be written") {
  CHECK(json::encode(std::string_view("a\"b")).value() == R"("a\"b")");
  CHECK(json::encode("literal").value() == "\"literal\"");
  const char* pointer = "pointer";
  CHECK(json::encode(pointer).value() == "\"pointer\"");
  pointer = nullptr;
  CHECK(json::encode(pointer).value() == "null");
}

TEST_CASE("json: HTML and line separators are escaped when asked for") {
  const std::string text = "<a href=\"x\">&amp;</a>\u2028\u2029\u20ac";
  CHECK(json::encode(text).value() == "\"<a href=\\\"x\\\">&amp;</a>\u2028\u2029\u20ac\"");
  const char* const escaped =
      "\"\\u003ca href=\\\"x\\\"\\u003e\\u0026amp;\\u003c/a\\u003e\\u2028\\u2029\u20ac\"";
  const json::encode_options html{.escape_html = true};
  CHECK(json::encode(text, html).value() == escaped);
  CHECK(json::encode(json::raw::from(text).value(), html).value() == escaped);
  CHECK(json::encode(std::map<std::string, int>{{"<", 1}}, html).value() == "{\"\\u003c\":1}");
}

TEST_CASE("json: enums go by name") {
  CHECK(there_and_back<color>("\"green\"") == "\"green\"");
  CHECK(json::decode<color>("\"blue\"").value() == color::blue);
  CHECK(there_and_back<color>("\"Green\"") ==
        "$: expected \"blue\", \"red\" or \"green\", got \"Green\" at byte 0");
  CHECK(there_and_back<color>("7") == "$: expected string, got number at byte 0");
  CHECK(there_and_back<empty_enum>("\"x\"") == "$: expected nothing, got \"x\" at byte 0");
  CHECK(refusal(static_cast<color>(3)) == "$: color 3 has no name");
}

TEST_CASE("json: optionals and pointers are the value or null") {
  CHECK(there_and_back<std::optional<int>>("null") == "null");
  CHECK(there_and_back<std::optional<int>>("5") == "5");
  CHECK(there_and_back<std::unique_ptr<std::string>>("\"x\"") == "\"x\"");
  CHECK(there_and_back<std::shared_ptr<const item>>(R"({"name":"x","price":1})") ==
        R"({"name":"x","price":1})");
  CHECK(there_and_back<std::vector<std::optional<int>>>("[1,null,2]") == "[1,null,2]");
  CHECK(there_and_back<std::optional<int>>("\"5\"") == "$: expected number, got string at byte 0");
  CHECK(there_and_back<std::unique_ptr<int>>("nul") == "$: invalid literal at byte 0");
  auto old = std::make_optional(5);
  REQUIRE(json::decode_into(old, "null"));
  CHECK(old == std::nullopt);
}

TEST_CASE("json: sequences") {
  CHECK(there_and_back<std::vector<int>>("[]") == "[]");
  CHECK(there_and_back<std::vector<int>>(" [ 1 , 2,3 ] ") == "[1,2,3]");
  CHECK(there_and_back<std::vector<bool>>("[true,false,true]") == "[true,false,true]");
  CHECK(there_and_back<std::vector<std::vector<std::string>>>(R"([["a"],[],["b","c"]])") ==
        R"([["a"],[],["b","c"]])");
  CHECK(there_and_back<std::deque<int>>("[1,2]") == "[1,2]");
  CHECK(there_and_back<std::list<item>>(R"([{"name":"a","price":1}])") ==
        R"([{"name":"a","price":1}])");
  std::vector<int> old{1, 2, 3};
  REQUIRE(json::decode_into(old, "[4]"));
  CHECK(old == std::vector{4});
  CHECK(there_and_back<std::vector<int>>("[1,\"2\"]") ==
        "$[1]: expected number, got string at byte 3");
  CHECK(there_and_back<std::vector<int>>("[1,null]") ==
        "$[1]: expected number, got null at byte 3");
  CHECK(there_and_back<std::vector<bool>>("[true,1]") ==
        "$[1]: expected boolean, got number at byte 6");
  CHECK(there_and_back<std::vector<int>>("{}") == "$: expected array, got object at byte 0");
  CHECK(there_and_back<std::vector<int>>("[1,]") == "$[1]: expected a value at byte 3");
  CHECK(there_and_back<std::vector<int>>("[1 2]") == "$: expected ',' or ']' at byte 3");
  CHECK(there_and_back<std::vector<int>>("[1,2") == "$: unclosed array at byte 4");
  CHECK(there_and_back<std::vector<int>>("[1]]") == "$: text after the value at byte 3");
  CHECK(there_and_back<std::vector<int>>("") == "$: unexpected end of text at byte 0");
}

TEST_CASE("json: arrays and tuples have exactly as many elements") {
  CHECK(there_and_back<std::array<int, 3>>("[1,2,3]") == "[1,2,3]");
  CHECK(there_and_back<std::array<int, 0>>("[]") == "[]");
  CHECK(there_and_back<std::array<int, 3>>("[1,2]") == "$: expected 3 elements, got 2 at byte 0");
  CHECK(there_and_back<std::array<int, 1>>("[1,2]") ==
        "$[1]: expected 1 element, got more at byte 3");
  CHECK(there_and_back<std::pair<int, std::string>>("[1,\"x\"]") == "[1,\"x\"]");
  CHECK(there_and_back<std::tuple<>>("[]") == "[]");
  CHECK(there_and_back<std::tuple<int, bool, item>>("[1,true,{}]") ==
        "[1,true,{\"name\":\"\",\"price\":0}]");
  CHECK(there_and_back<std::tuple<int, bool>>("[1,2]") ==
        "$[1]: expected boolean, got number at byte 3");
  CHECK(there_and_back<std::tuple<int, bool>>("[1]") == "$: expected 2 elements, got 1 at byte 0");
  CHECK(there_and_back<std::tuple<int>>("[1,2]") == "$[1]: expected 1 element, got more at byte 3");
  struct holds_c_array {
    int a[2][2] = {};
  };
  CHECK(there_and_back<holds_c_array>("{\"a\":[[1,2],[3,4]]}") == "{\"a\":[[1,2],[3,4]]}");
  CHECK(there_and_back<holds_c_array>("{\"a\":[[1,2],[3]]}") ==
        "$.a[1]: expected 2 elements, got 1 at byte 12");
  CHECK(refusal(std::tuple(1, std::nan(""))) == "$[1]: NaN is no number");
}

TEST_CASE("json: sets hold an element once") {
  CHECK(there_and_back<std::set<int>>("[3,1,3,2]") == "[1,2,3]");
  CHECK(there_and_back<std::unordered_set<std::string>>("[\"a\",\"a\"]") == "[\"a\"]");
  CHECK(there_and_back<std::set<int>>("[1,{}]") == "$[1]: expected number, got object at byte 3");
}

TEST_CASE("json: maps are objects") {
  CHECK(there_and_back<std::map<std::string, int>>(R"({"b":2,"a":1,"":0})") ==
        R"({"":0,"a":1,"b":2})");
  CHECK(there_and_back<std::unordered_map<std::string, std::vector<int>>>(R"({"b":[2]})") ==
        R"({"b":[2]})");
  CHECK(there_and_back<std::map<int, bool>>(R"({"-7":true})") == R"({"-7":true})");
  CHECK(there_and_back<std::map<color, int>>(R"({"green":1})") == R"({"green":1})");
  CHECK(there_and_back<std::map<std::string, int>>(R"({"a\n\"":1})") == R"({"a\n\"":1})");
  CHECK(there_and_back<std::map<std::string, int>>(R"({"a":1,"a":2})") == R"({"a":2})");
  std::map<std::string, int> old{{"x", 1}};
  REQUIRE(json::decode_into(old, "{}"));
  CHECK(old.empty());

  CHECK(there_and_back<std::map<std::string, int>>(
            R"({"a":1,"a":2})", {.refuse_duplicates = true}) == "$.a: duplicate field at byte 11");
  CHECK(there_and_back<std::map<std::string, int>>(R"({"a b":"x"})") ==
        "$[\"a b\"]: expected number, got string at byte 7");
  CHECK(there_and_back<std::map<std::string, int>>(R"({"a":null})") ==
        "$.a: expected number, got null at byte 5");
  CHECK(there_and_back<std::map<int, bool>>(R"({"7x":true})") ==
        "$[\"7x\"]: not a key of this map at byte 6");
  CHECK(there_and_back<std::map<unsigned char, bool>>(R"({"256":true})") ==
        "$[\"256\"]: not a key of this map at byte 7");
  CHECK(there_and_back<std::map<color, int>>(R"({"pink":1})") ==
        "$.pink: not a key of this map at byte 8");
  CHECK(refusal(std::map<color, int>{{static_cast<color>(9), 1}}) ==
        "$: a key of the map has no name");
  CHECK(there_and_back<std::map<std::string, int>>("[]") ==
        "$: expected object, got array at byte 0");
}

TEST_CASE("json: objects that are no objects") {
  using map = std::map<std::string, int>;
  CHECK(there_and_back<map>("{") == "$: unclosed object at byte 1");
  CHECK(there_and_back<map>("{\"a\"") == "$: expected ':' at byte 4");
  CHECK(there_and_back<map>("{\"a\":") == "$.a: unexpected end of text at byte 5");
  CHECK(there_and_back<map>("{\"a\":1") == "$: unclosed object at byte 6");
  CHECK(there_and_back<map>("{\"a\":1,}") == "$: expected a string as key at byte 7");
  CHECK(there_and_back<map>("{a:1}") == "$: expected a string as key at byte 1");
  CHECK(there_and_back<map>("{\"a\":1]") == "$: expected ',' or '}' at byte 6");
  CHECK(there_and_back<map>("{\"a\" 1}") == "$: expected ':' at byte 5");
  CHECK(there_and_back<map>("{1:1}") == "$: expected a string as key at byte 1");
  CHECK(there_and_back<map>("{,}") == "$: expected a string as key at byte 1");
  CHECK(there_and_back<map>("{\"\\q\":1}") == "$: invalid escape at byte 2");
}

TEST_CASE("json: variants take the first alternative that fits") {
  using any = std::variant<std::monostate, bool, std::int64_t, double, std::string,
                           std::vector<int>, std::vector<std::string>, item>;
  for (const char* text : {"null", "true", "-5", "2.5", "\"x\"", "[1,2]", "[\"a\"]", "[]",
                           R"({"name":"x","price":1})"}) {
    CAPTURE(text);
    CHECK(there_and_back<any>(text) == text);
  }
  CHECK(json::decode<any>("[]")->index() == 5);
  CHECK(json::decode<any>("18446744073709551615")->index() == 3);
  CHECK(there_and_back<std::variant<int, bool>>("\"x\"") ==
        "$: expected boolean or number, got string at byte 0");
  // Of several failures, that of the alternative which got furthest.
  CHECK(there_and_back<any>("[\"a\",\"b\",3]") == "$[2]: expected string, got number at byte 9");
  CHECK(there_and_back<any>("[1,x]") == "$[1]: expected a value at byte 3");
}

TEST_CASE("json: variants of structs prefer one that knows all names") {
  struct circle {
    double radius = 0;
  };
  struct rectangle {
    double width = 0, height = 0;
  };
  using shape = std::variant<circle, rectangle>;
  CHECK(json::decode<shape>(R"({"radius":1})")->index() == 0);
  CHECK(json::decode<shape>(R"({"height":1})")->index() == 1);
  CHECK(json::decode<shape>(R"({"color":"red"})")->index() == 0);
  CHECK(there_and_back<std::vector<shape>>(R"([{"width":2,"height":3},{"radius":4}])") ==
        R"([{"width":2,"height":3},{"radius":4}])");
  CHECK(there_and_back<shape>(R"({"height":1,"color":{}})", {.refuse_unknown = true}) ==
        "$.color: unknown field at byte 20");
  CHECK(there_and_back<shape>(R"({"radius":"x"})") == R"({"width":0,"height":0})");
}
