#pragma once

// Test cases of the HTTP server, over each of HTTP_WORLDS: how streamed request bodies end
// before they were read.

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <kit/this_context.hpp>
#include <transports/http/chunked.hpp>

#include "held.hpp"
#include "pulled.hpp"
#include "world.hpp"

namespace test {

TEST_CASE_TEMPLATE("http uploads: a client that leaves fails the read, and cancels", World,
                   HTTP_WORLDS) {
  pulled p(pulled::all);
  World w(p.handler(), streamed());
  http_client c(w);
  c.send(sized_head(10) + "123");
  w.run();
  REQUIRE(p.size() == 1);
  CHECK(p[0].reading);
  SUBCASE("by an end") {
    c.end();
    w.run();
    REQUIRE(p[0].failure);
    CHECK(p[0].failure->code() == kit::errc::canceled);
    p[0].answer(std::nullopt);
    CHECK(c.answer().status == 400);
    CHECK(c.closed());
  }
  SUBCASE("by closing") {
    c.close();
    w.run();
    REQUIRE(p[0].failure);
    w.advance(http::server_options{}.half_close_grace);
    CHECK(p[0].cancelled);
  }
  SUBCASE("by a reset") {
    c.reset();
    w.run();
    REQUIRE(p[0].failure);
    CHECK(p[0].cancelled);
  }
  w.run();
  CHECK(p[0].ended);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http uploads: a client that leaves while nobody reads cancels", World,
                   HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed());
  http_client c(w);
  c.send(sized_head(10) + "123");
  w.run();
  REQUIRE(p.size() == 1);
  c.reset();
  w.run();
  CHECK(p[0].cancelled);
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http uploads: a little that was left unread is passed over", World,
                   HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed());
  http_client c(w);
  std::string rest(100'000, 'x');
  SUBCASE("sized") {
    c.send(sized_head(rest.size() + 1) + "1");
  }
  SUBCASE("chunked") {
    c.send(chunked_head + "1\r\n1\r\n");
    std::string wire;
    http::append_chunk(wire, rest);
    http::append_last_chunk(wire);
    rest = wire;
  }
  w.run();
  REQUIRE(p.size() == 1);
  p[0].answer(http::response::text(http::status::ok, "enough"));
  const auto a = c.answer();  // before the rest came
  CHECK(a.body == "enough");
  CHECK_FALSE(a.has("connection"));
  c.send(std::string_view(rest).substr(0, 50'000));
  w.run();
  CHECK(p.size() == 1);
  c.send(std::string_view(rest).substr(50'000));
  c.get("/next");
  w.run();
  REQUIRE(p.size() == 2);
  CHECK(p[1].request.target == "/next");
  p[1].answer(http::response());
  CHECK(c.answer().status == 200);
}

TEST_CASE_TEMPLATE("http uploads: the rest to be passed over must come in time, too", World,
                   HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed({.body_grace = 5s}));
  http_client c(w);
  c.send(sized_head(100) + "1");
  w.run();
  REQUIRE(p.size() == 1);
  p[0].answer(http::response());
  CHECK(c.answer().status == 200);
  SUBCASE("it doesn't") {
    w.advance(6s);
  }
  SUBCASE("the server is cancelled") {
    w.server->cancel();
  }
  SUBCASE("the client leaves") {
    c.end();
  }
  CHECK(c.closed());  // without another answer
  w.run();
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http uploads: much that was left unread closes the connection", World,
                   HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed());
  http_client c(w);
  SUBCASE("sized: it is said") {
    c.send(sized_head(1 << 20) + std::string(1000, 'x'));
    w.run();
    REQUIRE(p.size() == 1);
    p[0].answer(http::response::text(http::status::ok, "enough"));
    c.send(std::string(300'000, 'x'));  // the client still sends
    const auto a = c.answer();
    CHECK(a.body == "enough");
    CHECK(a.header("connection") == "close");
  }
  SUBCASE("chunked: it shows") {
    c.send(chunked_head + "100000\r\n" + std::string(1000, 'x'));
    w.run();
    REQUIRE(p.size() == 1);
    p[0].answer(http::response::text(http::status::ok, "enough"));
    c.send(std::string(300'000, 'x'));
    CHECK(c.answer().body == "enough");
  }
  CHECK(c.closed());
  w.advance(1s);
  CHECK(w.server->connections() == 0);
  CHECK(p.size() == 1);
}

TEST_CASE_TEMPLATE("http uploads: an answer to who said Connection: close isn't lost", World,
                   HTTP_WORLDS) {
  pulled p;
  World w(p.handler(), streamed());
  http_client c(w);
  c.send(sized_head(1 << 20, "Connection: close\r\n") + std::string(1000, 'x'));
  w.run();
  REQUIRE(p.size() == 1);
  p[0].answer(http::response::text(http::status::ok, "enough"));
  w.run();
  c.send(std::string(100'000, 'x'));
  CHECK(c.answer().body == "enough");
  CHECK(c.closed());
}

TEST_CASE_TEMPLATE("http uploads: what ends the request while it reads", World, HTTP_WORLDS) {
  pulled p(pulled::all);
  World w(p.handler(), streamed({.drain_timeout = 3s}));
  http_client c(w);
  c.send(sized_head(10) + "123");
  w.run();
  REQUIRE(p.size() == 1);
  CHECK(p[0].reading);
  SUBCASE("a drain, after its time") {
    w.server->stop();
    w.advance(3s - 1ms);
    CHECK(p[0].reading);
    w.advance(1ms);
    CHECK(c.answer().status == 503);
    c.close();
    CHECK(w.ended());
  }
  SUBCASE("cancel") {
    w.server->cancel();
    CHECK(c.answer().status == 503);
    c.close();
    CHECK(w.ended());
  }
  SUBCASE("the server's destructor") {
    w.server.reset();
    w.run();
    CHECK_FALSE(c.waits());
  }
  CHECK(p[0].ended);
  CHECK_FALSE(p[0].reading);
}

TEST_CASE_TEMPLATE("http uploads: a drain lets an upload finish", World, HTTP_WORLDS) {
  pulled p(pulled::all);
  World w(p.handler(), streamed());
  http_client c(w);
  c.send(sized_head(6) + "123");
  w.run();
  w.server->stop();
  w.advance(5s);
  c.send("456");
  w.run();
  REQUIRE(p.size() == 1);
  CHECK(p[0].content() == "123456");
  p[0].answer(http::response());
  CHECK(c.answer().header("connection") == "close");
  c.close();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http uploads: the loop may end while the handler reads", World, HTTP_WORLDS) {
  pulled p(pulled::all);
  std::size_t rate = 240;
  SUBCASE("") {}
  SUBCASE("without a time limit") {
    rate = 0;
  }
  {
    World w(p.handler(), streamed({.min_body_rate = rate}));
    http_client c(w);
    c.send(sized_head(10) + "123");
    w.run();
    REQUIRE(p.size() == 1);
    CHECK(p[0].reading);
  }
  CHECK_FALSE(p[0].ended);
}

}  // namespace test
