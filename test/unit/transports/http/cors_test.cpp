#include <transports/http/cors.hpp>

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <transports/http/router.hpp>

#include "../../../support/answers.hpp"
#include "../../../support/http_server/played_source.hpp"
#include "../../../support/typed_call.hpp"

namespace http = kit::http;
using http::field;
using http::status;
using test::says;
using typed_call::header;

namespace {

http::request from(std::string_view origin, const http::method& m = http::method::get) {
  http::request r{.method = m, .target = "/a"};
  if (!origin.empty()) r.headers.set(field::origin, origin);
  return r;
}
http::request preflight(std::string_view origin, std::string_view wanted,
                        std::string_view fields = "") {
  auto r = from(origin, http::method::options);
  r.headers.set(field::access_control_request_method, wanted);
  if (!fields.empty()) r.headers.set(field::access_control_request_headers, fields);
  return r;
}
http::response ask(const http::cors& layer, http::request r) {
  return typed_call::answer(layer(says("body")), std::move(r));
}
std::string all(const http::response& r, field f) {
  std::string list;
  for (const auto value : r.headers.get_all(f))
    list.append(list.empty() ? "" : ", ").append(value);
  return list;
}
std::string origin_of(const http::response& r) {
  return header(r, field::access_control_allow_origin);
}

const http::cors one({.origins = {"https://app.example", "http://localhost:3000"}});

}  // namespace

TEST_CASE("cors: an origin that is allowed is told so, others are not") {
  for (const char* origin : {"https://app.example", "http://localhost:3000"}) {
    const auto r = ask(one, from(origin));
    CHECK(r.body.text() == "body");
    CHECK(origin_of(r) == origin);
    CHECK(all(r, field::vary) == "Origin");
    CHECK_FALSE(r.headers.contains(field::access_control_allow_credentials));
    CHECK_FALSE(r.headers.contains(field::access_control_allow_methods));
  }
  for (const char* origin : {"", "null", "*", "https://app.example.evil.example",
                             "https://evil.example", "https://app.example:8443",
                             "http://app.example", "https://app.exampl", "HTTPS://app.example"}) {
    CAPTURE(origin);
    const auto r = ask(one, from(origin));
    CHECK(r.status == status::ok);
    CHECK(r.body.text() == "body");
    CHECK(origin_of(r) == "none");
    CHECK(all(r, field::vary) == "Origin");
  }
  auto twice = from("https://app.example");
  twice.headers.add(field::origin, "https://evil.example");
  CHECK(origin_of(ask(one, std::move(twice))) == "none");
}

TEST_CASE("cors: a preflight is answered by itself") {
  const auto r = ask(one, preflight("https://app.example", "PUT", "content-type"));
  CHECK(r.status == status::no_content);
  CHECK(r.body.empty());
  CHECK(origin_of(r) == "https://app.example");
  CHECK(header(r, field::access_control_allow_methods) == "GET, HEAD, POST, PUT, PATCH, DELETE");
  CHECK(header(r, field::access_control_allow_headers) == "Content-Type");
  CHECK(header(r, field::access_control_max_age) == "600");
  CHECK(all(r, field::vary) ==
        "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  CHECK_FALSE(r.headers.contains(field::access_control_expose_headers));
}

TEST_CASE("cors: a preflight of an origin that isn't allowed allows nothing") {
  const auto r = ask(one, preflight("https://evil.example", "PUT", "content-type"));
  CHECK(r.status == status::no_content);
  CHECK(r.headers.size() == 3);  // all of them Vary
  CHECK(r.headers.count(field::vary) == 3);
}

TEST_CASE("cors: what lacks a part of a preflight goes on") {
  CHECK(ask(one, from("https://app.example", http::method::options)).body.text() == "body");
  CHECK(ask(one, preflight("", "PUT")).body.text() == "body");
  auto no_options = preflight("https://app.example", "PUT");
  no_options.method = http::method::get;
  CHECK(ask(one, std::move(no_options)).body.text() == "body");
}

TEST_CASE("cors: any origin is allowed by *, whoever asks") {
  const http::cors any({.origins = {"*"}, .exposed_headers = {"ETag", "X-Total"}});
  for (const char* origin : {"", "null", "https://app.example"}) {
    const auto r = ask(any, from(origin));
    CHECK(origin_of(r) == "*");
    CHECK_FALSE(r.headers.contains(field::vary));
    CHECK(header(r, field::access_control_expose_headers) == "ETag, X-Total");
  }
  CHECK(all(ask(any, preflight("null", "PUT")), field::vary) ==
        "Access-Control-Request-Method, Access-Control-Request-Headers");
}

TEST_CASE("cors: with credentials the origin itself is named") {
  const http::cors c({.origins = {"https://app.example"}, .credentials = true});
  const auto r = ask(c, from("https://app.example"));
  CHECK(origin_of(r) == "https://app.example");
  CHECK(header(r, field::access_control_allow_credentials) == "true");
  const auto p = ask(c, preflight("https://app.example", "GET"));
  CHECK(header(p, field::access_control_allow_credentials) == "true");
  CHECK_FALSE(ask(c, from("https://evil.example"))
                  .headers.contains(field::access_control_allow_credentials));
}

TEST_CASE("cors: a function is asked about origins that aren't listed, never about null") {
  std::vector<std::string> asked;
  const auto ends = [&asked](std::string_view origin) {
    asked.emplace_back(origin);
    return origin.ends_with(".app.example") || origin == "null";
  };
  const http::cors c(
      {.origins = {"https://app.example"}, .allow_origin = ends, .credentials = true});
  CHECK(origin_of(ask(c, from("https://app.example"))) == "https://app.example");
  CHECK(origin_of(ask(c, from("https://b.app.example"))) == "https://b.app.example");
  CHECK(origin_of(ask(c, from("https://app.example.evil"))) == "none");
  CHECK(origin_of(ask(c, from("null"))) == "none");
  CHECK(asked == std::vector<std::string>{"https://b.app.example", "https://app.example.evil"});
  CHECK(origin_of(ask(http::cors({.origins = {"null"}}), from("null"))) == "null");
}

TEST_CASE("cors: any method and any field are allowed by repeating what is asked for") {
  const http::cors c({.origins = {"https://app.example"},
                      .methods = {"*"},
                      .headers = {"*"},
                      .credentials = true,
                      .max_age = std::chrono::seconds(0)});
  const auto r = ask(c, preflight("https://app.example", "PURGE", "authorization,x-a"));
  CHECK(header(r, field::access_control_allow_methods) == "PURGE");
  CHECK(header(r, field::access_control_allow_headers) == "authorization,x-a");
  CHECK(header(r, field::access_control_max_age) == "0");
  const auto bad = ask(c, preflight("https://app.example", "A B"));
  CHECK_FALSE(bad.headers.contains(field::access_control_allow_methods));
  CHECK_FALSE(bad.headers.contains(field::access_control_allow_headers));
}

TEST_CASE("cors: a private network is opened only where that is said and asked for") {
  auto asks = [] {
    auto r = preflight("https://app.example", "GET");
    r.headers.set("Access-Control-Request-Private-Network", "true");
    return r;
  };
  const http::cors open({.origins = {"https://app.example"}, .private_network = true});
  CHECK(ask(open, asks()).headers.get("Access-Control-Allow-Private-Network") == "true");
  CHECK(all(ask(open, asks()), field::vary).ends_with("Access-Control-Request-Private-Network"));
  CHECK_FALSE(ask(open, preflight("https://app.example", "GET"))
                  .headers.contains("Access-Control-Allow-Private-Network"));
  CHECK_FALSE(ask(one, asks()).headers.contains("Access-Control-Allow-Private-Network"));
}

TEST_CASE("cors: failures are marked, too, and stay failures") {
  const http::handler fails = [](http::request) -> asio::awaitable<http::response> {
    throw kit::error(kit::errc::not_found, "no such thing")
        .with(http::error_headers{{{"X-Own", "1"}, {"Vary", "Accept"}}});
    co_return http::response{};
  };
  kit::testing::loop loop;
  const auto call = loop.start(one(fails).try_call(from("https://app.example")));
  REQUIRE_FALSE(call.value());
  CHECK(call.error() == kit::error(kit::errc::not_found, "no such thing"));
  const auto r = http::error_response(call.error());
  CHECK(r.status == status::not_found);
  CHECK(origin_of(r) == "https://app.example");
  CHECK(r.headers.get("X-Own") == "1");
  CHECK(all(r, field::vary) == "Accept, Origin");
}

TEST_CASE("cors: replaces what a handler set, and keeps its Vary") {
  const http::handler own = [](http::request) -> asio::awaitable<http::response> {
    auto r = http::response::text(status::ok, "own");
    r.headers.set(field::access_control_allow_origin, "*");
    r.headers.set(field::vary, "accept, origin");
    co_return r;
  };
  const auto r = typed_call::answer(one(own), from("https://app.example"));
  CHECK(r.headers.count(field::access_control_allow_origin) == 1);
  CHECK(origin_of(r) == "https://app.example");
  CHECK(all(r, field::vary) == "accept, origin");
  CHECK(origin_of(typed_call::answer(one(own), from("https://evil.example"))) == "none");
}

TEST_CASE("cors: in a router it covers what the router answers by itself, and groups apart") {
  http::router router;
  router.get("/a", says("a"));
  router.group("/api", one).get("/b", says("b"));
  const http::handler h = router;
  auto p = preflight("https://app.example", "PUT");
  CHECK(origin_of(typed_call::answer(h, p)) == "none");
  CHECK(header(typed_call::answer(h, p), field::allow) == "GET, HEAD, OPTIONS");
  p.target = "/api/b";
  CHECK(origin_of(typed_call::answer(h, p)) == "https://app.example");
  auto wrong = from("https://app.example", http::method::put);
  wrong.target = "/api/b";
  const auto refused = typed_call::answer(h, wrong);
  CHECK(refused.status == status::method_not_allowed);
  CHECK(origin_of(refused) == "https://app.example");

  router.use(one);
  auto lost = from("https://app.example");
  lost.target = "/nowhere";
  for (const http::handler& whole : {http::handler(router), one(h)}) {
    CHECK(origin_of(typed_call::answer(whole, from("https://app.example"))) ==
          "https://app.example");
    const auto r = typed_call::answer(whole, lost);
    CHECK(r.status == status::not_found);
    CHECK(origin_of(r) == "https://app.example");
  }
}

TEST_CASE("cors: streams are marked and not touched") {
  test::streaming s;
  const auto r = typed_call::answer(one(s.handler()), [] {
    auto req = from("https://app.example");
    req.target = "/stream";
    return req;
  }());
  CHECK(origin_of(r) == "https://app.example");
  CHECK(r.body.source() == s.source);
  CHECK(s.source->reads == 0);
}

TEST_CASE("cors: refuses what is forbidden or could never match") {
  const auto says_why = [](http::cors_options o, std::string_view part) {
    try {
      const http::cors c(std::move(o));
      FAIL("taken: ", part);
    } catch (const kit::error& e) {
      CHECK(e.code() == kit::errc::invalid_argument);
      CHECK_MESSAGE(e.message().find(part) != std::string_view::npos, e.message());
    }
  };
  says_why({.origins = {"*"}, .credentials = true}, "origins: any");
  says_why({.exposed_headers = {"*"}, .credentials = true}, "exposed_headers: any");
  for (const char* origin :
       {"", "app.example", "https://", "://a", "https://app.example/", "https://App.example",
        "https://app.example/path", "https://a b", "https://*.app.example",
        "https://app.example:443", "http://app.example:80", "https://u@app.example",
        "https://a,https://b", "Null"}) {
    CAPTURE(origin);
    says_why({.origins = {origin}}, "origins: '" + std::string(origin) + "'");
  }
  says_why({.methods = {"GET, POST"}}, "methods");
  says_why({.headers = {"X Y"}}, "headers");
  says_why({.exposed_headers = {""}}, "exposed_headers");
  says_why({.max_age = std::chrono::seconds(-1)}, "max_age");
  CHECK_NOTHROW(http::cors({.origins = {"http://[::1]:8080", "app://-", "http://localhost"}}));
}
