#include <transports/http/router.hpp>

#include <string>
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

asio::awaitable<http::response> show_target(http::request req) {
  std::string text = req.target + " of " + req.original_target + " by " + std::string(req.route);
  req.params.for_each([&text](std::string_view name, std::string_view value) {
    text.append(" ").append(name).append("=").append(value);
  });
  co_return http::response::text(status::ok, text);
}

std::string text_of(const http::handler& h, std::string target, method m = method::get) {
  const auto r = answer(h, m, std::move(target));
  return std::to_string(http::to_int(r.status)) + " " + std::string(r.body.text());
}

// A middleware that puts its mark, and the name it was told, into a field of the answer.
class mark {
 public:
  explicit mark(std::string text) : text_(std::move(text)) {}

  http::handler operator()(http::handler next, std::string_view name) const {
    return layer{std::move(next), text_ + "(" + std::string(name) + ")"};
  }

 private:
  struct layer {
    http::handler next;
    std::string text;
    asio::awaitable<kit::result<http::response>> try_call(http::request req) const {
      return run(next, text, std::move(req));
    }
    static asio::awaitable<kit::result<http::response>> run(http::handler next, std::string text,
                                                            http::request req) {
      auto r = co_await next.try_call(std::move(req));
      if (r) r->headers.add("X-Mark", text);
      co_return r;
    }
  };
  std::string text_;
};

// The marks from the innermost on.
std::string marks(const http::response& r) {
  std::string out;
  for (const auto m : r.headers.get_all("x-mark"))
    out += std::string(out.empty() ? "" : " ") + std::string(m);
  return out;
}

template <class F>
std::string refusal(F f) {
  try {
    f();
  } catch (const kit::error& e) {
    CHECK(e.code() == kit::errc::invalid_argument);
    return e.what();
  }
  return "";
}
std::string refusal_of(const http::router& r) {
  return refusal([&r] { const http::handler h = r; });
}

}  // namespace

TEST_CASE("router: use wraps all routes, the first outermost, and tells their names") {
  http::router router;
  router.use(mark("a"), mark("b"));
  router.get("/x/{id}", says("x")).any("/y", says("y"));
  router.use(mark("c"));
  const http::handler h = router;
  CHECK(marks(answer(h, "/x/1")) == "c(GET /x/{id}) b(GET /x/{id}) a(GET /x/{id})");
  CHECK(marks(answer(h, "/y")) == "c(/y) b(/y) a(/y)");
}

TEST_CASE("router: use wraps what the router answers by itself, too") {
  http::router router;
  router.use(mark("m"));
  router.get("/x", says("x"));
  const http::handler h = router;
  CHECK(marks(answer(h, "/nothing")) == "m()");
  CHECK(marks(answer(h, method::post, "/x")) == "m()");
  CHECK(marks(answer(h, method::options, "/x")) == "m()");
  CHECK(marks(answer(h, method::options, "*")) == "m()");
  CHECK(marks(answer(h, "/%")) == "m()");
}

TEST_CASE("router: interceptors are taken as middlewares, and are told the name") {
  struct counter {
    std::shared_ptr<std::vector<std::string>> names;
    void enter(kit::call& c) { names->emplace_back(c.name()); }
  };
  http::router router;
  auto names = std::make_shared<std::vector<std::string>>();
  router.use(counter{names}).get("/x", says("x"));
  const http::handler h = router;
  answer(h, method::head, "/x");
  answer(h, "/y");
  CHECK(*names == std::vector<std::string>{"GET /x", ""});
}

TEST_CASE("router: groups nest, their middlewares from the outside in") {
  http::router router;
  router.use(mark("all"));
  auto api = router.group("/api", mark("api"));
  api.get("", says("api")).get("/", says("api/"));
  auto admin = api.group("/{tenant}", mark("tenant"), mark("admin"));
  admin.get("/x", says("x"));
  auto plain = admin.group("");
  plain.get("/y", says("y"));
  plain.use(mark("y"));
  router.get("/x", says("outside"));
  const http::handler h = router;
  CHECK(text_of(h, "/api") == "200 api");
  CHECK(text_of(h, "/api/") == "200 api/");
  CHECK(marks(answer(h, "/api")) == "api(GET /api) all(GET /api)");
  const std::string name = "(GET /api/{tenant}/x)";
  CHECK(marks(answer(h, "/api/t/x")) ==
        "admin" + name + " tenant" + name + " api" + name + " all" + name);
  CHECK(marks(answer(h, "/api/t/y")).starts_with("y(GET /api/{tenant}/y) admin("));
  CHECK(marks(answer(h, "/x")) == "all(GET /x)");
}

TEST_CASE("router: a 405 and OPTIONS go through the middlewares of the route's group") {
  http::router router;
  auto api = router.group("/api", mark("api"));
  api.get("/x", says("x"));
  const http::handler h = router;
  CHECK(marks(answer(h, method::options, "/api/x")) == "api()");
  CHECK(marks(answer(h, method::post, "/api/x")) == "api()");
  CHECK(marks(answer(h, "/api/y")) == "");
}

TEST_CASE("router: a mounted router's routes are part of the whole") {
  http::router users;
  users.use(mark("users"));
  users.get("", says("all")).get("/{id}", &show_target).post("/{id}", says("post"));
  http::router router;
  router.mount("/users", users).mount("/v2/{v}", users);
  router.get("/users/me", says("me"));
  const http::handler h = router;
  CHECK(text_of(h, "/users") == "200 all");
  CHECK(text_of(h, "/users/me") == "200 me");
  CHECK(text_of(h, "/users/7?x") == "200 /users/7?x of  by /users/{id} id=7");
  CHECK(text_of(h, "/users/me", method::post) == "200 post");
  CHECK(marks(answer(h, "/v2/a/7")) == "users(GET /v2/{v}/{id})");
  CHECK(answer(h, method::put, "/users/me").headers.get("allow") == "GET, HEAD, POST, OPTIONS");
}

TEST_CASE("router: what is added to a mounted router later counts, until it is a handler") {
  http::router inner;
  http::router router;
  router.mount("/", inner);
  inner.get("/x", says("x"));
  CHECK(text_of(router, "/x") == "200 x");
}

TEST_CASE("router: a mounted handler sees the rest of the path") {
  http::router router;
  router.mount("/static", &show_target).mount("/t/{tenant}/files", &show_target);
  router.get("/static/special", says("special"));
  const http::handler h = router;
  CHECK(text_of(h, "/static/a/b.css?v=1") ==
        "200 /a/b.css?v=1 of /static/a/b.css?v=1 by /static/{...}");
  CHECK(text_of(h, "/static") == "200 / of /static by /static/{...}");
  CHECK(text_of(h, "/static/") == "200 / of /static/ by /static/{...}");
  CHECK(text_of(h, "/static?v?w") == "200 /?v?w of /static?v?w by /static/{...}");
  CHECK(text_of(h, "/static?") == "200 /? of /static? by /static/{...}");
  CHECK(text_of(h, "/static//x") == "200 //x of /static//x by /static/{...}");
  CHECK(text_of(h, "/%73tatic/%2F%20", method::put) ==
        "200 /%2F%20 of /%73tatic/%2F%20 by /static/{...}");
  CHECK(text_of(h, "/t/a%2Fb/files/c") ==
        "200 /c of /t/a%2Fb/files/c by /t/{tenant}/files/{...} tenant=a/b");
  CHECK(text_of(h, "http://a/static/x?y#z") ==
        "200 /x?y of http://a/static/x?y#z by /static/{...}");
  CHECK(text_of(h, "/static/special") == "200 special");
  CHECK(text_of(h, "/statics") == "404 Not Found");
  CHECK(text_of(h, "/") == "404 Not Found");
}

TEST_CASE("router: a handler mounted at the root takes all that is left") {
  http::router router;
  router.get("/x", says("x")).mount("/", &show_target);
  const http::handler h = router;
  CHECK(text_of(h, "/x") == "200 x");
  CHECK(text_of(h, "/x", method::options) == "200 /x of /x by /{...}");
  CHECK(text_of(h, "/y/z") == "200 /y/z of /y/z by /{...}");
}

TEST_CASE("router: a router mounted as a handler routes the rest, and the first target stays") {
  http::router innermost;
  innermost.mount("/c", &show_target);
  http::router inner;
  inner.mount("/b", http::handler(innermost)).get("/x/{id}", &show_target);
  http::router router;
  router.mount("/a/{outer}", http::handler(inner));
  const http::handler h = router;
  CHECK(text_of(h, "/a/1/x/2?q") == "200 /x/2?q of /a/1/x/2?q by /x/{id} outer=1 id=2");
  CHECK(text_of(h, "/a/1/b/c/d") == "200 /d of /a/1/b/c/d by /c/{...} outer=1");
  CHECK(text_of(h, "/a/1/y") == "404 Not Found");
}

TEST_CASE("router: middlewares outside a mounted handler see the whole target, and its name") {
  http::router router;
  router.use([](http::handler next, std::string_view name) -> http::handler {
    struct layer {
      http::handler next;
      std::string name;
      asio::awaitable<kit::result<http::response>> try_call(http::request req) const {
        CHECK(req.target == "/static/a");
        CHECK(req.route == name);
        return next.try_call(std::move(req));
      }
    };
    return layer{std::move(next), std::string(name)};
  });
  router.mount("/static", &show_target);
  CHECK(text_of(router, "/static/a") == "200 /a of /static/a by /static/{...}");
}

TEST_CASE("router: a group's not_found answers below its prefix, within its middlewares") {
  http::router router;
  router.use(mark("all")).not_found(says("root"));
  auto api = router.group("/api/{v}", mark("api"));
  api.get("/x", says("x")).not_found(&show_target);
  auto plain = api.group("/plain", mark("plain"));
  plain.get("/y", says("y"));
  const http::handler h = router;
  CHECK(text_of(h, "/api") == "200 root");
  CHECK(text_of(h, "/api/1") == "200 /api/1 of  by  v=1");
  CHECK(text_of(h, "/api/1/") == "200 /api/1/ of  by  v=1");
  CHECK(text_of(h, "/api/1/plain/z") == "200 /api/1/plain/z of  by  v=1");
  CHECK(marks(answer(h, "/api/1/plain/z")) == "api() all()");
  CHECK(marks(answer(h, "/z")) == "all()");
  CHECK(text_of(h, "/api/1/x") == "200 x");
}

TEST_CASE("router: the nearest method_not_allowed answers") {
  http::router router;
  router.method_not_allowed(says("root")).get("/x", says("x"));
  auto api = router.group("/api", mark("api")).method_not_allowed(says("api"));
  api.get("/x", says("x"));
  api.group("/sub").get("/x", says("x"));
  const http::handler h = router;
  CHECK(text_of(h, "/x", method::put) == "200 root");
  CHECK(text_of(h, "/api/x", method::put) == "200 api");
  CHECK(text_of(h, "/api/sub/x", method::put) == "200 api");
  CHECK(marks(answer(h, method::put, "/api/sub/x")) == "api()");
}

TEST_CASE("router: malformed patterns and empty handlers are refused where they are given") {
  http::router r;
  CHECK(refusal([&] { r.get("x", says("")); }) ==
        "router: pattern 'x': it must start with a slash");
  CHECK(refusal([&] { r.any("/{", says("")); }).starts_with("router: pattern '/{': "));
  CHECK(refusal([&] { r.get("/x", http::handler()); }) == "router: the handler of /x is empty");
  CHECK(refusal([&] { r.any("/x", http::handler()); }) == "router: the handler of /x is empty");
  CHECK(refusal([&] { r.mount("/x", http::handler()); }) == "router: the handler of /x is empty");
  CHECK(refusal([&] { r.not_found({}); }) == "router: the handler of not_found is empty");
  CHECK(refusal([&] { r.method_not_allowed({}); }) ==
        "router: the handler of method_not_allowed is empty");
  CHECK(refusal([&] { r.group("/x/"); }).ends_with("a prefix must not end with a slash"));
  CHECK(refusal([&] { r.mount("/{x...}", says("")); }).ends_with("must not end with 'x...'"));
  CHECK(refusal_of(r) == "");
  CHECK(text_of(r, "/x") == "404 Not Found");
}

TEST_CASE("router: what shows only in the whole is refused when it becomes a handler") {
  http::router root;
  root.get("", says(""));
  CHECK(refusal_of(root) == "router: pattern '': it must start with a slash");

  http::router twice;
  twice.group("/{id}").get("/x/{id}", says(""));
  CHECK(refusal_of(twice) == "router: pattern '/{id}/x/{id}': two parameters are named 'id'");

  http::router mounted;
  mounted.get("/a/{x}", says(""));
  mounted.group("/a").get("/{y}", says(""));
  CHECK(refusal_of(mounted) ==
        "router: two routes for the same requests: 'GET /a/{x}' and 'GET /a/{y}'");

  http::router handlers;
  handlers.mount("/a", says("")).any("/a", says(""));
  CHECK(refusal_of(handlers) == "router: two routes for the same requests: '/a' and '/a/{...}'");

  http::router not_found;
  not_found.not_found(says(""));
  not_found.group("").not_found(says(""));
  CHECK(refusal_of(not_found) ==
        "router: two not_found handlers for the same requests: '/{...}' and '/{...}'");
}

TEST_CASE("router: it can't be mounted in itself, not even over others") {
  http::router a;
  CHECK(refusal([&] { a.mount("/x", a); }) == "router: mounted in itself at '/x'");
  auto b = a.group("/b");
  auto c = b.group("/c");
  CHECK(refusal([&] { c.mount("/x", a); }) == "router: mounted in itself at '/x'");
  CHECK(refusal([&] { c.mount("/x", b); }) == "router: mounted in itself at '/x'");
  CHECK(refusal_of(a) == "");
}
