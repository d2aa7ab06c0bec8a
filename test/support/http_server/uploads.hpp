#pragma once

// Test cases of the HTTP server, over each of HTTP_WORLDS: streamed request bodies.

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <kit/this_context.hpp>
#include <transports/http/chunked.hpp>

#include "held.hpp"
#include "pulled.hpp"
#include "world.hpp"

namespace test {

TEST_CASE_TEMPLATE("http uploads: the handler starts with the head, and reads what comes", World,
                   HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed());
  http_client c(w);
  c.send(sized_head(10) + "01");
  w.run();
  REQUIRE(p.size() == 1);
  CHECK(p[0].request.body.is_stream());
  CHECK(p[0].request.body.size() == 10);
  CHECK(p[0].request.target == "/up");
  p[0].read();
  w.run();
  CHECK(p[0].content() == "01");
  p[0].read();
  w.run();
  CHECK(p[0].reading);
  c.send("234");
  w.run();
  CHECK(p[0].pieces.back() == "234");
  c.send("56789");
  w.run();
  p[0].read(3);
  w.run();
  CHECK(p[0].content() == "0123456789");
  CHECK(p[0].at_end);
  CHECK(c.waits());
  p[0].answer(http::response::text(http::status::ok, "thanks"));
  const auto a = c.answer();
  CHECK(a.body == "thanks");
  CHECK_FALSE(a.has("connection"));
  c.get("/next");
  w.run();
  REQUIRE(p.size() == 2);
  p[1].answer({http::response()});
  CHECK(c.answer().status == 200);
}

TEST_CASE_TEMPLATE("http uploads: a body that comes with its head is bytes", World, HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed());
  http_client c(w);
  c.post("/", "hello");
  w.run();
  REQUIRE(p.size() == 1);
  CHECK_FALSE(p[0].request.body.is_stream());
  CHECK(p[0].request.body.bytes() == "hello");
  CHECK(p[0].context.deadline());
}

TEST_CASE_TEMPLATE("http uploads: pieces of any size make the same content", World, HTTP_WORLDS) {
  pulled p(pulled::all);
  World w(p.handler(), streamed());
  const std::string wire = sized_head(5) + "hello" + chunked_head +
                           "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nX-Sum: 5\r\n\r\n"
                           "GET /last HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto check = [&](http_client& c, std::size_t first) {
    for (std::size_t i = first; i < first + 3; ++i) {
      w.run();
      REQUIRE(p.size() == i + 1);
      CHECK(p[i].at_end);
      p[i].answer(http::response());
      CHECK(c.answer().status == 200);
    }
    CHECK(p[first].content() == "hello");
    CHECK(p[first + 1].content() == "abcde");
    CHECK(p[first + 1].request.body.trailers().get("x-sum") == "5");
    CHECK(p[first + 2].request.target == "/last");
    CHECK(c.waits());
  };
  for (std::size_t piece : {1u, 2u, 3u, 7u, 16u}) {
    CAPTURE(piece);
    http_client c(w);
    const auto first = p.size();
    for (std::size_t at = 0; at < wire.size(); at += piece) {
      c.send(std::string_view(wire).substr(at, piece));
      w.run();
    }
    check(c, first);
  }
  for (std::size_t cut = 1; cut < wire.size(); ++cut) {
    CAPTURE(cut);
    http_client c(w);
    const auto first = p.size();
    c.send(std::string_view(wire).substr(0, cut));
    w.run();
    c.send(std::string_view(wire).substr(cut));
    check(c, first);
  }
}

TEST_CASE_TEMPLATE("http uploads: a large body arrives whole, and what is behind it", World,
                   HTTP_WORLDS) {
  pulled p(pulled::all);
  World w(p.handler(), streamed());
  http_client c(w);
  std::string body(3 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000)
    body[i] = static_cast<char>('a' + i / 1000 % 26);
  SUBCASE("sized") {
    c.send(sized_head(body.size()) + body);
  }
  SUBCASE("chunked") {
    std::string wire = chunked_head;
    for (std::size_t at = 0; at < body.size(); at += 100'000)
      http::append_chunk(wire, std::string_view(body).substr(at, 100'000));
    http::append_last_chunk(wire, {{"X-End", "yes"}});
    c.send(wire);
  }
  c.get("/next");
  w.settle([&] { return p.size() == 1 && p[0].at_end; });
  REQUIRE(p.size() == 1);
  CHECK(p[0].content() == body);
  p[0].answer(http::response());
  CHECK(c.answer().status == 200);
  w.settle([&] { return p.size() == 2; });
  REQUIRE(p.size() == 2);
  CHECK(p[1].request.target == "/next");
}

TEST_CASE_TEMPLATE("http uploads: 100 Continue is sent when the handler reads", World,
                   HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed());
  http_client c(w);
  c.send(sized_head(2, "Expect: 100-continue\r\n"));
  CHECK(c.waits());
  REQUIRE(p.size() == 1);
  SUBCASE("it reads") {
    p[0].read(2);
    CHECK(c.answer().status == 100);
    CHECK(c.waits());
    c.send("ok");
    w.run();
    CHECK(p[0].content() == "ok");
    p[0].answer(http::response());
    CHECK(c.answer().status == 200);
    CHECK(c.get("/next").waits());
    CHECK(p.size() == 2);
  }
  SUBCASE("it doesn't") {
    p[0].answer(http::response{.status = http::status::forbidden});
    const auto a = c.answer();
    CHECK(a.status == 403);
    CHECK(a.header("connection") == "close");  // will the client send it?
    CHECK(c.closed());
  }
}

TEST_CASE_TEMPLATE("http uploads: a malformed body fails the read, and is answered 400", World,
                   HTTP_WORLDS) {
  pulled p(pulled::all);
  World w(p.handler(), streamed());
  http_client c(w);
  c.send(chunked_head + "3\r\nabc\r\n");
  w.run();
  c.send("nonsense\r\n");
  w.run();
  REQUIRE(p.size() == 1);
  CHECK(p[0].content() == "abc");
  REQUIRE(p[0].failure);
  CHECK(p[0].failure->code() == kit::errc::invalid_argument);
  p[0].answer(std::nullopt);
  const auto a = c.answer();
  CHECK(a.status == 400);
  CHECK(a.header("connection") == "close");
  CHECK(c.closed());
}

TEST_CASE_TEMPLATE("http uploads: streamed bodies have a limit of their own", World, HTTP_WORLDS) {
  pulled p(pulled::all);
  World w(p.handler(),
          streamed({.limits = {.max_body_bytes = 10, .max_streamed_body_bytes = 100}}));
  http_client c(w);
  const std::string body(100, 'x');
  SUBCASE("within") {
    SUBCASE("sized") {
      c.send(sized_head(100) + body);
    }
    SUBCASE("chunked, all at once") {
      std::string wire = chunked_head;
      http::append_chunk(wire, body);
      http::append_last_chunk(wire);
      c.send(wire);
    }
    w.run();
    REQUIRE(p.size() == 1);
    CHECK(p[0].request.body.is_stream());
    CHECK(p[0].content() == body);
    CHECK(p[0].at_end);
    p[0].answer(http::response());
    CHECK(c.answer().status == 200);
  }
  SUBCASE("sized, above") {
    c.send(sized_head(101));
    CHECK(c.answer().status == 413);
    CHECK(p.size() == 0);
  }
  SUBCASE("chunked, above") {
    c.send(chunked_head + "64\r\n" + body + "\r\n");
    w.run();
    c.send("1\r\n");
    w.run();
    REQUIRE(p.size() == 1);
    REQUIRE(p[0].failure);
    CHECK(p[0].failure->code() == kit::errc::resource_exhausted);
    p[0].answer(std::nullopt);
    CHECK(c.answer().status == 413);
  }
}

TEST_CASE_TEMPLATE("http uploads: a body must come at the least rate while it is waited for", World,
                   HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed({.body_grace = 5s, .min_body_rate = 10}));
  http_client c(w);
  c.send(sized_head(1000) + std::string(20, 'x'));
  w.run();
  w.advance(50s);  // the handler's time
  REQUIRE(p.size() == 1);
  CHECK_FALSE(p[0].cancelled);
  p[0].read(pulled::all);
  w.advance(4s);
  c.send(std::string(10, 'x'));  // 30 bytes in all: 8 seconds, 4 of which are over
  w.run();
  CHECK(p[0].content().size() == 30);
  w.advance(4s - 1ms);
  CHECK_FALSE(p[0].failure);
  w.advance(1ms);
  REQUIRE(p[0].failure);
  CHECK(p[0].failure->code() == kit::errc::deadline_exceeded);
  p[0].answer(std::nullopt);
  CHECK(c.answer().status == 408);
  CHECK(c.closed());
}

TEST_CASE_TEMPLATE("http uploads: the time limit counts from what was read last", World,
                   HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed({.min_body_rate = 0, .request_timeout = 5s}));
  http_client c(w);
  SUBCASE("of one that reads at once") {
    pulled eager(1);
    World other(eager.handler(), streamed({.min_body_rate = 0, .request_timeout = 5s}));
    http_client d(other);
    d.send(sized_head(1000));
    other.advance(1h);
    REQUIRE(eager.size() == 1);
    CHECK(eager[0].reading);
  }
  c.send(sized_head(1000) + "x");
  w.run();
  REQUIRE(p.size() == 1);
  CHECK_FALSE(p[0].context.deadline());
  w.advance(5s - 1ms);
  p[0].read(2);
  w.advance(1h);  // waits for the client
  CHECK(p[0].reading);
  c.send("y");
  w.run();
  CHECK(p[0].content() == "xy");
  w.advance(5s - 1ms);
  CHECK_FALSE(p[0].cancelled);
  w.advance(1ms);
  CHECK(p[0].cancelled);
  CHECK(p[0].context.cause() == kit::errc::deadline_exceeded);
  CHECK(c.answer().status == 504);
}

inline asio::awaitable<void> read_kept(http::body body) {
  static_cast<void>(co_await body.read());
}

TEST_CASE_TEMPLATE("http uploads: a body that outlives its request cannot be read", World,
                   HTTP_WORLDS) {
  pulled p;
  http::body kept, whole;
  {
    World w(p.handler(), streamed());
    http_client c(w);
    c.send(sized_head(10) + "123");
    w.run();
    REQUIRE(p.size() == 1);
    kept = p[0].request.body;
    p[0].answer(http::response());
    CHECK(c.answer().status == 200);
    CHECK(w.loop.start(read_kept(kept)).error() == kit::errc::failed_precondition);
    c.send("4567890" + sized_head(2) + "1");
    w.run();
    REQUIRE(p.size() == 2);
    CHECK(w.loop.start(read_kept(kept)).error() == kit::errc::failed_precondition);
    whole = p[1].request.body;
    p[1].read(pulled::all);
    c.send("2");
    w.run();
    p[1].answer(http::response());
    CHECK(c.answer().status == 200);
    c.close();
    w.run();
    CHECK(w.server->connections() == 0);
    CHECK(w.loop.start(read_kept(kept)).error() == kit::errc::failed_precondition);
  }
  kit::testing::loop other;
  CHECK(other.start(read_kept(kept)).error() == kit::errc::failed_precondition);
  CHECK_FALSE(other.start(read_kept(whole)).failed());  // it was read to its end
}

TEST_CASE_TEMPLATE("http uploads: one reader at a time", World, HTTP_WORLDS) {
  pulled p(1);
  World w(p.handler(), streamed());
  http_client c(w);
  c.send(sized_head(10));
  w.run();
  REQUIRE(p.size() == 1);
  CHECK(p[0].reading);
  auto second = w.loop.start(read_kept(p[0].request.body));
  w.run();
  CHECK(second.error() == kit::errc::failed_precondition);
  c.send("123");
  w.run();
  CHECK(p[0].content() == "123");
}

TEST_CASE_TEMPLATE("http uploads: a cancelled read loses nothing", World, HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed());
  http_client c(w);
  c.send(sized_head(10));
  w.run();
  REQUIRE(p.size() == 1);
  auto first = w.loop.start(read_kept(p[0].request.body));
  CHECK(first.pending());
  first.cancel();
  w.run();
  CHECK(first.error() == kit::errc::canceled);
  c.send("123");
  w.run();
  p[0].read();
  w.run();
  CHECK(p[0].content() == "123");
}

inline asio::awaitable<http::response> echo(http::request r) {
  co_return http::response{.body = std::move(r.body)};
}

TEST_CASE_TEMPLATE("http uploads: a body may be answered with while it comes", World, HTTP_WORLDS) {
  World w(echo, streamed());
  http_client c(w);
  c.send(chunked_head + "3\r\nabc\r\n");
  CHECK(c.rest().ends_with("3\r\nabc\r\n"));
  c.send("2\r\nde\r\n");
  CHECK(c.rest().ends_with("2\r\nde\r\n"));
  SUBCASE("to its end") {
    c.send("0\r\nX-Sum: 1\r\n\r\n");
    const auto a = c.answer();
    CHECK(a.body == "abcde");
    CHECK(a.trailers.at("x-sum") == "1");
    c.post("/", "next");
    CHECK(c.answer().body == "next");
  }
  SUBCASE("and breaks off with it") {
    c.send("x");
    CHECK_FALSE(c.waits());
    CHECK(c.answer().status == 0);
    w.run();
    CHECK(w.server->connections() == 0);
  }
}

}  // namespace test
