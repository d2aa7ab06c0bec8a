#include <kit/constraints/pattern.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json_schema.hpp>
#include <kit/constraints.hpp>
#include <kit/endpoint.hpp>
#include <kit/error.hpp>
#include <kit/testing/loop.hpp>
#include <middleware/validate.hpp>
#include <transports/http/openapi.hpp>

using kit::errc;
using kit::error;

namespace {

template <class V, auto Rule>
struct holder {
  V value = {};
};

template <auto Rule, class V>
std::string wrong(V value) {
  return kit::check(holder<V, Rule>{std::move(value)}).text(1);
}

struct item {
  std::string sku;
  std::vector<std::string> tags = {};
  std::map<std::string, int> labels = {};
};
struct wrong_pattern {
  std::vector<std::string> tags;
};

}  // namespace

template <class V, auto Rule>
struct kit::constraints<holder<V, Rule>> {
  static constexpr auto fields = kit::constrain(kit::field<&holder<V, Rule>::value>(Rule()));
};
template <>
struct kit::constraints<item> {
  static constexpr auto fields =
      kit::constrain(kit::field<&item::sku>(kit::pattern("[A-Z0-9-]+"), kit::pattern(".{2,8}")),
                     kit::field<&item::tags>(kit::each(kit::pattern("[a-z]*"))),
                     kit::field<&item::labels>(kit::keys(kit::pattern("[a-z]+"))));
};
template <>
struct kit::constraints<wrong_pattern> {
  static constexpr auto fields =
      kit::constrain(kit::field<&wrong_pattern::tags>(kit::each(kit::pattern("[a-z"))));
};

TEST_CASE("pattern: all of a text has to match") {
  constexpr auto word = [] { return kit::pattern("[a-z]+|x"); };
  CHECK(wrong<word>(std::string("abc")) == "");
  CHECK(wrong<word>(std::string("abc1")) ==
        R"(value: expected text that matches [a-z]+|x, got "abc1")");
  CHECK(wrong<word>(std::string("1abc")) != "");
  CHECK(wrong<word>(std::string()) != "");
  CHECK(wrong<word>(std::string("abc\n")) != "");  // `$` would let it through
  CHECK(wrong<word>(std::string("x\nabc")) != "");
  CHECK(wrong<word>(std::optional<std::string>()) == "");
  CHECK(wrong<word>(std::optional<std::string>("A")) != "");
  CHECK(wrong<[] { return kit::pattern(""); }>(std::string()) == "");
}

TEST_CASE("pattern: texts are UTF-8") {
  constexpr auto three = [] { return kit::pattern("..."); };
  CHECK(wrong<three>(std::string("äöü")) == "");
  CHECK(wrong<three>(std::string("ä")) != "");
  constexpr auto any = [] { return kit::pattern("(?s).*"); };
  CHECK(wrong<any>(std::string("\0a", 2)) == "");
  CHECK(wrong<any>(std::string("\xff")) != "");
}

TEST_CASE("pattern: time is linear where others take forever") {
  constexpr auto nested = [] { return kit::pattern("(a*)*(a|aa)+b"); };
  CHECK(wrong<nested>(std::string(200'000, 'a')) != "");
  CHECK(wrong<nested>(std::string(200'000, 'a') + "b") == "");
}

TEST_CASE("pattern: in fields, elements and keys") {
  CHECK(kit::check(item{"AB-1", {"a", ""}, {{"x", 1}}}).empty());
  const auto found = kit::check(item{"a", {"a", "B"}, {{"X", 1}}});
  CHECK(found.text(9) == R"(sku: expected text that matches [A-Z0-9-]+, got "a"; )"
                         R"(sku: expected text that matches .{2,8}, got "a"; )"
                         R"(tags[1]: expected text that matches [a-z]*, got "B"; )"
                         R"(labels.X: expected text that matches [a-z]+, got "X")");
}

TEST_CASE("pattern: one that is wrong is an error before the first call") {
  const error expected(errc::invalid_argument,
                       "wrong_pattern.tags: kit::pattern: '[a-z': missing ]: [a-z");
  const auto thrown = [](auto f) {
    try {
      f();
    } catch (const error& e) {
      return e;
    }
    return error(errc::unknown, "nothing was thrown");
  };
  CHECK(thrown([] { kit::prepare_constraints<wrong_pattern>(); }) == expected);
  const kit::endpoint<wrong_pattern, kit::empty> ep = kit::nop<wrong_pattern>();
  CHECK(thrown([&] { (void)kit::middleware::validate()(ep); }) == expected);
  CHECK(thrown([] { (void)kit::check(wrong_pattern{{"a"}}); }) == errc::invalid_argument);
}

TEST_CASE("pattern: validate refuses what doesn't match") {
  kit::testing::loop loop;
  const auto ep = kit::middleware::validate()(kit::nop<item>());
  CHECK(loop.start(ep.try_call(item{"AB"})).value().has_value());
  CHECK(loop.start(ep.try_call(item{"ab"})).error() ==
        error(errc::invalid_argument,
              R"(invalid request: sku: expected text that matches [A-Z0-9-]+, got "ab")"));
}

TEST_CASE("pattern: in documents, for all of the text") {
  const std::string_view properties =
      R"("properties":{"sku":{"type":"string","pattern":"^(?:[A-Z0-9-]+)$",)"
      R"("allOf":[{"pattern":"^(?:.{2,8})$"}]},)"
      R"("tags":{"type":"array","items":{"type":"string","pattern":"^(?:[a-z]*)$"}},)"
      R"("labels":{"type":"object","propertyNames":{"pattern":"^(?:[a-z]+)$"},)"
      R"("additionalProperties":{"type":"integer","format":"int32","minimum":-2147483648,)"
      R"("maximum":2147483647}}},"required":["sku"])";
  CHECK(kit::json::schema<item>().find(properties) != std::string::npos);
  kit::http::router router;
  router.post("/items", kit::nop<item>());
  CHECK(router.openapi_document({.title = "T", .version = "1"}).find(properties) !=
        std::string::npos);
}
