#include <transports/http/hooks.hpp>

#include <string>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/this_context.hpp>
#include <transports/http/handler_of.hpp>

#include "test/support/typed_call.hpp"

namespace http = kit::http;

namespace {

http::request_info populated(http::request r, const kit::context& ctx = {}) {
  return *http::populate_request_context(ctx, r).get<http::request_info>();
}

}  // namespace

TEST_CASE(
    "populate: method, URI, path and request id are in the context "
    "[transport/http/populate:1]") {
  http::request r{.method = http::method::patch, .target = "/search?q=sympatico"};
  r.headers.set("X-Request-Id", "a1b2c3d4e5");
  const auto info = populated(r);
  CHECK(info.method == "PATCH");
  CHECK(info.uri == "/search?q=sympatico");
  CHECK(info.path == "/search");
  CHECK(info.x_request_id == "a1b2c3d4e5");
}

TEST_CASE("populate: all else of the request, too") {
  http::request r{.version = http::version::http_1_0, .target = "/a%20b/%zz"};
  r.headers.add("Host", "example.com:8080");
  r.headers.add("X-Forwarded-For", "10.0.0.1");
  r.headers.add("X-Forwarded-For", "10.0.0.2, 10.0.0.3");
  r.headers.add("X-Forwarded-Proto", "https");
  r.headers.add("Referer", "http://example.com/");
  r.headers.add("User-Agent", "curl/8");
  r.headers.add("Accept", "*/*");
  auto info =
      populated(r, kit::context().with(kit::connection_info{"10.0.0.7:50412", "127.0.0.1:8080"}));
  CHECK(info.protocol == "HTTP/1.0");
  CHECK(info.host == "example.com:8080");
  CHECK(info.remote_address == "10.0.0.7:50412");
  CHECK(info.x_forwarded_for == "10.0.0.1, 10.0.0.2, 10.0.0.3");
  CHECK(info.x_forwarded_proto == "https");
  CHECK(info.referer == "http://example.com/");
  CHECK(info.user_agent == "curl/8");
  CHECK(info.accept == "*/*");
  CHECK(info.path == "/a%20b/%zz");  // malformed: as it came
  r.target = "/a%20b";
  CHECK(populated(r).path == "/a b");
}

TEST_CASE("populate: what is missing is empty") {
  const auto info = populated({});
  CHECK(info.method == "GET");
  CHECK(info.uri == "/");
  CHECK(info.protocol == "HTTP/1.1");
  for (const auto& text :
       {info.host, info.remote_address, info.x_forwarded_for, info.x_forwarded_proto,
        info.authorization, info.referer, info.user_agent, info.x_request_id, info.accept}) {
    CHECK(text.empty());
  }
}

TEST_CASE("populate: below a mount point the URI is the one the client sent") {
  http::request r{.target = "/users?x=1"};
  r.original_target = "/api/users?x=1";
  CHECK(populated(r).uri == "/api/users?x=1");
  CHECK(populated(r).path == "/users");
}

TEST_CASE(
    "populate: middlewares around the endpoint find the credentials "
    "[transport/http/populate:2]") {
  struct shows {
    static asio::awaitable<std::string> run(kit::empty) {
      const kit::context& ctx = co_await kit::this_context();
      co_return ctx.get<http::request_info>()->authorization;
    }
  };
  const auto h = http::handler_of(
      kit::endpoint<kit::empty, std::string>([](kit::empty e) { return shows::run(e); }),
      {.before = {http::populate_request_context}});
  auto r = typed_call::get("/");
  r.headers.set("Authorization", "Basic dXNlcjpwYXNz");
  CHECK(typed_call::answer(h, std::move(r)).body.bytes() == "\"Basic dXNlcjpwYXNz\"\n");
}

TEST_CASE("hooks: fields and the content type are set, not added [transport/http/populate:3]") {
  http::response r;
  r.headers.add("X-A", "1");
  r.headers.add("X-A", "2");
  r.headers.add("Content-Type", "text/html");
  http::set_response_header("x-a", "3")({}, r);
  http::set_content_type("text/plain")({}, r);
  CHECK(r.headers.get_all("x-a") == std::vector<std::string_view>{"3"});
  CHECK(r.headers.get_all("content-type") == std::vector<std::string_view>{"text/plain"});

  http::request q;
  q.headers.add("X-A", "1");
  http::set_request_header("X-A", "2")({}, q);
  CHECK(q.headers.get_all("x-a") == std::vector<std::string_view>{"2"});
}

TEST_CASE("hooks: they hand on the context they got") {
  const auto ctx = kit::context().with(7);
  http::request q;
  http::response r;
  CHECK(http::set_request_header("a", "b")(ctx, q) == ctx);
  CHECK(http::set_response_header("a", "b")(ctx, r) == ctx);
}

TEST_CASE("hooks: a field that could not be sent is refused when the hook is made") {
  CHECK_THROWS_AS(http::set_response_header("a b", "c"), kit::error);
  CHECK_THROWS_AS(http::set_request_header("a", "b\r\nc: d"), kit::error);
  CHECK_THROWS_AS(http::set_content_type("\n"), kit::error);
}
