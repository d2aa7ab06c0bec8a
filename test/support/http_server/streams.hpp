#pragma once

// Test cases of the HTTP server, over each of HTTP_WORLDS: streamed answers.

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "played_source.hpp"
#include "world.hpp"

namespace test {

TEST_CASE_TEMPLATE("http server: a stream is sent in chunks as they come", World, HTTP_WORLDS) {
  streaming s;
  World w(s.handler());
  http_client c(w);
  c.get("/stream").get("/next");
  const auto head = c.rest();
  CHECK(head.find("Transfer-Encoding: chunked\r\n") != head.npos);
  CHECK(head.ends_with("\r\n\r\n"));  // sent before any chunk
  s.source->give("hello");
  CHECK(c.rest() == head + "5\r\nhello\r\n");
  s.source->give("");  // must not end it
  s.source->give(" world");
  CHECK(c.rest() == head + "5\r\nhello\r\n6\r\n world\r\n");
  s.source->end({{"X-Sum", "11"}});
  const auto a = c.answer();
  CHECK(a.body == "hello world");
  CHECK(a.trailers.at("x-sum") == "11");
  CHECK(c.answer().body == "/next");
  CHECK(c.waits());
}

TEST_CASE_TEMPLATE("http server: bytes with trailers are sent in chunks, but to HTTP/1.0", World,
                   HTTP_WORLDS) {
  World w([](http::request r) -> asio::awaitable<http::response> {
    auto answer = http::response::text(http::status::ok, r.path() == "/empty" ? "" : "hello");
    answer.body.set_trailers({{"X-Sum", "532"}});
    co_return answer;
  });
  http_client c(w);
  for (const std::string target : {"/", "/empty", "/"}) {
    const auto a = c.get(target).answer();
    CHECK(a.body == (target == "/" ? "hello" : ""));
    CHECK(a.headers.count("content-length") == 0);
    CHECK(a.trailers.at("x-sum") == "532");
  }
  c.send("GET / HTTP/1.0\r\n\r\n");
  const auto a = c.answer();
  CHECK(a.body == "hello");
  CHECK(a.headers.at("content-length") == "5");
}

TEST_CASE_TEMPLATE("http server: a stream of known size is sent with its length", World,
                   HTTP_WORLDS) {
  streaming s(10);
  World w(s.handler());
  http_client c(w);
  s.source->give("01234");
  s.source->give("56789");
  const auto a = c.get("/stream").answer();
  CHECK(a.header("content-length") == "10");
  CHECK(a.body == "0123456789");
  CHECK(c.get("/next").answer().body == "/next");
}

TEST_CASE_TEMPLATE("http server: a stream that is shorter than it said breaks the connection off",
                   World, HTTP_WORLDS) {
  streaming s(10);
  World w(s.handler());
  http_client c(w);
  s.source->give("01234");
  s.source->end();
  c.get("/stream");
  CHECK(c.answer().status == 0);
  CHECK(c.rest().find("01234") != std::string::npos);
  CHECK_FALSE(c.waits());
}

TEST_CASE_TEMPLATE("http server: a stream that is longer than it said is cut", World, HTTP_WORLDS) {
  streaming s(3);
  World w(s.handler());
  http_client c(w);
  s.source->give("abcHTTP/1.1 200 OK\r\n\r\n");
  CHECK(c.get("/stream").answer().body == "abc");
  CHECK(c.get("/next").answer().body == "/next");
}

TEST_CASE_TEMPLATE("http server: a stream to an HTTP/1.0 client ends with the connection", World,
                   HTTP_WORLDS) {
  streaming s;
  World w(s.handler());
  http_client c(w);
  s.source->give("hello");
  c.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(c.rest().find("Transfer-Encoding") == std::string::npos);
  s.source->end();
  CHECK(c.answer().body == "hello");
  CHECK(c.closed());
}

TEST_CASE_TEMPLATE("http server: HEAD of a stream doesn't read it", World, HTTP_WORLDS) {
  streaming s;
  World w(s.handler());
  http_client c(w);
  c.send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(c.answer(true).status == 200);
  CHECK(s.source->reads == 0);
  CHECK(c.get("/next").answer().body == "/next");
}

TEST_CASE_TEMPLATE("http server: a stream that fails breaks the connection off", World,
                   HTTP_WORLDS) {
  streaming s;
  World w(s.handler());
  http_client c(w);
  s.source->give("hello");
  c.get("/stream");
  CHECK(c.rest().ends_with("hello\r\n"));
  s.source->fail();
  CHECK_FALSE(c.waits());
  CHECK(c.answer().status == 0);  // no last chunk
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: a client that reads slowly suspends the stream", World,
                   HTTP_WORLDS) {
  streaming s;
  World w(s.handler());
  http_client c(w);
  c.get("/stream");
  w.run();
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 40; ++i)
    s.source->give(piece);
  s.source->end();
  w.run();
  CHECK(s.source->reads > 1);
  CHECK(s.source->reads < 30);
  CHECK(c.answer().body.size() == 40u << 20);
  CHECK(s.source->reads == 41);
}

TEST_CASE_TEMPLATE("http server: a client that leaves cancels what makes the stream", World,
                   HTTP_WORLDS) {
  streaming s;
  World w(s.handler());
  http_client c(w);
  c.get("/stream");
  w.run();
  s.source->give("hello");
  w.run();
  SUBCASE("by a reset") {
    c.reset();
  }
  SUBCASE("while nothing is sent") {
    c.close();
    w.advance(http::server_options{}.half_close_grace);
  }
  SUBCASE("while it is sent to") {
    c.close();
    for (int i = 0; i < 3; ++i) {
      w.run();
      s.source->give("more");
    }
  }
  w.run();
  CHECK(s.source.use_count() == s.unused);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: a client that leaves while its stream waits for it", World,
                   HTTP_WORLDS) {
  streaming s;
  World w(s.handler());
  http_client c(w);
  c.get("/stream");
  w.run();
  for (int i = 0; i < 40; ++i)
    s.source->give(std::string(1 << 20, 'x'));
  w.run();
  CHECK(s.source->reads < 30);
  c.reset();
  w.run();
  CHECK(s.source.use_count() == s.unused);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: the time of a request counts anew from each piece of its stream",
                   World, HTTP_WORLDS) {
  streaming s;
  World w(s.handler(), http::server_options{.request_timeout = 5s});
  http_client c(w);
  c.get("/stream");
  for (int i = 0; i < 4; ++i) {
    s.source->give("more");
    w.advance(4s);
  }
  CHECK(c.rest().ends_with("more\r\n"));
  CHECK_FALSE(s.source->cancelled);
  w.advance(1s);
  CHECK(s.source->cancelled);
  CHECK_FALSE(c.waits());
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: a stream that waits for its client ends with the loop", World,
                   HTTP_WORLDS) {
  streaming s;
  {
    World w(s.handler());
    http_client c(w);
    c.get("/stream");
    for (int i = 0; i < 40; ++i)
      s.source->give(std::string(1 << 20, 'x'));
    w.run();
    CHECK(s.source->reads < 30);
  }
  CHECK(s.source.use_count() == 1);
}

}  // namespace test
