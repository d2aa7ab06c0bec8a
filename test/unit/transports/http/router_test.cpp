#include <transports/http/router.hpp>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../../../support/answers.hpp"

namespace http = kit::http;
using http::method;
using http::status;
using test::answer;
using test::says;

namespace {

asio::awaitable<http::response> show_route(http::request req) {
  std::string text = std::string(req.method.name()) + " " + std::string(req.route);
  req.params.for_each([&text](std::string_view name, std::string_view value) {
    text.append(" ").append(name).append("=").append(value);
  });
  co_return http::response::text(status::ok, text);
}

std::string text_of(const http::handler& h, std::string target, method m = method::get) {
  const auto r = answer(h, m, std::move(target));
  return std::to_string(http::to_int(r.status)) + " " + std::string(r.body.text());
}

std::string allow_of(const http::response& r) {
  return std::string(r.headers.get(http::field::allow).value_or("no Allow"));
}

}  // namespace

TEST_CASE("router: a request goes to the route of its method and path") {
  http::router router;
  router.get("/users", says("all")).post("/users", says("add"));
  router.put("/users/{id}", says("put")).patch("/users/{id}", says("patch"));
  router.del("/users/{id}", says("del")).head("/users/{id}", says("head"));
  router.options("/users/{id}", says("options")).any("/any", says("any"));
  router.handle(method("PURGE"), "/users", says("purge"));
  const http::handler h = router;
  CHECK(text_of(h, "/users") == "200 all");
  CHECK(text_of(h, "/users", method::post) == "200 add");
  CHECK(text_of(h, "/users", method("PURGE")) == "200 purge");
  CHECK(text_of(h, "/users/1", method::put) == "200 put");
  CHECK(text_of(h, "/users/1", method::patch) == "200 patch");
  CHECK(text_of(h, "/users/1", method::del) == "200 del");
  CHECK(text_of(h, "/users/1", method::head) == "200 head");
  CHECK(text_of(h, "/users/1", method::options) == "200 options");
  for (auto m : {method(method::get), method(method::options), method("FROB")})
    CHECK(text_of(h, "/any", m) == "200 any");
}

TEST_CASE("router: the handler sees the parameters and the route's pattern") {
  http::router router;
  router.get("/profiles/{id}/addresses/{aid}", &show_route).get("/files/{path...}", &show_route);
  router.any("/any/{x}", &show_route);
  const http::handler h = router;
  CHECK(text_of(h, "/profiles/7/addresses/a%20b?x=1") ==
        "200 GET /profiles/{id}/addresses/{aid} id=7 aid=a b");
  CHECK(text_of(h, "/files/a/b?c/d") == "200 GET /files/{path...} path=a/b");
  CHECK(text_of(h, "/any/1", method::put) == "200 PUT /any/{x} x=1");
}

TEST_CASE("router: an absolute target is taken by its path") {
  http::router router;
  router.get("/a", says("a")).get("/", says("root"));
  const http::handler h = router;
  CHECK(text_of(h, "http://svc/a?x#y") == "200 a");
  CHECK(text_of(h, "http://svc") == "200 root");
  CHECK(text_of(h, "http://svc?q") == "200 root");
}

TEST_CASE("router: no route is a 404") {
  http::router router;
  router.get("/a", says("a"));
  const http::handler h = router;
  for (const char* target : {"/b", "/a/", "/", "/A", "/a/b", "//a", "", "*", "a:443"}) {
    CAPTURE(target);
    const auto r = answer(h, target);
    CHECK(r.status == status::not_found);
    CHECK(r.body.text() == "Not Found");
    CHECK_FALSE(r.headers.contains(http::field::allow));
  }
  CHECK(text_of(http::router(), "/") == "404 Not Found");
}

TEST_CASE("router: another method than the path's is a 405 with Allow") {
  http::router router;
  router.get("/a/{x}", says("get")).post("/a/b", says("post")).put("/{y}/b", says("put"));
  const http::handler h = router;
  const auto r = answer(h, method::del, "/a/b");
  CHECK(r.status == status::method_not_allowed);
  CHECK(r.body.text() == "Method Not Allowed");
  CHECK(allow_of(r) == "GET, HEAD, POST, PUT, OPTIONS");
  CHECK(allow_of(answer(h, method("FROB"), "/a/c")) == "GET, HEAD, OPTIONS");
}

TEST_CASE("router: OPTIONS is answered with what the path takes") {
  http::router router;
  router.post("/a", says("post")).get("/b", says("get"));
  const http::handler h = router;
  const auto a = answer(h, method::options, "/a");
  CHECK(a.status == status::no_content);
  CHECK(a.body.empty());
  CHECK(allow_of(a) == "POST, OPTIONS");
  CHECK(allow_of(answer(h, method::options, "*")) == "GET, HEAD, POST, OPTIONS");
  CHECK(answer(h, method::options, "*").status == status::no_content);
  CHECK(answer(h, method::options, "/c").status == status::not_found);
}

TEST_CASE("router: HEAD goes to the route for GET, and says so") {
  http::router router;
  router.get("/a", &show_route).post("/b", says("b"));
  const http::handler h = router;
  CHECK(text_of(h, "/a", method::head) == "200 HEAD /a");
  CHECK(answer(h, method::head, "/b").status == status::method_not_allowed);
}

TEST_CASE("router: malformed percent-encoding is a 400") {
  http::router router;
  router.get("/a/{x}", says("a")).any("/{rest...}", says("rest"));
  const http::handler h = router;
  CHECK(answer(h, "/a/%4").status == status::bad_request);
  CHECK(answer(h, method::options, "/%zz").status == status::bad_request);
  CHECK(text_of(h, "/a/b?x=%zz") == "200 a");
}

TEST_CASE("router: not_found and method_not_allowed can be replaced") {
  http::router router;
  router.get("/a", says("a")).not_found(says("nothing"));
  struct status_only {
    http::status code;
    asio::awaitable<kit::result<http::response>> try_call(const http::request& req) const {
      return give(http::response::text(code, req.route));
    }
    static asio::awaitable<kit::result<http::response>> give(http::response r) {
      co_return std::move(r);
    }
  };
  router.method_not_allowed(status_only{status::method_not_allowed});
  http::handler h = router;
  CHECK(text_of(h, "/b") == "200 nothing");
  CHECK(text_of(h, "x") == "200 nothing");
  const auto r = answer(h, method::post, "/a");
  CHECK(r.status == status::method_not_allowed);
  CHECK(r.body.text() == "/a");
  CHECK(allow_of(r) == "GET, HEAD, OPTIONS");
  CHECK(answer(h, method::options, "/a").status == status::no_content);

  router.method_not_allowed(status_only{status::not_found}).not_found(says("last"));
  h = router;
  CHECK(allow_of(answer(h, method::post, "/a")) == "no Allow");
  CHECK(text_of(h, "/b") == "200 last");
}

TEST_CASE("router: a replaced method_not_allowed may fail, or set Allow itself") {
  http::router router;
  router.get("/a", says("a"));
  router.method_not_allowed([](http::request) -> asio::awaitable<kit::result<http::response>> {
    co_return kit::fail(kit::errc::unimplemented, "no");
  });
  CHECK_THROWS_AS(answer(router, method::post, "/a"), kit::error);
  router.method_not_allowed([](http::request) -> asio::awaitable<http::response> {
    auto r = http::response::text(status::method_not_allowed, "");
    r.headers.set(http::field::allow, "GET");
    co_return r;
  });
  CHECK(allow_of(answer(router, method::post, "/a")) == "GET");
}

TEST_CASE("router: what a handler throws or returns as an error comes through") {
  http::router router;
  router.get("/throws", [](http::request) -> asio::awaitable<http::response> {
    throw kit::error(kit::errc::not_found, "no such user");
    co_return http::response{};
  });
  kit::testing::loop loop;
  const http::handler h = router;
  http::request req;
  req.target = "/throws";
  const auto started = loop.start(h.try_call(std::move(req)));
  CHECK(started.error() == kit::error(kit::errc::not_found, "no such user"));
}

TEST_CASE("router: a handler made from it keeps the routes of that time") {
  http::router router;
  router.get("/a", says("a"));
  const http::handler before = router;
  router.get("/b", says("b")).use([](http::handler) { return says("changed"); });
  router.not_found(says("nothing"));
  CHECK(text_of(before, "/a") == "200 a");
  CHECK(text_of(before, "/b") == "404 Not Found");
  const http::handler after = router;
  CHECK(text_of(after, "/b") == "200 changed");
}

TEST_CASE("router: the handler needs nothing of the router") {
  http::handler h;
  {
    http::router router;
    router.get("/a/{x}", &show_route);
    h = router;
  }
  CHECK(text_of(h, "/a/1") == "200 GET /a/{x} x=1");
  CHECK(allow_of(answer(h, method::post, "/a/1")) == "GET, HEAD, OPTIONS");
}

TEST_CASE("router: many requests at once are kept apart") {
  http::router router;
  router.get("/a/{x}", &show_route);
  const http::handler h = router;
  kit::testing::loop loop;
  std::vector<kit::testing::started<http::response>> calls;
  for (int i = 0; i < 100; ++i) {
    http::request req;
    req.target = "/a/" + std::to_string(i);
    calls.push_back(loop.start(h(std::move(req))));
  }
  for (int i = 0; i < 100; ++i) {
    CHECK(calls[static_cast<std::size_t>(i)].value().body.text() ==
          "GET /a/{x} x=" + std::to_string(i));
  }
}

TEST_CASE("router: one handler serves several threads") {
  http::router router;
  router.use([](http::handler next) { return next; });
  router.get("/a/{x}", &show_route).post("/b", says("b"));
  const http::handler h = router;
  std::vector<std::string> wrong(4);
  std::vector<std::thread> threads;
  for (auto& out : wrong) {
    threads.emplace_back([&h, &out] {
      for (int i = 0; i < 200; ++i) {
        const auto x = std::to_string(i);
        if (text_of(h, "/a/" + x) != "200 GET /a/{x} x=" + x) out += x;
        if (allow_of(answer(h, "/b")) != "POST, OPTIONS") out += "allow";
        if (text_of(h, "/c") != "404 Not Found") out += "404";
      }
    });
  }
  for (auto& t : threads)
    t.join();
  CHECK(wrong == std::vector<std::string>(4));
}
