#pragma once

// Test cases of the HTTP server, over each of HTTP_WORLDS: pushed bodies and event streams.

#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/error.hpp>
#include <kit/http/pushed_body.hpp>
#include <kit/timer.hpp>
#include <transports/http/handler_of.hpp>

#include "feeding.hpp"
#include "world.hpp"

namespace test {

TEST_CASE_TEMPLATE("http events: are sent as they come, until the producer ends", World,
                   HTTP_WORLDS) {
  feeding s;
  World w(s.handler());
  http_client c(w);
  c.get("/events").get("/next");
  const auto head = c.rest();
  CHECK(head.find("Content-Type: text/event-stream\r\n") != head.npos);
  CHECK(head.find("Cache-Control: no-cache\r\n") != head.npos);
  CHECK(head.find("X-Accel-Buffering: no\r\n") != head.npos);
  s.f->put({.data = "one"});
  CHECK(c.rest().ends_with("\r\ndata: one\n\n\r\n"));
  CHECK(s.f->sent == 1);
  s.f->put({.data = "two", .id = "2"});
  CHECK(c.rest().ends_with("\r\nid: 2\ndata: two\n\n\r\n"));
  s.f->end();
  CHECK(c.answer().body == "data: one\n\nid: 2\ndata: two\n\n");
  CHECK(s.f->running == 0);
  CHECK(c.answer().body == "/next");
}

TEST_CASE_TEMPLATE("http events: a comment is sent when nothing else was", World, HTTP_WORLDS) {
  feeding s{.options = {.keep_alive = 15s}};
  World w(s.handler());
  http_client c(w);
  c.get("/events");
  w.advance(10s);
  s.f->put({.data = "x"});
  w.advance(15s - 1ms);
  CHECK(c.rest().ends_with("data: x\n\n\r\n"));
  w.advance(1ms);
  CHECK(c.rest().ends_with("\r\n:\n\n\r\n"));
  w.advance(15s);
  CHECK(c.rest().ends_with("\r\n:\n\n\r\n3\r\n:\n\n\r\n"));
  s.f->put({.data = "y"});
  w.run();
  CHECK(c.rest().ends_with("data: y\n\n\r\n"));
}

TEST_CASE_TEMPLATE("http events: without keep-alive there is silence", World, HTTP_WORLDS) {
  feeding s{.options = {.keep_alive = 0s}};
  World w(s.handler());
  http_client c(w);
  c.get("/events");
  w.run();
  const auto before = c.rest();
  w.advance(24h);
  CHECK(c.rest() == before);
  CHECK(s.f->running == 1);
}

TEST_CASE_TEMPLATE("http events: the time limit of requests doesn't end them", World, HTTP_WORLDS) {
  feeding s;
  World w(s.handler(), http::server_options{.request_timeout = 5s});
  http_client c(w);
  c.get("/events");
  w.run();
  CHECK(s.f->running == 1);
  CHECK_FALSE(s.f->context.deadline());
  CHECK(s.f->context.template get<kit::connection_info>());
  for (int i = 0; i < 10; ++i) {
    w.advance(5s);
    s.f->put({.data = "more"});
  }
  w.run();
  CHECK(s.f->sent == 10);
  CHECK_FALSE(s.f->context.cancelled());
}

TEST_CASE_TEMPLATE("http events: a handler that is late doesn't begin one", World, HTTP_WORLDS) {
  World w(http::handler([](http::request) -> asio::awaitable<http::response> {
            co_await kit::sleep_for(1h);
            co_return http::response();
          }),
          http::server_options{.request_timeout = 5s});
  http_client c(w);
  c.get("/");
  w.advance(5s);
  CHECK(c.answer().status == 504);
}

TEST_CASE_TEMPLATE("http events: a client that leaves cancels the producer", World, HTTP_WORLDS) {
  feeding s;
  World w(s.handler());
  http_client c(w);
  c.get("/events");
  w.run();
  CHECK(s.f->running == 1);
  SUBCASE("by a reset") {
    c.reset();
  }
  SUBCASE("by closing") {
    c.close();
    w.advance(http::server_options{}.half_close_grace);
  }
  w.run();
  CHECK(s.f->running == 0);
  CHECK(s.f->context.cancelled());
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http events: a client that reads slowly holds its producer up", World,
                   HTTP_WORLDS) {
  feeding s;
  World w(s.handler());
  http_client c(w);
  c.get("/events");
  w.run();
  for (int i = 0; i < 40; ++i)
    s.f->put({.data = std::string(1 << 20, 'x')});
  w.run();
  CHECK(s.f->sent < 30);
  SUBCASE("until it reads") {
    s.f->end();
    CHECK(c.answer().body.size() > 40u << 20);
    CHECK(s.f->sent == 40);
  }
  SUBCASE("until it leaves") {
    c.reset();
    w.run();
    CHECK(w.server->connections() == 0);
  }
  SUBCASE("until it took too long") {
    w.advance(http::server_options{}.write_timeout);
    CHECK(w.server->connections() == 0);
  }
  CHECK(s.f->running == 0);
}

TEST_CASE_TEMPLATE("http events: a drain ends them at once, after their last event", World,
                   HTTP_WORLDS) {
  feeding s;
  World w(s.handler());
  http_client c(w);
  c.get("/events");
  w.run();
  s.f->put({.data = "last"});
  w.run();
  w.server->stop();
  const auto a = c.answer();
  CHECK(a.body == "data: last\n\n");
  CHECK(s.f->running == 0);
  w.advance(http::server_options{}.drain_idle_grace);
  CHECK(c.closed());
  c.close();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http events: none begins while the server drains", World, HTTP_WORLDS) {
  feeding s;
  World w(s.handler());
  http_client c(w);
  CHECK(c.get("/").answer().status == 200);
  w.server->stop();
  w.run();
  const auto a = c.get("/events").answer();
  CHECK(a.status == 503);
  CHECK(a.header("connection") == "close");
  CHECK(s.f->running == 0);
}

TEST_CASE_TEMPLATE("http events: a producer that ignores it is cut off after the drain", World,
                   HTTP_WORLDS) {
  feeding s;
  s.f->stubborn = true;
  World w(s.handler(), http::server_options{.drain_timeout = 3s, .cancel_grace = 1s});
  http_client c(w);
  c.get("/events");
  w.run();
  CHECK(s.f->running == 1);
  SUBCASE("by stop") {
    w.server->stop();
  }
  SUBCASE("by cancel") {
    w.server->cancel();
  }
  w.advance(4s);
  c.close();
  CHECK(w.ended());
  CHECK(s.f->running == 1);
  s.f->put({.data = "nobody reads it"});
  w.run();
  CHECK(s.f->running == 0);
}

TEST_CASE_TEMPLATE("http events: what ends the server ends them", World, HTTP_WORLDS) {
  feeding s;
  {
    World w(s.handler());
    http_client c(w), slow(w);
    c.get("/events");
    w.run();
    CHECK(s.f->running == 1);
    SUBCASE("cancel") {
      w.server->cancel();
      w.run();
      CHECK(s.f->running == 0);
    }
    SUBCASE("its destructor") {
      w.server.reset();
      w.run();
      CHECK(s.f->running == 0);
    }
    SUBCASE("the loop's end") {}
    SUBCASE("the loop's end while it is sent to") {
      for (int i = 0; i < 40; ++i)
        s.f->put({.data = std::string(1 << 20, 'x')});
      w.run();
      CHECK(s.f->running == 1);
    }
  }
  CHECK(s.f->running == 0);
  CHECK(s.f.use_count() == 1);
}

TEST_CASE_TEMPLATE("http events: HEAD doesn't start the producer", World, HTTP_WORLDS) {
  feeding s;
  World w(s.handler());
  http_client c(w);
  c.send("HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(c.answer(true).header("content-type") == "text/event-stream");
  CHECK(s.f->running == 0);
  CHECK(c.get("/next").answer().body == "/next");
}

TEST_CASE_TEMPLATE("http events: to an HTTP/1.0 client", World, HTTP_WORLDS) {
  feeding s;
  World w(s.handler());
  http_client c(w);
  c.send("GET /events HTTP/1.0\r\n\r\n");
  s.f->put({.data = "x"});
  w.run();
  w.server->stop();
  CHECK(c.answer().body == "data: x\n\n");
  CHECK(c.closed());
}

TEST_CASE_TEMPLATE("http events: what a finalizer watches is as endless", World, HTTP_WORLDS) {
  feeding s;
  std::uint64_t bytes = 0;
  kit::endpoint<http::request, http::response> ep = s.handler();
  World w(http::handler_of(ep, {.finalizers = {[&](const kit::context&, const http::exchange& e) {
                                  bytes = e.response_bytes;
                                }}}),
          http::server_options{.request_timeout = 5s});
  http_client c(w);
  c.get("/events");
  w.advance(1h);
  s.f->put({.data = "x"});
  w.run();
  CHECK(s.f->sent == 1);
  c.reset();
  w.run();
  CHECK(bytes > 8);
  CHECK(s.f->running == 0);
}

inline asio::awaitable<http::response> push(http::request r) {
  co_return http::response{
      .body = http::pushed_body([r](http::body_sink& out) -> asio::awaitable<void> {
        co_await out.write("hello");
        if (r.path() == "/throws") throw kit::error(kit::errc::internal);
        co_await out.write(" world");
        out.set_trailers({{"X-Sum", "11"}});
      })};
}

TEST_CASE_TEMPLATE("http server: a pushed body is sent with its trailers", World, HTTP_WORLDS) {
  World w(push);
  http_client c(w);
  const auto a = c.get("/").answer();
  CHECK(a.body == "hello world");
  CHECK(a.trailers.at("x-sum") == "11");
  c.get("/throws");
  CHECK(c.rest().ends_with("hello\r\n"));
  CHECK_FALSE(c.waits());
}

}  // namespace test
