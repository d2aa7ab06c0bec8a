#include <kit/codec/json_schema.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace json = kit::json;

namespace {

enum class color { red, green };
struct point {
  int x = 0;
  std::optional<double> y;
};
struct node {
  std::string name;
  std::vector<node> children;
  std::unique_ptr<node> next;
  std::map<std::string, node> by_name;
};
struct documented {
  std::int64_t id = 0;
  point at;
  std::string secret;
  std::optional<color> hue;
};
namespace other {
struct point {
  bool flag = false;
};
}  // namespace other
struct both {
  point a;
  other::point b;
};
template <class T>
struct page {
  std::vector<T> items;
};
struct decimal {
  std::string text;
};
struct opaque {
  int hidden = 0;
};
struct own_list : std::vector<int> {};

/// Without the outside that every document has.
template <class T>
std::string of() {
  auto text = json::schema<T>();
  constexpr std::string_view head = R"({"$schema":"https://json-schema.org/draft/2020-12/schema")";
  REQUIRE(text.starts_with(head));
  CHECK(json::raw::parse(text));
  text.erase(0, head.size());
  return text == "}" ? "{}" : "{" + text.substr(1);
}

}  // namespace

template <>
struct kit::reflect_traits<documented> {
  static constexpr std::string_view name = "Doc";
  static constexpr std::string_view comment = "A \"document\".";
  static constexpr auto naming = kit::naming::camel_case;
  static constexpr auto fields = kit::fields(
      kit::field<&documented::id>("_id").required().comment("its number"),
      kit::field<&documented::at>().comment("where"), kit::field<&documented::secret>().skip(),
      kit::field<&documented::hue>().comment("maybe"));
};
template <>
struct kit::reflect_traits<color> {
  static constexpr std::string_view comment = "What it looks like.";
  static constexpr auto enumerators = kit::enumerators(kit::enumerator<color::red>("RED"));
};
template <>
struct kit::json::codec<decimal> {
  static constexpr std::string_view schema = R"({"type":"string","pattern":"^[0-9]+$"})";
  static bool decode(reader& r, decimal& v) { return r.read(v.text); }
  static bool encode(writer& w, const decimal& v) { return w.write(std::string_view(v.text)); }
};
template <>
struct kit::json::codec<opaque> {
  static constexpr unsigned kinds = bit(kind::string) | bit(kind::number);
  static bool decode(reader&, opaque&) { return true; }
  static bool encode(writer& w, const opaque&) { return w.write_null(); }
};
template <>
struct kit::json::codec<own_list> {
  static bool decode(reader&, own_list&) { return true; }
  static bool encode(writer& w, const own_list&) { return w.write_null(); }
};

TEST_CASE("json schema: numbers by their ranges") {
  CHECK(of<bool>() == R"({"type":"boolean"})");
  CHECK(of<std::int8_t>() == R"({"type":"integer","format":"int8","minimum":-128,"maximum":127})");
  CHECK(of<std::uint8_t>() == R"({"type":"integer","format":"uint8","minimum":0,"maximum":255})");
  CHECK(of<std::int32_t>() ==
        R"({"type":"integer","format":"int32","minimum":-2147483648,"maximum":2147483647})");
  CHECK(of<std::uint32_t>() ==
        R"({"type":"integer","format":"uint32","minimum":0,"maximum":4294967295})");
  CHECK(of<std::int64_t>() == R"({"type":"integer","format":"int64"})");
  CHECK(of<std::uint64_t>() == R"({"type":"integer","format":"uint64","minimum":0})");
  CHECK(of<float>() == R"({"type":"number","format":"float"})");
  CHECK(of<double>() == R"({"type":"number","format":"double"})");
}

TEST_CASE("json schema: texts, times, bytes and anything") {
  CHECK(of<std::string>() == R"({"type":"string"})");
  CHECK(of<std::string_view>() == R"({"type":"string"})");
  CHECK(of<std::chrono::system_clock::time_point>() == R"({"type":"string","format":"date-time"})");
  CHECK(
      of<std::chrono::milliseconds>() ==
      R"({"type":"string","pattern":"^[-+]?(0|([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|ms|s|m|h))+$"})");
  CHECK(of<std::vector<std::byte>>() == R"({"type":"string","contentEncoding":"base64"})");
  CHECK(of<std::array<std::byte, 4>>() ==
        R"({"type":"string","contentEncoding":"base64","minLength":8,"maxLength":8})");
  CHECK(of<std::monostate>() == R"({"type":"null"})");
  CHECK(of<json::raw>() == "{}");
}

TEST_CASE("json schema: containers") {
  CHECK(of<std::vector<bool>>() == R"({"type":"array","items":{"type":"boolean"}})");
  CHECK(of<std::deque<std::vector<bool>>>() ==
        R"({"type":"array","items":{"type":"array","items":{"type":"boolean"}}})");
  CHECK(of<std::set<std::string>>() ==
        R"({"type":"array","items":{"type":"string"},"uniqueItems":true})");
  CHECK(of<std::array<bool, 3>>() ==
        R"({"type":"array","items":{"type":"boolean"},"minItems":3,"maxItems":3})");
  CHECK(of<std::pair<bool, std::string>>() ==
        R"({"type":"array","prefixItems":[{"type":"boolean"},{"type":"string"}],"items":false,)"
        R"("minItems":2,"maxItems":2})");
  CHECK(of<std::tuple<>>() == R"({"type":"array","items":false,"minItems":0,"maxItems":0})");
  CHECK(of<std::unordered_map<std::string, bool>>() ==
        R"({"type":"object","additionalProperties":{"type":"boolean"}})");
  CHECK(of<std::map<int, bool>>() == R"({"type":"object","propertyNames":{"pattern":"^-?[0-9]+$"},)"
                                     R"("additionalProperties":{"type":"boolean"}})");
  CHECK(of<std::map<color, bool>>() ==
        R"({"$defs":{"color":{"type":"string","enum":["RED","green"],)"
        R"("description":"What it looks like."}},"type":"object",)"
        R"("propertyNames":{"$ref":"#/$defs/color"},"additionalProperties":{"type":"boolean"}})");
}

TEST_CASE("json schema: what may be null, and what may be one of several") {
  CHECK(of<std::optional<bool>>() == R"({"type":["boolean","null"]})");
  CHECK(of<std::shared_ptr<std::vector<bool>>>() ==
        R"({"type":["array","null"],"items":{"type":"boolean"}})");
  CHECK(of<std::optional<std::unique_ptr<bool>>>() == R"({"type":["boolean","null"]})");
  CHECK(of<std::optional<std::monostate>>() == R"({"type":"null"})");
  CHECK(of<std::optional<json::raw>>() == "{}");
  CHECK(of<std::variant<bool, std::string>>() ==
        R"({"anyOf":[{"type":"boolean"},{"type":"string"}]})");
  CHECK(of<std::optional<std::variant<bool>>>() ==
        R"({"anyOf":[{"type":"boolean"},{"type":"null"}]})");
  CHECK(of<std::optional<other::point>>() ==
        R"({"$defs":{"point":{"type":"object","properties":{"flag":{"type":"boolean"}}}},)"
        R"("anyOf":[{"$ref":"#/$defs/point"},{"type":"null"}]})");
}

TEST_CASE("json schema: structs with names, comments and what is required") {
  CHECK(of<documented>() ==
        R"({"$defs":{"Doc":{"type":"object","properties":{)"
        R"("_id":{"type":"integer","format":"int64","description":"its number"},)"
        R"("at":{"$ref":"#/$defs/point","description":"where"},)"
        R"("hue":{"anyOf":[{"$ref":"#/$defs/color"},{"type":"null"}],"description":"maybe"}},)"
        R"("required":["_id"],"description":"A \"document\"."},)"
        R"("point":{"type":"object","properties":{)"
        R"("x":{"type":"integer","format":"int32","minimum":-2147483648,"maximum":2147483647},)"
        R"("y":{"type":["number","null"],"format":"double"}}},)"
        R"("color":{"type":"string","enum":["RED","green"],"description":"What it looks like."}},)"
        R"("$ref":"#/$defs/Doc"})");
}

TEST_CASE("json schema: a type that contains itself is written once") {
  CHECK(of<node>() ==
        R"({"$defs":{"node":{"type":"object","properties":{"name":{"type":"string"},)"
        R"("children":{"type":"array","items":{"$ref":"#/$defs/node"}},)"
        R"("next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]},)"
        R"("by_name":{"type":"object","additionalProperties":{"$ref":"#/$defs/node"}}}}},)"
        R"("$ref":"#/$defs/node"})");
}

TEST_CASE("json schema: types of one name are told apart, and names are made fit") {
  const auto text = of<both>();
  CHECK(text.find(R"("a":{"$ref":"#/$defs/point"},"b":{"$ref":"#/$defs/point_2"})") != text.npos);
  CHECK(text.find(R"("point_2":{"type":"object","properties":{"flag":{"type":"boolean"}}})") !=
        text.npos);
  json::schema_set set("#/components/schemas/");
  const auto reference = set.of(json::schema_type_of<page<bool>>);
  CHECK(reference == R"({"$ref":"#/components/schemas/page_bool_"})");
  CHECK(set.of(json::schema_type_of<const page<bool>>) == reference);
  CHECK(set.definitions() ==
        R"({"page_bool_":{"type":"object","properties":{"items":{"type":"array",)"
        R"("items":{"type":"boolean"}}}}})");
}

TEST_CASE("json schema: of a codec of one's own what it says of itself") {
  CHECK(of<decimal>() == R"({"type":"string","pattern":"^[0-9]+$"})");
  CHECK(of<std::optional<decimal>>() ==
        R"({"anyOf":[{"type":"string","pattern":"^[0-9]+$"},{"type":"null"}]})");
  CHECK(of<opaque>() == R"({"type":["number","string"]})");
  CHECK(of<std::optional<opaque>>() == R"({"type":["null","number","string"]})");
  CHECK(of<own_list>() == "{}");
  json::schema_set set;
  CHECK(set.of(json::schema_type_of<decimal>, "how much") ==
        R"({"allOf":[{"type":"string","pattern":"^[0-9]+$"}],"description":"how much"})");
  CHECK(set.empty());
}

TEST_CASE("json schema: a struct without some of its fields") {
  json::schema_set set;
  const std::string_view without[] = {"_id", "at", "nothing"};
  CHECK(set.object(json::schema_type_of<documented>, without) ==
        R"({"type":"object","properties":{"hue":{"anyOf":[{"$ref":"#/$defs/color"},)"
        R"({"type":"null"}],"description":"maybe"}},"description":"A \"document\"."})");
}
