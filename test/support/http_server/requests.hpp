#pragma once

// Test cases of the HTTP server, over each of HTTP_WORLDS.

#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/error.hpp>
#include <kit/this_context.hpp>
#include <transports/http/status_of.hpp>

#include "held.hpp"
#include "world.hpp"

namespace test {

TEST_CASE_TEMPLATE("http server: answers request after request on one connection", World,
                   HTTP_WORLDS) {
  World w(tell_target);
  http_client c(w);
  for (const char* target : {"/", "/a?b=c", "/again"}) {
    const auto a = c.get(target).answer();
    CHECK(a.status == 200);
    CHECK(a.body == target);
    CHECK(a.header("content-length") == std::to_string(a.body.size()));
    CHECK(a.header("date").size() == 29);
    CHECK_FALSE(a.has("connection"));
  }
  CHECK(c.waits());
  CHECK(w.server->connections() == 1);
}

TEST_CASE_TEMPLATE("http server: pipelined requests are answered in their order", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w);
  c.get("/1").get("/2").post("/3", "three").get("/4");
  CHECK(c.waits());
  CHECK(h.size() == 1);  // one at a time
  for (std::size_t i = 0; i < 4; ++i) {
    REQUIRE(h.size() == i + 1);
    h[i].answer(http::response::text(http::status::ok, h[i].request.target));
    CHECK(c.answer().body == "/" + std::to_string(i + 1));
  }
  CHECK(h[2].request.body.bytes() == "three");
  CHECK(c.waits());
}

TEST_CASE_TEMPLATE("http server: many pipelined requests that end at once", World, HTTP_WORLDS) {
  World w(tell_target);
  http_client c(w);
  std::string all;
  for (int i = 0; i < 5000; ++i)
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  c.send(all);
  int right = 0;
  for (int i = 0; i < 5000; ++i)
    right += c.answer().body == "/" + std::to_string(i);
  CHECK(right == 5000);
  CHECK(c.waits());
}

TEST_CASE_TEMPLATE("http server: pieces of any size make the same requests", World, HTTP_WORLDS) {
  held h;
  World w(h.handler());
  const std::string wire =
      "POST /sized HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
      "POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n"
      "GET /last HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t piece : {1u, 2u, 3u, 7u, 16u, 4096u}) {
    CAPTURE(piece);
    http_client c(w);
    const auto first = h.size();
    for (std::size_t at = 0; at < wire.size(); at += piece) {
      c.send(std::string_view(wire).substr(at, piece));
      w.run();
    }
    for (std::size_t i = first; i < first + 3; ++i) {
      REQUIRE(h.size() == i + 1);
      h[i].answer({});
      CHECK(c.answer().status == 200);
    }
    CHECK(h[first].request.body.bytes() == "hello");
    CHECK(h[first + 1].request.body.bytes() == "abcde");
    CHECK(h[first + 1].request.body.trailers().get("x-sum") == "5");
    CHECK(h[first + 2].request.target == "/last");
    CHECK(c.waits());
  }
}

TEST_CASE_TEMPLATE("http server: a body of the largest size arrives whole", World, HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w);
  std::string body(1 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000)
    body[i] = static_cast<char>('a' + i / 1000 % 26);
  c.post("/", body).get("/next");
  CHECK(c.waits());
  REQUIRE(h.size() == 1);
  CHECK(h[0].request.body.bytes() == body);
  h[0].answer(http::response::text(http::status::ok, body));
  CHECK(c.answer().body == body);
  REQUIRE(h.size() == 2);
  h[1].answer({});
  CHECK(c.answer().status == 200);
}

TEST_CASE_TEMPLATE("http server: sends 100 Continue to who waits for it", World, HTTP_WORLDS) {
  World w(tell_target);
  http_client c(w);
  const std::string head =
      "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  c.send(head);
  CHECK(c.answer().status == 100);
  CHECK(c.waits());
  c.send("ok");
  CHECK(c.answer().body == "/c");

  c.send(head + "ok");  // it didn't wait
  CHECK(c.answer().status == 200);

  c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n");
  CHECK(c.answer().status == 413);
  CHECK(c.closed());
}

TEST_CASE_TEMPLATE("http server: HEAD is answered without content", World, HTTP_WORLDS) {
  World w(tell_target);
  http_client c(w);
  c.send("HEAD /head HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto a = c.answer(true);
  CHECK(a.status == 200);
  CHECK(a.header("content-length") == "5");
  CHECK(c.get("/next").answer().body == "/next");
}

TEST_CASE_TEMPLATE("http server: HTTP/1.0 clients are served and closed unless they ask", World,
                   HTTP_WORLDS) {
  World w(tell_target);
  http_client once(w);
  once.send("GET /once HTTP/1.0\r\n\r\n");
  CHECK(once.answer().body == "/once");
  CHECK(once.closed());

  http_client stays(w);
  stays.send("GET /stay HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(stays.answer().header("connection") == "keep-alive");
  CHECK(stays.waits());
  stays.send("GET /stay HTTP/1.0\r\n\r\n");
  CHECK(stays.answer().status == 200);
  CHECK(stays.closed());
}

TEST_CASE_TEMPLATE("http server: Connection: close is obeyed, whoever says it", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client asks(w);
  asks.get("/", "Connection: close\r\n").get("/not-served");
  w.run();
  h[0].answer({});
  CHECK(asks.answer().header("connection") == "close");
  CHECK(asks.closed());
  CHECK(h.size() == 1);

  http_client told(w);
  told.get("/").get("/not-served");
  w.run();
  REQUIRE(h.size() == 2);
  http::response last;
  last.headers.set(http::field::connection, "close");
  h[1].answer(last);
  CHECK(told.answer().header("connection") == "close");
  CHECK(told.closed());
  CHECK(h.size() == 2);
}

inline asio::awaitable<http::response> fail_as_asked(http::request r) {
  if (r.path() == "/foreign") throw std::runtime_error("secret");
  if (r.path() == "/number") throw 7;
  if (r.path() == "/coded") throw kit::error(kit::errc::not_found, "no such thing");
  if (r.path() == "/status") {
    throw kit::error(kit::errc::internal, "short and stout")
        .with(http::error_status{http::status::im_a_teapot});
  }
  co_return http::response();
}

TEST_CASE_TEMPLATE("http server: a handler that throws makes an answer", World, HTTP_WORLDS) {
  World w(fail_as_asked);
  http_client c(w);
  const auto foreign = c.get("/foreign").answer();
  CHECK(foreign.status == 500);
  CHECK(foreign.body.find("secret") == std::string::npos);
  CHECK(c.get("/number").answer().status == 500);
  const auto coded = c.get("/coded").answer();
  CHECK(coded.status == 404);
  CHECK(coded.body == "no such thing");
  CHECK(c.get("/status").answer().status == 418);
  CHECK(c.get("/fine").answer().status == 200);
}

TEST_CASE_TEMPLATE("http server: an empty handler is 501", World, HTTP_WORLDS) {
  World w(http::handler{});
  CHECK(http_client(w).get("/").answer().status == 501);
}

TEST_CASE_TEMPLATE("http server: each request has a context with deadline and addresses", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.request_timeout = 7s});
  http_client c(w);
  c.get("/1");
  w.run();
  REQUIRE(h.size() == 1);
  const auto& ctx = h[0].context;
  CHECK(ctx.deadline() == w.loop.now() + 7s);
  REQUIRE(ctx.get<kit::connection_info>());
  CHECK(ctx.get<kit::connection_info>()->local_address == w.server->local_address());
  CHECK_FALSE(ctx.get<kit::connection_info>()->remote_address.empty());
  CHECK_FALSE(ctx.cancelled());
  h[0].answer({});
  CHECK(c.answer().status == 200);
  CHECK(ctx.cause() == kit::errc::canceled);  // nothing outlives the request
  w.advance(1s);
  c.get("/2");
  w.run();
  CHECK(h[1].context.deadline() == w.loop.now() + 7s);
}

}  // namespace test
