#include <transports/http/openapi.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/error.hpp>

#include "../../../support/answers.hpp"
#include "../../../support/typed_call.hpp"

namespace http = kit::http;
namespace json = kit::json;
using http::status;

namespace {

struct sum_request {
  std::int64_t a = 0;
  std::int64_t b = 0;
};
struct sum_response {
  std::int64_t v = 0;
};
struct sum_service {
  kit::endpoint<sum_request, sum_response> sum;
  kit::endpoint<kit::empty, kit::empty> reset;
};
struct find_request {
  std::string id;
  std::optional<int> limit;
  std::vector<std::string> tag;
  std::map<std::string, int> nested;
};
struct created {
  std::string id;
  http::status status_code() const { return http::status::created; }
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

const http::openapi_options named{.title = "T", .version = "1"};

std::string document(const http::router& r) {
  return r.openapi_document(named);
}

}  // namespace

template <>
struct kit::reflect_traits<sum_service> {
  static constexpr std::string_view name = "Sums";
  static constexpr std::string_view comment = "Adds.";
  static constexpr auto fields = kit::fields(
      kit::field<&sum_service::sum>().comment("Adds two numbers.\nNeither may be odd."));
};
template <>
struct kit::reflect_traits<sum_request> {
  static constexpr auto fields =
      kit::fields(kit::field<&sum_request::a>().required().comment("the first"));
};

TEST_CASE("openapi: the document of a service") {
  http::router router;
  router.mount("/",
               sum_service{never<sum_request, sum_response>(), never<kit::empty, kit::empty>()});
  CHECK(
      document(router) ==
      R"({"openapi":"3.1.0","info":{"title":"T","version":"1"},"paths":{)"
      R"("/reset":{"post":{"tags":["Sums"],"operationId":"reset","responses":{)"
      R"("200":{"description":"Success","content":{"application/json":{"schema":)"
      R"({"$ref":"#/components/schemas/empty"}}}},)"
      R"("default":{"description":"Failure","content":{"text/plain":{"schema":)"
      R"({"type":"string","description":"what went wrong"}}}}}}},)"
      R"("/sum":{"post":{"tags":["Sums"],"summary":"Adds two numbers.",)"
      R"("description":"Neither may be odd.","operationId":"sum",)"
      R"("requestBody":{"required":true,"content":{"application/json":{"schema":)"
      R"({"$ref":"#/components/schemas/sum_request"}}}},"responses":{)"
      R"("200":{"description":"Success","content":{"application/json":{"schema":)"
      R"({"$ref":"#/components/schemas/sum_response"}}}},)"
      R"("default":{"description":"Failure","content":{"text/plain":{"schema":)"
      R"({"type":"string","description":"what went wrong"}}}}}}}},)"
      R"("components":{"schemas":{"sum_request":{"type":"object","properties":{)"
      R"("a":{"type":"integer","format":"int64","description":"the first"},)"
      R"("b":{"type":"integer","format":"int64"}},"required":["a"]},)"
      R"("sum_response":{"type":"object","properties":{"v":{"type":"integer","format":"int64"}}},)"
      R"("empty":{"type":"object","properties":{}}}},)"
      R"("tags":[{"name":"Sums","description":"Adds."}]})");
}

TEST_CASE("openapi: how strictly a route reads doesn't change what is said of it") {
  const http::handler_options strict{.decode = {.refuse_unknown = true}, .check_type = true};
  http::router lax;
  lax.post("/sum", never<sum_request, sum_response>());
  http::router other;
  other.post("/sum", never<sum_request, sum_response>(), strict);
  CHECK(at(document(other), {"paths", "/sum"}) != "none");
  CHECK(document(other) == document(lax));
}

TEST_CASE("openapi: parameters of path and query, and what is left of the content") {
  http::router router;
  auto group = router.group("/v1/things");
  group.del("/{id}", never<find_request, created>());
  group.put("/{id}", never<find_request, created>());
  group.get("/by/{x...}", http::handler_of(never<find_request, created>()));
  const auto text = document(router);
  const auto del = at(text, {"paths", "/v1/things/{id}", "delete"});
  CHECK(at(del, {"parameters"}) ==
        R"([{"name":"id","in":"path","required":true,"schema":{"type":"string"}},)"
        R"({"name":"limit","in":"query","schema":{"type":"integer","format":"int32",)"
        R"("minimum":-2147483648,"maximum":2147483647}},)"
        R"({"name":"tag","in":"query","schema":{"type":"array","items":{"type":"string"}}}])");
  CHECK(at(del, {"requestBody"}) == "none");
  CHECK(at(del, {"operationId"}) == R"("delete_v1_things_id")");
  CHECK(at(del, {"tags"}) == R"(["v1"])");
  CHECK(at(del, {"responses", "200"}) == "none");
  CHECK(at(del, {"responses", "2XX", "description"}) == R"("Success")");
  const auto put = at(text, {"paths", "/v1/things/{id}", "put"});
  CHECK(at(put, {"parameters"}) ==
        R"([{"name":"id","in":"path","required":true,"schema":{"type":"string"}}])");
  CHECK(at(put, {"requestBody", "required"}) == "none");
  const auto content =
      at(put, {"requestBody", "content", "application/json", "schema", "properties"});
  CHECK(at(content, {"id"}) == "none");
  CHECK(at(content, {"limit"}) != "none");
  CHECK(at(content, {"nested"}) != "none");
  CHECK(at(text, {"paths", "/v1/things/by/{x}"}) == "none");  // a raw handler
}

TEST_CASE("openapi: raw requests and answers, any, and paths that differ in names only") {
  struct by_y {
    std::string y;
  };
  struct by_x {
    std::string x;
  };
  http::router router;
  router.get("/a/{x}", never<by_x, http::response>()).post("/a/{y}", never<by_y, http::response>());
  router.post("/files/{path...}", never<http::request, sum_response>());
  router.get("/files/{path...}", never<http::request, sum_response>());
  router.any("/any", never<sum_request, sum_response>());
  router.any("/deep", never<find_request, sum_response>());
  router.patch("/any", never<kit::empty, sum_response>());
  router.handle(http::method("PURGE"), "/any", never<sum_request, sum_response>());
  const auto text = document(router);
  const auto paths = json::decode<object>(at(text, {"paths"})).value();
  CHECK(paths.size() == 4);
  CHECK(at(text, {"paths", "/a/{x}", "get", "responses", "200"}) == R"({"description":"Success"})");
  CHECK(at(text, {"paths", "/a/{x}", "post", "parameters"}).starts_with(R"([{"name":"x")"));
  CHECK(
      at(text, {"paths", "/files/{path}", "post", "parameters"}) ==
      R"([{"name":"path","in":"path","description":"the rest of the path, which may have slashes")"
      R"(,"required":true,"schema":{"type":"string"}}])");
  CHECK(at(text, {"paths", "/files/{path}", "post", "requestBody"}) == "none");
  CHECK(at(text, {"paths", "/files/{path}", "get", "parameters"}) ==
        at(text, {"paths", "/files/{path}", "post", "parameters"}));
  CHECK(json::decode<object>(paths.at("/any").text())->size() == 5);
  CHECK(at(text, {"paths", "/any", "patch", "requestBody"}) == "none");  // its own route
  CHECK(at(text, {"paths", "/any", "get", "parameters"}) != "none");
  CHECK(json::decode<object>(paths.at("/deep").text())->size() == 3);
}

TEST_CASE("openapi: names of operations are told apart") {
  const sum_service s{never<sum_request, sum_response>(), never<kit::empty, kit::empty>()};
  http::router router;
  router.mount("/a", s).mount("/b", s).mount("/c", s);
  const auto text = document(router);
  CHECK(at(text, {"paths", "/a/sum", "post", "operationId"}) == R"("sum")");
  CHECK(at(text, {"paths", "/b/sum", "post", "operationId"}) == R"("Sums_sum")");
  CHECK(at(text, {"paths", "/c/sum", "post", "operationId"}) == R"("Sums_sum_2")");
  CHECK(at(text, {"tags"}) == R"([{"name":"Sums","description":"Adds."}])");
}

TEST_CASE("openapi: what the options say, and failures that an encoder writes") {
  http::router router;
  router.post(
      "/sum", never<sum_request, sum_response>(),
      {.error_encoder = [](const kit::context&, const kit::error&) { return http::response{}; }});
  const auto text = router.openapi_document({.title = "T",
                                             .version = "1",
                                             .summary = "s",
                                             .description = "d",
                                             .terms_of_service = "https://t",
                                             .contact = {.email = "a@b.example"},
                                             .license = {.name = "MIT", .identifier = "MIT"},
                                             .servers = {{"https://api.example", "here"}, {"/v2"}},
                                             .comments = {{"POST /sum", "Adds."}}});
  CHECK(
      at(text, {"info"}) ==
      R"({"title":"T","summary":"s","description":"d","termsOfService":"https://t",)"
      R"("contact":{"email":"a@b.example"},"license":{"name":"MIT","identifier":"MIT"},"version":"1"})");
  CHECK(at(text, {"servers"}) ==
        R"([{"url":"https://api.example","description":"here"},{"url":"/v2"}])");
  CHECK(at(text, {"paths", "/sum", "post", "summary"}) == R"("Adds.")");
  CHECK(at(text, {"paths", "/sum", "post", "responses", "default"}) ==
        R"({"description":"Failure"})");
}

TEST_CASE("openapi: is served when asked for, of its router, with its middleware") {
  http::router router;
  auto api = router.group("/api");
  CHECK(&api.openapi("/openapi.json", named) == &api);
  api.post("/later", never<sum_request, sum_response>());
  router.post("/outside", never<sum_request, sum_response>());
  router.use([](http::handler next) -> http::handler {
    struct layer {
      http::handler next;
      asio::awaitable<kit::result<http::response>> try_call(http::request req) const {
        auto r = co_await next.try_call(std::move(req));
        if (r) r->headers.set("X-Layer", "1");
        co_return r;
      }
    };
    return layer{std::move(next)};
  });
  const http::handler h = router;
  const auto r = test::answer(h, "/api/openapi.json");
  CHECK(r.status == status::ok);
  CHECK(r.headers.get("Content-Type") == "application/json");
  CHECK(r.headers.get("X-Layer") == "1");
  const auto paths = at(r.body.text(), {"paths"});
  CHECK(at(paths, {"/api/later"}) != "none");
  CHECK(at(paths, {"/outside"}) == "none");
  CHECK(at(document(router), {"paths", "/outside"}) != "none");
  CHECK(at(document(http::router()), {"paths"}) == "{}");
  CHECK(at(document(http::router()), {"components"}) == "none");
}

TEST_CASE("openapi: what can be no document is refused") {
  http::router router;
  const auto refused = [&](const http::openapi_options& o, std::string_view part) {
    try {
      router.openapi_document(o);
      FAIL("taken");
    } catch (const kit::error& e) {
      CHECK(e.code() == kit::errc::invalid_argument);
      CHECK_MESSAGE(e.message().find(part) != std::string_view::npos, e.message());
    }
  };
  refused({.version = "1"}, "title");
  refused({.title = "T"}, "version");
  refused({.title = "T", .version = "1", .license = {.url = "x"}}, "license");
  refused({.title = "T", .version = "1", .license = {"MIT", "MIT", "x"}}, "license");
  refused({.title = "T", .version = "1", .servers = {{""}}}, "servers");
  refused({.title = "T", .version = "1", .comments = {{"GET /x", "x"}}}, "GET /x");
  CHECK_THROWS_AS(router.openapi("/openapi.json", {}), kit::error);
  CHECK_THROWS_AS(router.openapi("no-slash", named), kit::error);
  router.openapi("/doc", named).get("/doc", test::says("own"));
  CHECK_THROWS_AS(static_cast<void>(http::handler(router)), kit::error);
}
