#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json_schema.hpp>
#include <kit/constraints.hpp>

namespace json = kit::json;

namespace {

enum class color { red, green, blue };

template <class V, auto Rule>
struct holder {
  V v = {};
};

struct line {
  std::string sku;
  int count = 1;
};
struct order {
  std::string id;
  std::optional<std::string> note;
  std::optional<int> rank;
  line first;
  std::vector<line> lines;
  int priority = 3;
};
struct rule_of_pattern {
  std::string_view text;
  template <class V>
  bool holds(const V&) const {
    return true;
  }
  static std::string wanted() { return {}; }
  void describe(kit::constraint_facts& f) const { f.patterns.emplace_back(text); }
};
/// The schema of a field of that type with the constraint.
template <auto Rule, class V>
std::string of() {
  using type = holder<V, Rule>;
  json::schema_set set;
  const auto& field = json::schema_type_of<type>.fields[0];
  auto text = set.of(*field.type, field.comment, field.facts());
  CHECK(json::raw::parse(text));
  return text;
}

}  // namespace

template <class V, auto Rule>
struct kit::constraints<holder<V, Rule>> {
  static constexpr auto fields = kit::constrain(kit::field<&holder<V, Rule>::v>(Rule()));
};
template <>
struct kit::constraints<line> {
  static constexpr auto fields =
      kit::constrain(kit::field<&line::sku>(kit::length(1, 8), kit::max_length(6)),
                     kit::field<&line::count>(kit::at_least(1)));
};
template <>
struct kit::constraints<order> {
  static constexpr auto fields = kit::constrain(
      kit::field<&order::id>(kit::not_empty()), kit::field<&order::note>(kit::required()),
      kit::field<&order::rank>(kit::one_of(1, 2)), kit::field<&order::priority>(kit::range(1, 5)));
};

TEST_CASE("json schema: constraints of numbers tighten what the type has") {
  constexpr auto range = [] { return kit::range(1, 5); };
  CHECK(of<range, int>() == R"({"type":"integer","format":"int32","minimum":1,"maximum":5})");
  CHECK(of<range, std::uint64_t>() ==
        R"({"type":"integer","format":"uint64","minimum":1,"maximum":5})");
  CHECK(of<range, double>() == R"({"type":"number","format":"double","minimum":1,"maximum":5})");
  CHECK(of<range, std::optional<double>>() ==
        R"({"type":["number","null"],"format":"double","minimum":1,"maximum":5})");
  CHECK(of<[] { return kit::range(-300, 300); }, std::int8_t>() ==
        R"({"type":"integer","format":"int8","minimum":-128,"maximum":127})");
  CHECK(of<[] { return kit::above(0); }, std::int8_t>() ==
        R"({"type":"integer","format":"int8","maximum":127,"exclusiveMinimum":0})");
  CHECK(of<[] { return kit::below(0.5); }, float>() ==
        R"({"type":"number","format":"float","exclusiveMaximum":0.5})");
  CHECK(of<[] { return kit::below(100); }, std::uint8_t>() ==
        R"({"type":"integer","format":"uint8","minimum":0,"exclusiveMaximum":100})");
  CHECK(of<[] { return kit::multiple_of(0.01); }, double>() ==
        R"({"type":"number","format":"double","multipleOf":0.01})");
  constexpr auto unlimited = [] { return kit::at_least(-std::numeric_limits<double>::infinity()); };
  CHECK(of<unlimited, double>() == R"({"type":"number","format":"double"})");
}

TEST_CASE("json schema: constraints of texts") {
  CHECK(of<[] { return kit::length(1, 64); }, std::string>() ==
        R"({"type":"string","minLength":1,"maxLength":64})");
  CHECK(of<[] { return kit::not_empty(); }, std::optional<std::string>>() ==
        R"({"type":["string","null"],"minLength":1})");
  CHECK(of<[] { return kit::secret(); }, std::string>() ==
        R"({"type":"string","format":"password"})");
  CHECK(of<[] { return rule_of_pattern{"[a-z]\\d|\"x\""}; }, std::string>() ==
        R"({"type":"string","pattern":"^(?:[a-z]\\d|\"x\")$"})");
}

TEST_CASE("json schema: constants") {
  CHECK(of<[] { return kit::one_of("a", "\"b\""); }, std::string>() ==
        R"({"type":"string","enum":["a","\"b\""]})");
  CHECK(of<[] { return kit::one_of("a"); }, std::optional<std::string>>() ==
        R"({"type":["string","null"],"enum":["a",null]})");
  CHECK(of<[] { return kit::one_of(1, -2); }, std::int64_t>() ==
        R"({"type":"integer","format":"int64","enum":[1,-2]})");
  CHECK(of<[] { return kit::one_of(color::red, color::blue); }, color>() ==
        R"({"$ref":"#/$defs/color","enum":["red","blue"]})");
  CHECK(of<[] { return kit::one_of(color::red); }, std::optional<color>>() ==
        R"({"anyOf":[{"$ref":"#/$defs/color"},{"type":"null"}],"enum":["red",null]})");
}

TEST_CASE("json schema: constraints of containers") {
  CHECK(of<[] { return kit::items(1, 3); }, std::vector<bool>>() ==
        R"({"type":"array","items":{"type":"boolean"},"minItems":1,"maxItems":3})");
  CHECK(of<[] { return kit::unique_items(); }, std::vector<std::string>>() ==
        R"({"type":"array","items":{"type":"string"},"uniqueItems":true})");
  CHECK(of<[] { return kit::min_items(1); }, std::array<bool, 2>>() ==
        R"({"type":"array","items":{"type":"boolean"},"minItems":2,"maxItems":2})");
  CHECK(of<[] { return kit::not_empty(); }, std::map<std::string, bool>>() ==
        R"({"type":"object","additionalProperties":{"type":"boolean"},"minProperties":1})");
  CHECK(of<[] { return kit::each(kit::min_length(1)); }, std::vector<std::string>>() ==
        R"({"type":"array","items":{"type":"string","minLength":1}})");
  CHECK(of<[] { return kit::each(kit::min_length(1)); }, std::map<std::string, std::string>>() ==
        R"({"type":"object","additionalProperties":{"type":"string","minLength":1}})");
  CHECK(of<[] { return kit::keys(kit::max_length(3)); }, std::map<std::string, bool>>() ==
        R"({"type":"object","propertyNames":{"maxLength":3},)"
        R"("additionalProperties":{"type":"boolean"}})");
  CHECK(of<[] { return kit::keys(kit::one_of(color::red)); }, std::map<color, bool>>() ==
        R"({"type":"object","propertyNames":{"$ref":"#/$defs/color","enum":["red"]},)"
        R"("additionalProperties":{"type":"boolean"}})");
  CHECK(of<[] { return kit::keys(kit::above(3)); }, std::map<unsigned, bool>>() ==
        R"({"type":"object","propertyNames":{"pattern":"^[0-9]+$"},)"
        R"("additionalProperties":{"type":"boolean"}})");
  CHECK(of<[] { return kit::items(1, 4); }, std::vector<std::byte>>() ==
        R"({"type":"string","contentEncoding":"base64","minLength":4,"maxLength":8})");
}

TEST_CASE("json schema: what it cannot say is left out") {
  using namespace std::chrono_literals;
  CHECK(of<[] { return kit::at_least(1s); }, std::chrono::seconds>() ==
        json::schema_set().of(json::schema_type_of<std::chrono::seconds>));
}

TEST_CASE("json schema: fields that have to be there, as nothing or the default is wrong") {
  CHECK(
      json::schema<order>() ==
      R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$defs":{)"
      R"("order":{"type":"object","properties":{"id":{"type":"string","minLength":1},)"
      R"("note":{"type":"string"},)"
      R"("rank":{"type":["integer","null"],"format":"int32","minimum":-2147483648,)"
      R"("maximum":2147483647,"enum":[1,2,null]},)"
      R"("first":{"$ref":"#/$defs/line"},)"
      R"("lines":{"type":"array","items":{"$ref":"#/$defs/line"}},)"
      R"("priority":{"type":"integer","format":"int32","minimum":1,"maximum":5}},)"
      R"("required":["id","note","first"]},)"
      R"("line":{"type":"object","properties":{"sku":{"type":"string","minLength":1,"maxLength":6},)"
      R"("count":{"type":"integer","format":"int32","minimum":1,"maximum":2147483647}},)"
      R"("required":["sku"]}},"$ref":"#/$defs/order"})");
}

TEST_CASE("constraint facts: several of one kind") {
  kit::constraint_facts f;
  const auto number = [](int n) {
    return kit::constraint_facts::number{static_cast<long double>(n), std::to_string(n)};
  };
  f.add_minimum(number(1));
  f.add_minimum(number(3));
  f.add_minimum(number(2));
  f.add_maximum(number(9));
  f.add_maximum(number(8));
  f.add_above(number(0));
  f.add_above(number(-1));
  f.add_below(number(5));
  f.add_below(number(6));
  CHECK(f.minimum->text + f.maximum->text + f.above->text + f.below->text == "3805");
  f.add_min_size(2);
  f.add_min_size(1);
  f.add_max_size(7);
  f.add_max_size(8);
  CHECK(*f.min_size == 2);
  CHECK(*f.max_size == 7);
  f.add_values({{"a"}, {"b"}, {"c"}});
  f.add_values({{"c"}, {"d"}, {"a"}, {"b", false}});
  REQUIRE(f.values->size() == 2);
  CHECK(f.values->at(0).text + f.values->at(1).text == "ca");
  f = {};
  f.multiples_of = {number(2), number(3), number(5)};
  CHECK(json::schema_set().of(json::schema_type_of<double>, {}, f) ==
        R"({"type":"number","format":"double","multipleOf":2,)"
        R"("allOf":[{"multipleOf":3},{"multipleOf":5}]})");
}
