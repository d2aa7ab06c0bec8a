#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/service.hpp>
#include <transports/http/hooks.hpp>
#include <transports/http/router.hpp>

#include "test/support/typed_call.hpp"

namespace http = kit::http;
using typed_call::answer;
using typed_call::get;
using typed_call::post;

namespace {

struct sum_request {
  std::int64_t a = 0;
  std::int64_t b = 0;
};
struct sum_response {
  std::int64_t v = 0;
};
struct concat_request {
  std::string a;
  std::string b;
};
struct concat_response {
  std::string v;
};

struct add_service {
  kit::endpoint<sum_request, sum_response> sum;
  kit::endpoint<concat_request, concat_response> concat;
};

add_service make_add_service() {
  return {.sum = [](sum_request r) -> asio::awaitable<sum_response> {
            co_return sum_response{r.a + r.b};
          },
          .concat = [](concat_request r) -> asio::awaitable<concat_response> {
            co_return concat_response{r.a + r.b};
          }};
}

struct profile {
  std::string id;
  std::string name;
};
template <class T>
kit::endpoint<T, T> echo() {
  return [](T v) -> asio::awaitable<T> { co_return std::move(v); };
}

asio::awaitable<http::response> untouched(http::request) {
  co_return http::response{};
}

http::request with(http::method m, std::string target, std::string content) {
  auto r = post(std::move(target), std::move(content));
  r.method = m;
  return r;
}

}  // namespace

TEST_CASE("router: a mounted service answers POST at each endpoint's name") {
  http::router router;
  router.mount("/", make_add_service());
  const http::handler h = router;
  CHECK(answer(h, post("/sum", R"({"a":1,"b":2})")).body.bytes() == "{\"v\":3}\n");
  CHECK(answer(h, post("/concat", R"({"a":"x","b":"y"})")).body.bytes() == "{\"v\":\"xy\"}\n");
  CHECK(answer(h, get("/sum")).status == http::status::method_not_allowed);
  CHECK(answer(h, post("/product", "{}")).status == http::status::not_found);
}

TEST_CASE("router: services may be mounted below prefixes, with hooks") {
  std::vector<std::string> seen;
  http::router router;
  router.mount("/v1/add", make_add_service(),
               {.finalizers = {[&](const kit::context&, const http::exchange& e) {
                  seen.push_back(e.request.target + " " + std::to_string(http::to_int(e.status)));
                }}});
  const http::handler h = router;
  CHECK(answer(h, post("/v1/add/sum", R"({"a":1})")).body.bytes() == "{\"v\":1}\n");
  CHECK(answer(h, post("/v1/add/concat", "[]")).status == http::status::bad_request);
  CHECK(seen == std::vector<std::string>{"/v1/add/sum 200", "/v1/add/concat 400"});
}

TEST_CASE("router: a path parameter that no field takes is refused when registered") {
  const auto complaint = [](auto add) {
    http::router router;
    try {
      add(router);
    } catch (const kit::error& e) {
      CHECK(e.code() == kit::errc::invalid_argument);
      return std::string(e.what());
    }
    return std::string();
  };
  const auto ep = echo<profile>();
  CHECK(
      complaint([&](auto& r) { r.get("/profiles/{uid}", ep); }) ==
      "router: pattern '/profiles/{uid}': the request has no field 'uid' that can be a parameter");
  CHECK(complaint([&](auto& r) {
          r.any("/{id}/{rest...}", ep);
        }).ends_with("no field 'rest' that can be a parameter"));
  CHECK(complaint([&](auto& r) { r.post("/{id}/{name}", ep).put("/none", ep); }).empty());
  CHECK(complaint([&](auto& r) { r.post("/{x}", kit::nop<kit::empty>()); }).empty());
}

TEST_CASE("router: a typed endpoint is a route's handler for each method") {
  const auto ep = echo<profile>();
  http::router router;
  router.get("/profiles/{id}", ep)
      .put("/profiles/{id}", ep)
      .patch("/profiles/{id}", ep)
      .del("/profiles/{id}", ep)
      .post("/profiles", ep)
      .handle(http::method::search, "/profiles", ep)
      .any("/any/{id}", ep);
  const http::handler h = router;
  CHECK(answer(h, get("/profiles/a%2Fb?name=ann")).body.bytes() ==
        "{\"id\":\"a/b\",\"name\":\"ann\"}\n");
  CHECK(answer(h, with(http::method::put, "/profiles/7", R"({"id":"8","name":"bob"})"))
            .body.bytes() == "{\"id\":\"7\",\"name\":\"bob\"}\n");
  CHECK(answer(h, with(http::method::patch, "/profiles/7", "")).body.bytes() ==
        "{\"id\":\"7\",\"name\":\"\"}\n");
  CHECK(answer(h, with(http::method::del, "/profiles/7?name=x", "")).body.bytes() ==
        "{\"id\":\"7\",\"name\":\"x\"}\n");
  CHECK(answer(h, post("/profiles", R"({"id":"9"})")).body.bytes() ==
        "{\"id\":\"9\",\"name\":\"\"}\n");
  CHECK(answer(h, with(http::method::search, "/profiles", R"({"id":"9"})")).status ==
        http::status::ok);
  CHECK(answer(h, with(http::method::options, "/any/7", "")).body.bytes() ==
        "{\"id\":\"7\",\"name\":\"\"}\n");
}

TEST_CASE("router: a typed route takes hooks") {
  http::router router;
  router.post("/sum", make_add_service().sum,
              {.after = {http::set_response_header("X-Version", "2")}});
  const http::handler h = router;
  CHECK(answer(h, post("/sum", "{}")).headers.get("x-version") == "2");
}

TEST_CASE("router: a typed route and a service read content as strictly as they are told to") {
  const http::handler_options strict{.decode = {.max_bytes = 20, .refuse_unknown = true},
                                     .check_type = true};
  auto hooked = strict;
  hooked.before = {http::populate_request_context};
  http::router router;
  router.post("/lax", make_add_service().sum);
  router.post("/strict", make_add_service().sum, strict);
  router.put("/hooked", make_add_service().sum, hooked);
  router.any("/any", make_add_service().sum, strict);
  router.mount("/service", make_add_service(), strict);
  // What takes the whole request takes any.
  router.post("/raw", kit::endpoint<http::request, http::response>(&untouched), strict);
  const http::handler h = router;
  const auto status = [&](const char* target, std::string content,
                          std::string_view type = "application/json") {
    auto r = post(target, std::move(content), type);
    if (r.target == "/hooked") r.method = http::method::put;
    return http::to_int(answer(h, std::move(r)).status);
  };
  for (const char* target : {"/strict", "/hooked", "/any", "/service/sum"}) {
    CAPTURE(target);
    CHECK(status(target, R"({"a":1})") == 200);
    CHECK(status(target, R"({"c":1})") == 400);
    CHECK(status(target, R"({"a":1})", "text/plain") == 415);
    CHECK(status(target, R"({"a":1})", "") == 415);
    CHECK(status(target, R"({"a":1})" + std::string(14, ' ')) == 413);
  }
  for (const char* target : {"/lax", "/raw"}) {
    CAPTURE(target);
    CHECK(status(target, R"({"c":1})" + std::string(14, ' '), "text/plain") == 200);
  }
}

TEST_CASE("handler_of: a decoder that is given has options of its own") {
  const auto h = http::handler_of(make_add_service().sum, http::json_decoder<sum_request>(),
                                  http::json_encoder<sum_response>(),
                                  {.decode = {.refuse_unknown = true}, .check_type = true});
  CHECK(answer(h, post("/", R"({"c":1})", "text/plain")).status == http::status::ok);
  const auto strict = http::handler_of(make_add_service().sum, {.check_type = true});
  CHECK(answer(strict, post("/", "{}", "text/plain")).status ==
        http::status::unsupported_media_type);
}

TEST_CASE("router: raw handlers stay what they were") {
  const http::handler raw = [](http::request r) -> asio::awaitable<http::response> {
    co_return http::response::text(http::status::accepted, std::string(r.path()));
  };
  http::router router;
  router.get("/raw", raw).mount("/below", raw);
  const http::handler h = router;
  CHECK(answer(h, get("/raw")).body.bytes() == "/raw");
  CHECK(answer(h, get("/below/x")).body.bytes() == "/x");
}

TEST_CASE("router: an endpoint that nobody set is refused when it is mounted") {
  http::router router;
  auto s = make_add_service();
  s.concat = {};
  CHECK_THROWS_AS(router.mount("/", s), kit::error);
  CHECK_THROWS_AS(router.post("/sum", kit::endpoint<sum_request, sum_response>()), kit::error);
}
