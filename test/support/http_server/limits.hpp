#pragma once

// Test cases of the HTTP server, over each of HTTP_WORLDS: its limits.

#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "held.hpp"
#include "world.hpp"

namespace test {

TEST_CASE_TEMPLATE("http server: too large a request is refused, and the connection closed", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.limits = {.max_header_bytes = 500,
                                                       .max_header_count = 5,
                                                       .max_target_bytes = 50,
                                                       .max_body_bytes = 100}});
  const std::string start = "POST / HTTP/1.1\r\nHost: a\r\n";
  const std::string many = "A: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\nA: 5\r\n";
  const struct {
    std::string wire;
    int status;
  } cases[] = {
      {"GET /" + std::string(50, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {start + "A: " + std::string(500, 'a') + "\r\n\r\n", 431},
      {start + many + "\r\n", 431},
      {start + "Content-Length: 101\r\n\r\n", 413},
      {start + "Transfer-Encoding: chunked\r\n\r\n65\r\n", 413},
      {"nonsense\r\n\r\n", 400},
  };
  for (const auto& [wire, status] : cases) {
    CAPTURE(wire);
    http_client c(w);
    c.send(wire);
    const auto a = c.answer();
    CHECK(a.status == status);
    CHECK(a.header("connection") == "close");
    CHECK(c.closed());
    c.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");  // isn't looked at any more
    CHECK(c.closed());
  }
  CHECK(h.size() == 0);
}

TEST_CASE_TEMPLATE("http server: requests of the largest size are served", World, HTTP_WORLDS) {
  World w(tell_target, http::server_options{.limits = {.max_header_bytes = 90,
                                                       .max_header_count = 2,
                                                       .max_target_bytes = 50,
                                                       .max_body_bytes = 100}});
  http_client c(w);
  const std::string target = "/" + std::string(49, 'a');
  CHECK(c.get(target).answer().body == target);
  CHECK(c.post("/", std::string(100, 'b')).answer().status == 200);
}

TEST_CASE_TEMPLATE("http server: what follows a refused request doesn't lose the answer", World,
                   HTTP_WORLDS) {
  World w(tell_target);
  http_client c(w);
  c.send("bad\r\n\r\n" + std::string(200'000, 'x'));
  w.run();
  c.send(std::string(200'000, 'x'));
  CHECK(c.answer().status == 400);
  CHECK(c.closed());
  w.advance(1s);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: a header section must come in time", World, HTTP_WORLDS) {
  World w(tell_target, http::server_options{.header_timeout = 10s, .idle_timeout = 60s});
  http_client c(w);
  CHECK(c.get("/").answer().status == 200);
  w.advance(30s);  // idle
  c.send("GET / HT");
  w.advance(5s);
  c.send("TP/1.1\r\nHost: a\r\n");  // each byte is no new start
  w.advance(5s - 1ms);
  CHECK(c.waits());
  w.advance(1ms);
  CHECK(c.answer().status == 408);
  CHECK(c.closed());
}

TEST_CASE_TEMPLATE("http server: a new connection must send something in time", World,
                   HTTP_WORLDS) {
  World w(tell_target, http::server_options{.header_timeout = 10s});
  http_client c(w);
  w.advance(10s - 1ms);
  CHECK(c.waits());
  w.advance(1ms);
  CHECK(c.closed());  // without a word
}

TEST_CASE_TEMPLATE("http server: a body must come at the least rate", World, HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.body_grace = 5s, .min_body_rate = 10});
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
  http_client slow(w), fast(w);
  slow.send(head);
  fast.send(head);
  for (int i = 0; i < 5; ++i) {
    slow.send("123");
    fast.send("1234567890");
    w.advance(1s);
  }
  slow.send("12345");  // 20 bytes in all: 7 seconds
  w.advance(2s - 1ms);
  CHECK(slow.waits());
  CHECK(fast.waits());
  w.advance(1ms);
  CHECK(slow.answer().status == 408);
  CHECK(slow.closed());
  CHECK(fast.waits());
  fast.send(std::string(950, 'x'));
  w.run();
  REQUIRE(h.size() == 1);
  h[0].answer({});
  CHECK(fast.answer().status == 200);
}

TEST_CASE_TEMPLATE("http server: an idle connection is closed", World, HTTP_WORLDS) {
  World w(tell_target, http::server_options{.idle_timeout = 20s});
  http_client c(w);
  for (int i = 0; i < 3; ++i) {
    CHECK(c.get("/").answer().status == 200);
    w.advance(20s - 1ms);
    CHECK(c.waits());
  }
  w.advance(1ms);
  CHECK(c.closed());
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: limits of zero are none", World, HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.header_timeout = 0s,
                                            .min_body_rate = 0,
                                            .idle_timeout = 0s,
                                            .request_timeout = 0s,
                                            .write_timeout = 0s});
  http_client c(w);
  w.advance(24h);
  c.send("POST / HTTP/1.1\r\nHost: a\r\n");
  w.advance(24h);
  c.send("Content-Length: 2\r\n\r\n");
  w.advance(24h);
  c.send("ok");
  w.advance(24h);
  REQUIRE(h.size() == 1);
  CHECK_FALSE(h[0].context.deadline());
  h[0].answer(http::response::text(http::status::ok, std::string(32 << 20, 'x')));
  w.advance(24h);
  CHECK(c.answer().body.size() == 32 << 20);
  w.advance(24h);
  CHECK(c.waits());
}

TEST_CASE_TEMPLATE("http server: a request that takes too long is cancelled and answered 504",
                   World, HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.request_timeout = 5s});
  http_client c(w);
  CHECK(c.get("/1").waits());
  w.advance(5s - 1ms);
  CHECK(c.waits());
  CHECK_FALSE(h[0].cancelled);
  w.advance(1ms);
  CHECK(h[0].cancelled);
  CHECK(h[0].context.cause() == kit::errc::deadline_exceeded);
  CHECK(c.answer().status == 504);
  c.get("/2");  // the connection is as good as before
  w.run();
  REQUIRE(h.size() == 2);
  h[1].answer({});
  CHECK(c.answer().status == 200);
}

TEST_CASE_TEMPLATE("http server: a handler that ignores its deadline is answered for", World,
                   HTTP_WORLDS) {
  held h(true);
  World w(h.handler(), http::server_options{.request_timeout = 5s, .cancel_grace = 2s});
  http_client c(w);
  c.get("/").get("/not-served");
  w.advance(7s - 1ms);
  CHECK(c.waits());
  w.advance(1ms);
  const auto a = c.answer();
  CHECK(a.status == 504);
  CHECK(a.header("connection") == "close");
  CHECK(c.closed());
  CHECK(h.size() == 1);
  h[0].answer({});  // too late, and harmless
  w.advance(2s);
  CHECK(h[0].ended);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: connections beyond the limit wait until one goes", World,
                   HTTP_WORLDS) {
  World w(tell_target, http::server_options{.max_connections = 2});
  http_client first(w);
  CHECK(first.get("/1").answer().status == 200);
  http_client second(w);
  CHECK(second.get("/2").answer().status == 200);
  http_client third(w), fourth(w);
  third.get("/3");
  fourth.get("/4");
  CHECK(third.waits());
  CHECK(w.server->connections() == 2);
  first.close();
  CHECK(third.answer().body == "/3");
  CHECK(fourth.waits());
  CHECK(w.server->connections() == 2);
  second.close();
  CHECK(fourth.answer().body == "/4");
}

TEST_CASE_TEMPLATE("http server: the last request of a connection says so", World, HTTP_WORLDS) {
  World w(tell_target, http::server_options{.max_requests_per_connection = 3});
  http_client c(w);
  c.get("/1").get("/2").get("/3").get("/4");
  CHECK_FALSE(c.answer().has("connection"));
  CHECK_FALSE(c.answer().has("connection"));
  const auto last = c.answer();
  CHECK(last.body == "/3");
  CHECK(last.header("connection") == "close");
  CHECK(c.closed());
}

TEST_CASE_TEMPLATE("http server: a client that leaves its answer unread is cut off", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.write_timeout = 5s});
  http_client c(w);
  c.get("/1").get("/2");
  w.run();
  h[0].answer(http::response::text(http::status::ok, std::string(32 << 20, 'x')));
  w.advance(5s - 1ms);
  CHECK(w.server->connections() == 1);
  CHECK(h.size() == 1);  // the next request waits for the answer to be taken
  w.advance(1ms);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: a slow client holds only its own connection", World, HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client unfinished(w), unread(w), unanswered(w), other(w);
  unfinished.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123");
  unread.get("/");
  w.run();
  h[0].answer(http::response::text(http::status::ok, std::string(32 << 20, 'x')));
  w.run();
  unanswered.get("/");
  w.run();
  for (std::size_t i = 2; i < 5; ++i) {
    other.get("/");
    w.run();
    REQUIRE(h.size() == i + 1);
    h[i].answer({});
    CHECK(other.answer().status == 200);
  }
}

}  // namespace test
