// Variants whose alternatives are fields of their own.
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/codec/json_schema.hpp>

#include "json_check.hpp"

namespace json = kit::json;
using test::there_and_back;

namespace {

struct any_value;
struct array_value {
  std::vector<any_value> values;
};
struct any_value {
  std::variant<std::monostate, std::string, std::int64_t, array_value> value;
};

struct square {
  double side = 0;
};
struct shape {
  std::string name;
  std::variant<square, double, std::optional<int>> is;
  bool filled = false;
};

}  // namespace

template <>
struct kit::reflect_traits<any_value> {
  static constexpr auto fields = kit::fields(kit::field<&any_value::value>().alternatives(
      kit::alternative("stringValue"), kit::alternative("intValue"),
      kit::alternative("arrayValue")));
};
template <>
struct kit::reflect_traits<shape> {
  static constexpr auto fields = kit::fields(kit::field<&shape::is>().alternatives(
      kit::alternative("square"), kit::alternative("radius").comment("of a circle"),
      kit::alternative("corners")));
};

TEST_CASE("json: an alternative with a name of its own is a member of the object") {
  CHECK(json::encode(any_value{}).value() == "{}");
  for (const char* text :
       {"{}", R"({"stringValue":""})", R"({"intValue":0})", R"({"arrayValue":{"values":[]}})",
        R"({"arrayValue":{"values":[{"stringValue":"x"},{"intValue":-1},{}]}})"}) {
    CHECK(there_and_back<any_value>(text) == text);
  }
  for (const char* text : {R"({"name":"a","square":{"side":2},"filled":true})",
                           R"({"name":"a","radius":1.5,"filled":false})",
                           R"({"name":"a","corners":null,"filled":false})",
                           R"({"name":"a","corners":3,"filled":false})"}) {
    CHECK(there_and_back<shape>(text) == text);
  }
  CHECK(there_and_back<shape>("{}") == R"({"name":"","square":{"side":0},"filled":false})");
}

TEST_CASE("json: of several alternatives the last one counts; null is none") {
  CHECK(there_and_back<any_value>(R"({"intValue":1,"stringValue":"x"})") ==
        R"({"stringValue":"x"})");
  CHECK(there_and_back<any_value>(R"({"arrayValue":{"values":[{}]},"arrayValue":{}})") ==
        R"({"arrayValue":{"values":[]}})");
  CHECK(there_and_back<any_value>(R"({"intValue":1,"stringValue":null})") == R"({"intValue":1})");
  CHECK(there_and_back<any_value>(R"({"intValue":1,"intValue":2})", {.refuse_duplicates = true}) ==
        "$.intValue: duplicate field at byte 25");
}

TEST_CASE("json: errors name the alternative, and the member's own name is unknown") {
  CHECK(there_and_back<any_value>(R"({"intValue":"x"})") ==
        "$.intValue: expected number, got string at byte 12");
  CHECK(there_and_back<any_value>(R"({"arrayValue":{"values":[{"intValue":[]}]}})") ==
        "$.arrayValue.values[0].intValue: expected number, got array at byte 37");
  CHECK(there_and_back<any_value>(R"({"value":1})") == "{}");
  CHECK(there_and_back<any_value>(R"({"value":1})", {.refuse_unknown = true}) ==
        "$.value: unknown field at byte 9");
  CHECK(json::encode(any_value{"\xff"}).error().message() ==
        "$.stringValue: invalid UTF-8 at byte 0 of the string");
}

TEST_CASE("json schema: alternatives are properties") {
  CHECK(json::schema<shape>().find(R"("properties":{"name":{"type":"string"},)"
                                   R"("square":{"$ref":"#/$defs/square"},)"
                                   R"("radius":{"type":"number","format":"double",)"
                                   R"("description":"of a circle"},)"
                                   R"("corners":{"type":["integer","null"],)") !=
        std::string::npos);
}
