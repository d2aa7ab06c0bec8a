#pragma once

// Test cases of the HTTP server, over each of HTTP_WORLDS: what callers and proxies say, and what
// is told of requests.

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/credentials.hpp>
#include <kit/metadata.hpp>
#include <transports/http/access_log.hpp>
#include <transports/http/router.hpp>

#include "held.hpp"
#include "played_source.hpp"
#include "told.hpp"
#include "world.hpp"

namespace test {

TEST_CASE_TEMPLATE("http server: the access log tells of each request when it is over", World,
                   HTTP_WORLDS) {
  told t;
  held h;
  http::router router;
  router.any("/{x}", h.handler());
  World w(router, http::server_options{.access_log = t.log()});
  http_client c(w);
  c.post("/a?b", "abc");
  w.advance(2s);
  CHECK(t.lines->empty());
  h[0].answer(http::response::text(http::status::created, "hello"));
  CHECK(c.answer().status == 201);
  CHECK(t.last() == "POST /a?b [/{x}] 201 3>5 completed");
  CHECK(t.times->back() == 2s);

  c.send("HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n");
  w.run();
  h[1].answer(http::response::text(http::status::ok, "hello"));
  CHECK(c.answer(true).status == 200);
  CHECK(t.last() == "HEAD /b [/{x}] 200 0>0 completed");

  CHECK(c.get("/x/y").answer().status == 404);
  CHECK(t.last().starts_with("GET /x/y [] 404 0>"));
  c.send("nonsense\r\n\r\n");
  CHECK(c.answer().status == 400);
  CHECK(t.last().find(" [] 400 0>") != std::string::npos);
  CHECK(t.lines->size() == 4);
}

TEST_CASE_TEMPLATE("http server: the access log tells of pipelined requests in their order", World,
                   HTTP_WORLDS) {
  told t;
  World w(tell_target, http::server_options{.access_log = t.log()});
  http_client c(w);
  c.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(c.answer().body == "/1");
  CHECK(c.answer().body == "/2");
  CHECK(*t.lines ==
        std::vector<std::string>{"GET /1 [] 200 0>2 completed", "GET /2 [] 200 0>2 completed"});
}

TEST_CASE_TEMPLATE("http server: the access log tells what is known of requests that were refused",
                   World, HTTP_WORLDS) {
  told t;
  World w([](http::request) -> asio::awaitable<http::response> { co_return http::response(); },
          http::server_options{.access_log = t.log()});
  http_client(w).get("/before").send("POST /a HTTP/1.1\r\nHost: a\r\nExpect: foo\r\n\r\n");
  http_client(w).send("PUT /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
  http_client(w).send("DELETE /c HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  REQUIRE(w.settle([&] { return t.lines->size() == 4; }));
  std::string all;
  for (const auto& l : *t.lines)
    all += l.substr(0, l.find('>')) + "\n";
  CHECK(all == "GET /before [] 200 0\nPOST /a [] 417 0\nPUT /b [] 400 0\nDELETE /c [] 400 0\n");
}

TEST_CASE_TEMPLATE("http server: the access log tells of clients that went away", World,
                   HTTP_WORLDS) {
  told t;
  held h;
  World w(h.handler(), http::server_options{.access_log = t.log()});
  {
    http_client c(w);
    c.get("/gone");
    w.run();
    c.reset();
    w.run();
  }
  REQUIRE(w.settle([&] { return t.lines->size() == 1; }));
  CHECK(t.last() == "GET /gone [] 499 0>0 client_gone");
  {
    http_client c(w);
    c.get("/large");
    w.run();
    h[1].answer(http::response::text(http::status::ok, std::string(50'000'000, 'x')));
    w.run();
    CHECK(t.lines->size() == 1);  // it isn't sent yet
    c.reset();
    w.run();
  }
  REQUIRE(w.settle([&] { return t.lines->size() == 2; }));
  CHECK(t.last() == "GET /large [] 200 0>50000000 client_gone");
}

TEST_CASE_TEMPLATE("http server: the access log tells of streams, and of those that broke", World,
                   HTTP_WORLDS) {
  told t;
  streaming s;
  World w(s.handler(), http::server_options{.access_log = t.log()});
  {
    http_client c(w);
    c.get("/stream");
    s.source->give("hello");
    w.run();
    CHECK(t.lines->empty());
    s.source->end();
    CHECK(c.answer().body == "hello");
    CHECK(t.last() == "GET /stream [] 200 0>5 completed");
  }
  streaming broken;
  World other(broken.handler(), http::server_options{.access_log = t.log()});
  http_client c(other);
  c.get("/stream");
  other.run();
  broken.source->fail();
  REQUIRE(other.settle([&] { return t.lines->size() == 2; }));
  CHECK(t.last() == "GET /stream [] 200 0>0 broken");
}

TEST_CASE_TEMPLATE("http server: a request has the deadline and the metadata that its caller sends",
                   World, HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.request_timeout = 10s});
  http_client c(w);
  c.get("/", "Grpc-Timeout: 2S\r\nGrpc-Metadata-Tenant: a\r\ngrpc-metadata-x: 1\r\n");
  w.run();
  REQUIRE(h.size() == 1);
  CHECK(h[0].context.deadline() == w.loop.now() + 2s);
  CHECK(h[0].context.metadata() == kit::metadata{{"tenant", "a"}, {"x", "1"}});
  w.advance(1999ms);
  CHECK_FALSE(h[0].cancelled);
  w.advance(1ms);
  CHECK(h[0].cancelled);
  CHECK(c.answer().status == 504);

  c.get("/", "Grpc-Timeout: 1H\r\n");  // never loosens
  w.run();
  CHECK(h[1].context.deadline() == w.loop.now() + 10s);
  CHECK(h[1].context.metadata().empty());
  h[1].answer({});
  c.answer();
  c.get("/", "Grpc-Timeout: soon\r\n");
  w.run();
  CHECK(h[2].context.deadline() == w.loop.now() + 10s);
  h[2].answer({});
  c.answer();
  c.get("/", "Grpc-Timeout: 0n\r\n");
  CHECK(c.answer().status == 504);
}

TEST_CASE_TEMPLATE("http server: what callers send along is ignored where that is wanted", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.request_timeout = 10s, .propagate = false});
  http_client c(w);
  c.get("/", "Grpc-Timeout: 2S\r\nGrpc-Metadata-Tenant: a\r\n");
  w.run();
  CHECK(h[0].context.deadline() == w.loop.now() + 10s);
  CHECK(h[0].context.metadata().empty());
}

TEST_CASE_TEMPLATE(
    "http server: what shows who is asking is in the context, unchecked, whatever else is ignored "
    "[auth/jwt:12] [auth/basic:1]",
    World, HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.propagate = false});
  http_client c(w);
  const auto shown = [&](const std::string& fields) {
    c.get("/", fields);
    w.run();
    auto& last = h[h.size() - 1];
    const auto* found = last.context.template get<kit::credentials>();
    auto all = found ? found->authorization + "|" + found->api_key : std::string("none");
    last.answer({});
    c.answer();
    return all;
  };
  CHECK(shown("Authorization: Basic YTpi\r\n") == "Basic YTpi|");
  CHECK(shown("X-API-Key: k\r\nAuthorization: Bearer x\r\n") == "Bearer x|k");
  CHECK(shown("x-api-key: k\r\n") == "|k");
  CHECK(shown("") == "none");
  World other(h.handler(), http::server_options{.api_key_field = ""});
  http_client(other).get("/", "X-API-Key: k\r\n");
  other.run();
  CHECK_FALSE(h[h.size() - 1].context.template get<kit::credentials>());
}

TEST_CASE_TEMPLATE("http server: an old connection is closed after its request, or when idle",
                   World, HTTP_WORLDS) {
  World w(tell_target, http::server_options{.max_connection_age = 100s, .idle_timeout = 1h});
  http_client busy(w);
  http_client idle(w);
  CHECK(idle.get("/").answer().header("connection") == "");
  for (int i = 0; i < 9; ++i) {
    CHECK(busy.get("/").answer().header("connection") == "");
    w.advance(9s);
  }
  CHECK(idle.waits());
  w.advance(30s);
  CHECK(idle.closed());
  CHECK(busy.closed());

  held h;
  World slow(h.handler(), http::server_options{.max_connection_age = 100s, .request_timeout = 1h});
  http_client c(slow);
  c.get("/");
  slow.advance(111s);
  h[0].answer({});
  CHECK(c.answer().status == 200);  // what runs is answered
  CHECK(c.closed());
}

}  // namespace test
