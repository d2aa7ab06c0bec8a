#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/constraints.hpp>
#include <kit/http/request.hpp>
#include <transports/http/openapi.hpp>

namespace http = kit::http;
namespace json = kit::json;

namespace {

struct order {
  std::string sku;
  int count = 1;
  std::vector<std::string> tags;
};
struct receipt {
  std::int64_t total = 0;
};
struct search {
  std::string shop;
  std::string text;
  std::optional<int> limit;
  int page = 1;
};

template <class Req, class Resp>
kit::endpoint<Req, Resp> never() {
  return [](Req) -> asio::awaitable<Resp> { co_return Resp{}; };
}

using object = std::map<std::string, json::raw>;

/// What stands at those keys, as text; `none` where there's nothing.
std::string at(std::string_view text, const std::vector<std::string>& keys) {
  std::string here(text);
  for (const auto& key : keys) {
    const auto all = json::decode<object>(here);
    if (!all || !all->contains(key)) return "none";
    here = all->at(key).text();
  }
  return here;
}

}  // namespace

template <>
struct kit::constraints<order> {
  static constexpr auto fields =
      kit::constrain(kit::field<&order::sku>(kit::length(1, 64)),
                     kit::field<&order::count>(kit::range(1, 100), kit::multiple_of(1)),
                     kit::field<&order::tags>(kit::max_items(8), kit::unique_items(),
                                              kit::each(kit::not_empty())));
};
template <>
struct kit::constraints<receipt> {
  static constexpr auto fields = kit::constrain(kit::field<&receipt::total>(kit::at_least(0)));
};
template <>
struct kit::constraints<search> {
  static constexpr auto fields = kit::constrain(
      kit::field<&search::shop>(kit::one_of("north", "south")),
      kit::field<&search::text>(kit::length(2, 20)), kit::field<&search::limit>(kit::range(1, 50)),
      kit::field<&search::page>(kit::above(0)));
};

TEST_CASE("openapi: constraints in the content of requests and responses") {
  http::router router;
  router.post("/orders", never<order, receipt>());
  const auto text = router.openapi_document({.title = "T", .version = "1"});
  CHECK(at(text, {"components", "schemas", "order"}) ==
        R"({"type":"object","properties":{"sku":{"type":"string","minLength":1,"maxLength":64},)"
        R"("count":{"type":"integer","format":"int32","minimum":1,"maximum":100,"multipleOf":1},)"
        R"("tags":{"type":"array","items":{"type":"string","minLength":1},"maxItems":8,)"
        R"("uniqueItems":true}},"required":["sku"]})");
  CHECK(at(text, {"components", "schemas", "receipt"}) ==
        R"({"type":"object","properties":{"total":{"type":"integer","format":"int64",)"
        R"("minimum":0}}})");
}

TEST_CASE("openapi: constraints of parameters in path and query") {
  http::router router;
  router.get("/{shop}", never<search, receipt>());
  CHECK(
      at(router.openapi_document({.title = "T", .version = "1"}),
         {"paths", "/{shop}", "get", "parameters"}) ==
      R"([{"name":"shop","in":"path","required":true,)"
      R"("schema":{"type":"string","enum":["north","south"]}},)"
      R"({"name":"text","in":"query","required":true,)"
      R"("schema":{"type":"string","minLength":2,"maxLength":20}},)"
      R"({"name":"limit","in":"query",)"
      R"("schema":{"type":"integer","format":"int32","minimum":1,"maximum":50}},)"
      R"({"name":"page","in":"query",)"
      R"("schema":{"type":"integer","format":"int32","maximum":2147483647,"exclusiveMinimum":0}}])");
}

TEST_CASE("openapi: content is required where a field of it is") {
  http::router router;
  router.put("/{shop}", never<search, receipt>());
  router.post("/receipts", never<receipt, receipt>());
  const auto text = router.openapi_document({.title = "T", .version = "1"});
  CHECK(at(text, {"paths", "/{shop}", "put", "requestBody", "required"}) == "true");
  CHECK(at(text, {"paths", "/receipts", "post", "requestBody", "required"}) == "none");
}

TEST_CASE("constraints: a raw HTTP request has none") {
  static_assert(!kit::constrained<http::request>);
  CHECK(kit::check(http::request{}).empty());
}
