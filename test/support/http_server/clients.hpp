#pragma once

// Test cases of the HTTP server, over each of HTTP_WORLDS: clients that go away.

#include <string>

#include <doctest/doctest.h>

#include "held.hpp"
#include "world.hpp"

namespace test {

TEST_CASE_TEMPLATE("http server: a client that resets cancels its request at once", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w), other(w);
  c.get("/");
  other.get("/other");
  w.run();
  REQUIRE(h.size() == 2);
  c.reset();
  w.run();
  CHECK(h[0].cancelled);
  CHECK(h[0].context.cause() == kit::errc::canceled);
  CHECK_FALSE(h[1].cancelled);
  CHECK(w.server->connections() == 1);
}

TEST_CASE_TEMPLATE("http server: a client that closes cancels its request after the grace", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.half_close_grace = 500ms});
  http_client c(w);
  c.get("/");
  SUBCASE("the one that runs") {}
  SUBCASE("with pipelined ones behind it") {
    c.get("/2").get("/3");
  }
  w.run();
  c.close();
  w.advance(499ms);
  CHECK_FALSE(h[0].cancelled);
  w.advance(1ms);
  CHECK(h[0].cancelled);
  CHECK(h[0].context.cause() == kit::errc::canceled);
  w.advance(1s);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: without grace the end of a client cancels at once", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.half_close_grace = 0ms});
  http_client c(w);
  c.get("/");
  w.run();
  c.close();
  w.run();
  CHECK(h[0].cancelled);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: a client that only ends its side gets its answers", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w);
  c.get("/1").get("/2");
  c.end();
  w.advance(100ms);
  REQUIRE(h.size() == 1);
  h[0].answer(http::response::text(http::status::ok, "first"));
  CHECK(c.answer().body == "first");
  w.advance(100ms);
  REQUIRE(h.size() == 2);
  h[1].answer(http::response::text(http::status::ok, "second"));
  CHECK(c.answer().body == "second");
  CHECK(c.closed());
  w.run();
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: a client that ends in the middle of a request is let go", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  for (const char* part : {"", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n",
                           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123"}) {
    CAPTURE(part);
    http_client c(w);
    c.send(part);
    w.run();
    SUBCASE("") {
      c.end();
    }
    SUBCASE("") {
      c.reset();
    }
    w.run();
    CHECK(w.server->connections() == 0);
  }
  CHECK(h.size() == 0);
}

TEST_CASE_TEMPLATE("http server: a client that has more to say than is read ahead can leave", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w);
  c.get("/");
  std::string more;
  while (more.size() < 200'000)
    more += "GET /more HTTP/1.1\r\nHost: a\r\n\r\n";
  c.send(more);
  w.run();
  REQUIRE(h.size() == 1);
  c.reset();
  w.run();
  h[0].answer({});
  w.advance(1s);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: requests beyond what is read ahead are served", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w);
  const std::size_t count = 2000;
  std::string all;
  for (std::size_t i = 0; i < count; ++i)
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  c.send(all);
  for (std::size_t i = 0; i < count; ++i) {
    w.run();
    REQUIRE(h.size() == i + 1);
    CHECK(h[i].request.target == "/" + std::to_string(i));
    h[i].answer({});
    CHECK(c.answer().status == 200);
  }
}

TEST_CASE_TEMPLATE("http server: an end that comes together with the last bytes is seen", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w);
  SUBCASE("of a request that runs") {
    c.send_last("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    w.run();
    REQUIRE(h.size() == 1);
    w.advance(200ms);
    CHECK(h[0].cancelled);
  }
  SUBCASE("of half a head") {
    c.send_last("GET / HTTP/1.1\r\nHo");
    w.run();
  }
  SUBCASE("of half a body") {
    c.send_last("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
    w.run();
  }
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: an end that comes together with a request is seen after it", World,
                   HTTP_WORLDS) {
  World w(http::handler{tell_target});
  http_client c(w);
  c.send_last("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(c.answer().body == "/a");
  w.advance(100ms);
  CHECK(c.closed());
  CHECK(w.server->connections() == 0);
}

}  // namespace test
