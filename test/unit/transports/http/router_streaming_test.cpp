// Routes that take streamed bodies, and those that don't, behind a server.
#include <chrono>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/testing/memory_network.hpp>
#include <transports/http/router.hpp>
#include <transports/http/server.hpp>

#include "../../../support/http_server/memory_world.hpp"

namespace http = kit::http;
using test::http_client;
using test::memory_world;

namespace {

// What kind of body it got, and how long it was.
asio::awaitable<http::response> tell(http::request r) {
  const bool stream = r.body.is_stream();
  std::size_t size = 0;
  while (const auto chunk = co_await r.body.read())
    size += chunk->size();
  const auto trailer = r.body.trailers().get("x-sum").value_or("none");
  co_return http::response::text(
      http::status::ok,
      (stream ? "stream " : "bytes ") + std::to_string(size) + " " + std::string(trailer));
}

struct text {
  std::string s;
};
asio::awaitable<text> repeat(text t) {
  co_return text{t.s + t.s};
}

http::router routes() {
  http::router r;
  r.post("/stream", http::streaming(tell));
  r.post("/bytes", tell);
  r.post("/typed", kit::endpoint(repeat));
  r.mount("/files", http::streaming(tell));
  auto group = r.group("/group");
  group.any("/stream", http::streaming(tell));
  group.any("/bytes", tell);
  group.not_found(tell);
  group.method_not_allowed(tell);
  group.get("/get", tell);
  return r;
}

http::server_options small() {
  return {.limits = {.max_body_bytes = 50}, .stream_request_bodies = true};
}

std::string head(const std::string& path, std::size_t size) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) +
         "\r\n\r\n";
}

// Sends the head first, so that the body is a stream for the server.
test::http_answer post(memory_world& w, http_client& c, const std::string& path,
                       const std::string& body) {
  c.send(head(path, body.size()));
  w.run();
  c.send(body);
  return c.answer();
}

}  // namespace

TEST_CASE("router, streaming: such routes get streams, the others bytes") {
  memory_world w(routes(), small());
  http_client c(w);
  const std::string body(50, 'x');
  for (const char* path : {"/stream", "/files/a", "/group/stream"}) {
    CAPTURE(path);
    CHECK(post(w, c, path, body).body == "stream 50 none");
  }
  for (const char* path : {"/bytes", "/group/bytes", "/group/none", "/group/get"}) {
    CAPTURE(path);
    CHECK(post(w, c, path, body).body == "bytes 50 none");
  }
  CHECK(post(w, c, "/typed", R"({"s":"ab"})").body == "{\"s\":\"abab\"}\n");
}

TEST_CASE("router, streaming: a body that comes with its head is bytes for all") {
  memory_world w(routes(), small());
  http_client c(w);
  CHECK(c.post("/stream", "abc").answer().body == "bytes 3 none");
  CHECK(c.post("/bytes", "abc").answer().body == "bytes 3 none");
}

TEST_CASE("router, streaming: trailers come along") {
  memory_world w(routes(), small());
  http_client c(w);
  for (const auto& [path, kind] : {std::pair("/stream", "stream"), std::pair("/bytes", "bytes")}) {
    c.send("POST " + std::string(path) +
           " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    w.run();
    c.send("0\r\nX-Sum: 3\r\n\r\n");
    CHECK(c.answer().body == std::string(kind) + " 3 3");
  }
}

TEST_CASE("router, streaming: bytes have the server's limit") {
  memory_world w(routes(), small());
  for (const char* path : {"/bytes", "/typed", "/group/bytes", "/group/none"}) {
    CAPTURE(path);
    http_client c(w);
    c.send(head(path, 51));
    CHECK(c.answer().status == 413);  // not read at all
    http_client chunked(w);
    chunked.send("POST " + std::string(path) +
                 " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n33\r\n" +
                 std::string(51, 'x') + "\r\n0\r\n\r\n");
    CHECK(chunked.answer().status == 413);
  }
  http_client c(w);
  CHECK(post(w, c, "/stream", std::string(51, 'x')).body == "stream 51 none");
}

TEST_CASE("router, streaming: what no route takes isn't read") {
  memory_world w(routes(), small());
  http_client c(w);
  c.send(head("/none", 1 << 20));
  const auto a = c.answer();
  CHECK(a.status == 404);
  CHECK(a.header("connection") == "close");
  http_client wrong(w);
  wrong.send("PUT /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
  CHECK(wrong.answer().status == 405);
  wrong.send("0123456789");
  CHECK(wrong.get("/none").answer().status == 404);
}

TEST_CASE("router, streaming: a body that fails is answered for routes that want bytes") {
  memory_world w(routes(), small());
  http_client c(w);
  c.send("POST /bytes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  w.run();
  c.send("nonsense\r\n");
  CHECK(c.answer().status == 400);
  CHECK(c.closed());
}

TEST_CASE("router, streaming: a router knows whether it has such routes") {
  http::router inner, router;
  router.post("/a", tell);
  router.mount("/in", inner);
  CHECK_FALSE(router.has_streaming());
  SUBCASE("of its own") {
    router.put("/b", http::streaming(tell));
  }
  SUBCASE("of a group") {
    router.group("/group").any("/x", http::streaming(tell));
  }
  SUBCASE("of one mounted before") {
    inner.patch("/x", http::streaming(tell));
  }
  SUBCASE("a mounted handler") {
    router.mount("/files", http::streaming(tell));
  }
  CHECK(router.has_streaming());
}

TEST_CASE("router, streaming: a server made from a router streams if that does") {
  kit::testing::loop loop;
  kit::testing::memory_network network(loop.get_executor(), kit::random_source(1));
  http::router router;
  router.post("/a", http::streaming(tell));
  std::string expected = "stream 6 none";
  SUBCASE("it does") {}
  SUBCASE("it doesn't") {
    router = http::router();
    router.post("/a", tell);
    expected = "bytes 6 none";
  }
  SUBCASE("it can't be seen") {
    router = http::router();
    router.post("/a", http::handler(http::streaming(tell).answer));
    expected = "bytes 6 none";
  }
  http::server server(loop.get_executor(), router, {.address = "server", .port = 80},
                      network.host("server"));
  const auto running = loop.start(server.run());
  auto connected = loop.start(network.host("client").connect("server:80"));
  auto& stream = dynamic_cast<kit::testing::memory_stream&>(*connected.value().stream);
  stream.put(head("/a", 6) + "abc");
  loop.run();
  stream.put("def");
  loop.run();
  CHECK(stream.take().ends_with(expected));
  server.stop();
  loop.advance(std::chrono::seconds(1));
  CHECK(running.done());
}

TEST_CASE("router: what a layer refuses isn't read, nor decoded, whatever the route takes") {
  struct refusing {
    int* calls;
    kit::result<void> enter(kit::call&) {
      ++*calls;
      return kit::fail(kit::error(kit::errc::unavailable, "overloaded")
                           .with_retry_after(std::chrono::milliseconds(1500)));
    }
  };
  int calls = 0;
  auto r = routes();
  r.use(kit::chain(refusing{&calls}));
  memory_world w(r, small());
  for (const char* path :
       {"/bytes", "/typed", "/stream", "/files/x", "/group/bytes", "/group/none"}) {
    CAPTURE(path);
    http_client c(w);
    c.send("POST " + std::string(path) +
           " HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\nExpect: 100-continue\r\n\r\n");
    const auto answer = c.answer();  // and not `100 Continue`
    CHECK(answer.status == 503);
    CHECK(answer.body == "overloaded");
    CHECK(answer.header("retry-after") == "2");
  }
  CHECK(calls == 6);
}
