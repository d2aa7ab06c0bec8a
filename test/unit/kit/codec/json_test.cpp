#include <kit/codec/json.hpp>

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <kit/endpoint.hpp>

#include "json_check.hpp"

namespace json = kit::json;
using test::refusal;
using test::there_and_back;

namespace {

enum class color { red, green = 7, blue = -1 };

struct item {
  std::string name;
  double price = 0;
};
struct order {
  std::int64_t id = 0;
  std::vector<item> items;
};

struct with_traits {
  int v = 1;
  std::string error;
  int cached = 5;
  std::optional<int> maybe;
};
struct styled {
  int user_id = 0;
  int odd = 0;
};

struct omits {
  bool b = false;
  int i = 0;
  double d = 0;
  std::string s;
  std::vector<int> v;
  std::map<std::string, int> m;
  std::optional<int> o;
  std::unique_ptr<int> p;
  std::chrono::seconds t{};
  std::chrono::system_clock::time_point at{};
  json::raw r;
  const char* text = "";
  std::variant<std::monostate, int> either;
  item never;  // structs and arrays aren't empty
  std::array<int, 2> nor{};
};

struct tree {
  int value = 0;
  std::vector<tree> children;
  std::unique_ptr<tree> next;
};

struct move_only {
  std::unique_ptr<int> p;
  std::vector<std::unique_ptr<item>> list;
  std::map<std::string, std::unique_ptr<int>> map;
};

struct no_default {
  explicit no_default(int n) : value(n) {}
  int value;
};
struct holds_no_default {
  no_default a;
  std::vector<no_default> more;
  std::optional<no_default> maybe;
  std::map<std::string, no_default> named;
  int b = 2;
};

struct refers_to_itself {
  std::shared_ptr<refers_to_itself> next;
};

}  // namespace

template <>
struct kit::reflect_traits<with_traits> {
  static constexpr auto fields = kit::fields(
      kit::field<&with_traits::v>().required(), kit::field<&with_traits::error>("err").omit_empty(),
      kit::field<&with_traits::cached>().skip(), kit::field<&with_traits::maybe>().omit_empty());
};
template <>
struct kit::reflect_traits<omits> {
  static constexpr auto fields =
      kit::fields(kit::field<&omits::b>().omit_empty(), kit::field<&omits::i>().omit_empty(),
                  kit::field<&omits::d>().omit_empty(), kit::field<&omits::s>().omit_empty(),
                  kit::field<&omits::v>().omit_empty(), kit::field<&omits::m>().omit_empty(),
                  kit::field<&omits::o>().omit_empty(), kit::field<&omits::p>().omit_empty(),
                  kit::field<&omits::t>().omit_empty(), kit::field<&omits::at>().omit_empty(),
                  kit::field<&omits::r>().omit_empty(), kit::field<&omits::text>().omit_empty(),
                  kit::field<&omits::either>().omit_empty(),
                  kit::field<&omits::never>().omit_empty(), kit::field<&omits::nor>().omit_empty());
};
template <>
struct kit::reflect_traits<styled> {
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(kit::field<&styled::odd>("\"odd\" <name>\n"));
};

template <>
struct kit::json::codec<no_default> {
  static no_default initial() { return no_default(0); }
  static bool decode(reader& r, no_default& v) { return r.read(v.value); }
  static bool encode(writer& w, const no_default& v) { return w.write(v.value); }
};

TEST_CASE("json: structs, with missing fields keeping their defaults") {
  CHECK(there_and_back<order>(R"({"id":7,"items":[{"name":"tea","price":2.5},{}]})") ==
        R"({"id":7,"items":[{"name":"tea","price":2.5},{"name":"","price":0}]})");
  CHECK(there_and_back<order>("{}") == R"({"id":0,"items":[]})");
  CHECK(there_and_back<order>(R"({"items":[{"price":"x"}]})") ==
        "$.items[0].price: expected number, got string at byte 19");
  CHECK(there_and_back<order>(R"({"items":null,"id":null})") == R"({"id":0,"items":[]})");
  CHECK(there_and_back<order>("[]") == "$: expected object, got array at byte 0");
  CHECK(there_and_back<kit::empty>("{}") == "{}");
  CHECK(there_and_back<kit::empty>(R"({"a":[{}]})") == "{}");
  CHECK(there_and_back<kit::empty>("null") == "$: expected object, got null at byte 0");
}

TEST_CASE("json: fields may come in any order, and with escapes in their names") {
  CHECK(there_and_back<item>(R"({"price":1,"name":"x"})") == R"({"name":"x","price":1})");
  CHECK(there_and_back<item>(R"({"n\u0061me":"x","\u0070rice":2})") == R"({"name":"x","price":2})");
  CHECK(there_and_back<item>(R"({"nam":"x","names":"y","name\u0000":"z"})") ==
        R"({"name":"","price":0})");
}

TEST_CASE("json: names that need escapes") {
  const char* const text = "{\"userId\":1,\"\\\"odd\\\" <name>\\n\":2}";
  CHECK(there_and_back<styled>(text) == text);
  CHECK(json::decode<styled>(text)->odd == 2);
  CHECK(json::encode(styled{1, 2}, {.escape_html = true}).value() ==
        "{\"userId\":1,\"\\\"odd\\\" \\u003cname\\u003e\\n\":2}");
}

TEST_CASE("json: traits rename, skip, require and omit") {
  CHECK(there_and_back<with_traits>(R"({"v":2,"err":"x","maybe":3})") ==
        R"({"v":2,"err":"x","maybe":3})");
  CHECK(there_and_back<with_traits>(R"({"v":2})") == R"({"v":2})");
  CHECK(json::decode<with_traits>(R"({"v":2,"cached":9})")->cached == 5);
  CHECK(there_and_back<with_traits>(R"({"v":2,"cached":9})", {.refuse_unknown = true}) ==
        "$.cached: unknown field at byte 16");
  CHECK(there_and_back<with_traits>(R"({"err":"x"})") == "$: missing field \"v\" at byte 0");
  CHECK(there_and_back<with_traits>(R"({"v":null})") == "$: missing field \"v\" at byte 0");
  CHECK(there_and_back<std::vector<with_traits>>(R"([{"v":1},{}])") ==
        "$[1]: missing field \"v\" at byte 9");
}

TEST_CASE("json: omit_empty leaves out false, 0, empty texts and containers, nothing and null") {
  omits value;
  CHECK(json::encode(value).value() == R"({"never":{"name":"","price":0},"nor":[0,0]})");
  value.b = true;
  value.i = -1;
  value.d = 0.5;
  value.s = "x";
  value.v = {0};
  value.m = {{"", 0}};
  value.o = 0;
  value.p = std::make_unique<int>(0);
  value.t = std::chrono::seconds(1);
  value.at += std::chrono::seconds(1);
  value.r = json::raw::parse("0").value();
  value.text = "x";
  value.either = 0;
  CHECK(json::encode(value).value() ==
        R"({"b":true,"i":-1,"d":0.5,"s":"x","v":[0],"m":{"":0},"o":0,"p":0,"t":"1s",)"
        R"("at":"1970-01-01T00:00:01Z","r":0,"text":"x","either":0,)"
        R"("never":{"name":"","price":0},"nor":[0,0]})");
}

TEST_CASE("json: unknown fields are checked and skipped, or refused") {
  const char* const text = R"({"a":[1,{"b":"c\n"}],"name":"x","z":null})";
  CHECK(there_and_back<item>(text) == R"({"name":"x","price":0})");
  CHECK(there_and_back<item>(text, {.refuse_unknown = true}) == "$.a: unknown field at byte 5");
  CHECK(there_and_back<item>(R"({"a":[1,{"b":tru}]})") == "$.a[1].b: invalid literal at byte 13");
  CHECK(there_and_back<item>(R"({"a\x":1})") == "$: invalid escape at byte 3");
  CHECK(there_and_back<item>(R"({"a":1.})") == "$.a: invalid number at byte 5");
}

TEST_CASE("json: of duplicate fields the last one wins, or is refused") {
  struct pair {
    item first;
    std::optional<item> second;
    std::vector<int> list;
    std::array<item, 1> one;
  };
  CHECK(there_and_back<pair>(R"({"first":{"name":"a"},"first":{"price":1}})") ==
        R"({"first":{"name":"","price":1},"second":null,"list":[],"one":[{"name":"","price":0}]})");
  CHECK(there_and_back<pair>(R"({"second":{"name":"a"},"list":[1],"one":[{"name":"a"}],)"
                             R"("one":[{}],"second":{"price":1},"list":[2]})") ==
        R"({"first":{"name":"","price":0},"second":{"name":"","price":1},"list":[2],)"
        R"("one":[{"name":"","price":0}]})");
  CHECK(there_and_back<item>(R"({"name":"a","name":"b"})", {.refuse_duplicates = true}) ==
        "$.name: duplicate field at byte 19");
  CHECK(there_and_back<item>(R"({"x":1,"x":2})", {.refuse_duplicates = true}) ==
        R"({"name":"","price":0})");
}

TEST_CASE("json: null counts as absent, or is refused") {
  CHECK(there_and_back<item>(R"({"name":null,"price":1})") == R"({"name":"","price":1})");
  CHECK(there_and_back<item>(R"({"name":nul})") == "$.name: invalid literal at byte 8");
  CHECK(there_and_back<item>(R"({"name":null})", {.refuse_null = true}) ==
        "$.name: expected string, got null at byte 8");
  item old{"kept", 1};
  REQUIRE(json::decode_into(old, R"({"name":null,"price":2})"));
  CHECK(old.name == "kept");
  CHECK(old.price == 2);
}

TEST_CASE("json: names match without case when asked for, an exact one first") {
  struct cases {
    int id = 0, ID = 0;
    int other_name = 0;
  };
  CHECK(there_and_back<cases>(R"({"ID":1,"Id":2,"OTHER_name":3})") ==
        R"({"id":0,"ID":1,"other_name":0})");
  CHECK(there_and_back<cases>(R"({"ID":1,"Id":2,"OTHER_name":3})", {.ignore_case = true}) ==
        R"({"id":2,"ID":1,"other_name":3})");
}

TEST_CASE("json: decoding into a value keeps the fields that aren't there") {
  order old{7, {{"a", 1}}};
  REQUIRE(json::decode_into(old, R"({"id":8})"));
  CHECK(json::encode(old).value() == R"({"id":8,"items":[{"name":"a","price":1}]})");
  struct nested {
    item inner;
    int n = 0;
  };
  nested n{{"kept", 1}, 2};
  REQUIRE(json::decode_into(n, R"({"inner":{"price":3}})"));
  CHECK(n.inner.name == "kept");
  CHECK(n.inner.price == 3);
}

TEST_CASE("json: recursive structs") {
  const char* const text =
      R"({"value":1,"children":[{"value":2,"children":[],"next":null}],"next":)"
      R"({"value":3,"children":[],"next":null}})";
  CHECK(there_and_back<tree>(text) == text);
  CHECK(there_and_back<tree>(R"({"children":[{"next":{"value":""}}]})") ==
        "$.children[0].next.value: expected number, got string at byte 30");
}

TEST_CASE("json: move-only members") {
  const char* const text = R"({"p":1,"list":[{"name":"a","price":1},null],"map":{"x":2,"y":null}})";
  CHECK(there_and_back<move_only>(text) == text);
}

TEST_CASE("json: types without default constructor start from what their codec says") {
  const char* const text = R"({"a":1,"more":[2,3],"maybe":4,"named":{"x":5},"b":6})";
  CHECK(there_and_back<holds_no_default>(text) == text);
  CHECK(json::decode<no_default>("9")->value == 9);
  CHECK(there_and_back<holds_no_default>("{}") ==
        R"({"a":0,"more":[],"maybe":null,"named":{},"b":0})");
}

TEST_CASE("json: append leaves the text as it was on failure") {
  std::string out = "before:";
  REQUIRE(json::append(out, item{"x", 1}));
  CHECK(out == R"(before:{"name":"x","price":1})");
  const std::string same = out;
  CHECK_FALSE(json::append(out, std::vector<std::string>{std::string(5000, 'x'), "\xff"}));
  CHECK(out == same);
}

TEST_CASE("json: long texts are written whole") {
  for (std::size_t n :
       {1000UL, 1019UL, 1020UL, 1021UL, 1022UL, 1023UL, 1024UL, 1025UL, 2048UL, 100'000UL}) {
    CAPTURE(n);
    std::vector<std::string> v{std::string(n, 'x'), std::string(n, '"'), std::string(n, '\x01')};
    for (std::size_t i = 0; i < n; ++i)
      v[0][i] = static_cast<char>('a' + i % 26);
    std::string multibyte;
    while (multibyte.size() < n)
      multibyte += "\u20ac";
    v.push_back(multibyte);
    const auto text = json::encode(v);
    REQUIRE(text);
    CHECK(json::decode<decltype(v)>(*text).value() == v);
  }
}

TEST_CASE("json: nesting is limited, read and written") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(json::raw::parse(nested(200)));
  CHECK(there_and_back<json::raw>(nested(201)).ends_with(": nested deeper than 200 at byte 200"));
  CHECK(there_and_back<json::raw>(nested(3), {.max_depth = 2}) ==
        "$[0][0]: nested deeper than 2 at byte 2");
  CHECK(there_and_back<kit::empty>(R"({"a":{"b":[]}})", {.max_depth = 2}) ==
        "$.a.b: nested deeper than 2 at byte 10");
  CHECK(json::raw::parse("1", {.max_depth = 0}));
  CHECK_FALSE(json::raw::parse("[]", {.max_depth = 0}));
  CHECK_FALSE(json::raw::parse("[]", {.max_depth = -5}));
  CHECK(json::raw::parse(nested(1000), {.max_depth = 1'000'000}));
  CHECK_FALSE(json::raw::parse(nested(1001), {.max_depth = 1'000'000}));

  CHECK(refusal(std::vector<std::vector<int>>{{}}, {.max_depth = 1}) ==
        "$[0]: nested deeper than 1");
  CHECK(refusal(order{1, {{}}}, {.max_depth = 2}) == "$.items[0]: nested deeper than 2");
  auto ring = std::make_shared<refers_to_itself>();
  ring->next = ring;
  CHECK(refusal(*ring).ends_with(".next: nested deeper than 200"));
  ring->next = nullptr;
}

TEST_CASE("json: the text's length is limited") {
  CHECK(there_and_back<int>("1234", {.max_bytes = 4}) == "1234");
  CHECK(there_and_back<int>("12345", {.max_bytes = 4}) ==
        "$: text is longer than 4 bytes at byte 4");
}

TEST_CASE("json: path and name of errors are fit for a log") {
  CHECK(there_and_back<std::map<std::string, int>>("{\"a\\u0000\\n\\\"b\":[]}") ==
        "$[\"a??\\\"b\"]: expected number, got array at byte 16");
  CHECK(there_and_back<std::map<std::string, int>>("{\"" + std::string(1000, 'x') + "\":[]}") ==
        "$[\"" + std::string(64, 'x') + "...\"]: expected number, got array at byte 1004");
  CHECK(there_and_back<color>("\"a\\u0000\\n" + std::string(1000, 'x') + "\"") ==
        "$: expected \"blue\", \"red\" or \"green\", got \"a??" + std::string(61, 'x') +
            "...\" at byte 0");
}
