#pragma once

// Test cases of the HTTP server, over each of HTTP_WORLDS: how it ends.

#include <memory>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>
#include <asio/cancellation_type.hpp>

#include "held.hpp"
#include "world.hpp"

namespace test {

TEST_CASE_TEMPLATE("http server: stop lets what runs finish, and says it was the last", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w);
  c.get("/");
  w.run();
  SUBCASE("by stop") {
    w.server->stop();
  }
  SUBCASE("by cancelling run") {
    w.running->cancel();
  }
  w.advance(5s);
  CHECK(c.waits());
  CHECK(w.running->pending());
  CHECK_FALSE(h[0].cancelled);
  h[0].answer(http::response::text(http::status::ok, "done"));
  const auto a = c.answer();
  CHECK(a.body == "done");
  CHECK(a.header("connection") == "close");
  CHECK(c.closed());
  c.close();
  CHECK(w.ended());
  CHECK_FALSE(w.running->failed());
  CHECK(w.server->connections() == 0);
}

TEST_CASE_TEMPLATE("http server: a stopped server without connections returns at once", World,
                   HTTP_WORLDS) {
  World w(tell_target);
  w.run();
  CHECK(w.running->pending());
  w.server->stop();
  w.server->stop();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http server: stop before run", World, HTTP_WORLDS) {
  World w(tell_target);
  auto second = [&] { return w.loop.start(w.server->run()); };
  CHECK(second().error().code() == kit::errc::failed_precondition);
  w.server->stop();
  CHECK(w.ended());
  CHECK(second().error().code() == kit::errc::failed_precondition);
}

TEST_CASE_TEMPLATE("http server: an idle connection may still send a request that is on its way",
                   World, HTTP_WORLDS) {
  World w(tell_target, http::server_options{.drain_idle_grace = 300ms});
  http_client sends(w), silent(w), fresh(w);
  CHECK(sends.get("/").answer().status == 200);
  CHECK(silent.get("/").answer().status == 200);
  w.server->stop();
  w.advance(299ms);
  const auto a = sends.get("/late").answer();
  CHECK(a.body == "/late");
  CHECK(a.header("connection") == "close");
  CHECK(sends.closed());
  CHECK(silent.waits());
  w.advance(1ms);
  CHECK(silent.closed());
  CHECK(fresh.closed());
  sends.close();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE(
    "http server: without idle grace connections without a request are closed at once", World,
    HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.drain_idle_grace = 0ms});
  http_client idle(w), fresh(w), runs(w);
  idle.get("/");
  w.run();
  h[0].answer({});
  CHECK(idle.answer().status == 200);
  CHECK(fresh.waits());
  runs.get("/");
  w.run();
  w.server->stop();
  CHECK(idle.closed());
  CHECK(fresh.closed());
  CHECK(w.server->connections() == 1);
  h[1].answer({});
  CHECK(runs.answer().header("connection") == "close");
  CHECK(runs.closed());
  runs.close();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http server: a stopped server answers all that was pipelined to it so far",
                   World, HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w);
  c.get("/1");
  w.run();
  w.server->stop();
  w.run();
  c.get("/2");
  h[0].answer(http::response::text(http::status::ok, "1"));
  const auto a = c.answer();
  CHECK(a.header("connection") == "close");  // so the client knows that /2 was not served
  CHECK(c.closed());
  CHECK(h.size() == 1);
}

TEST_CASE_TEMPLATE("http server: requests that outlast the drain are cancelled", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler(), http::server_options{.drain_timeout = 3s});
  http_client c(w);
  c.get("/");
  w.run();
  w.server->stop();
  w.advance(3s - 1ms);
  CHECK_FALSE(h[0].cancelled);
  w.advance(1ms);
  CHECK(h[0].cancelled);
  const auto a = c.answer();
  CHECK(a.status == 503);
  CHECK(a.header("connection") == "close");
  CHECK(c.closed());
  c.close();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http server: a drain may take as long as it takes", World, HTTP_WORLDS) {
  held h(true);
  constexpr auto forever = std::chrono::milliseconds::max();
  World w(h.handler(),
          http::server_options{
              .request_timeout = forever, .drain_timeout = forever, .cancel_grace = forever});
  http_client c(w);
  c.get("/");
  w.run();
  w.server->stop();
  w.advance(24h * 365);
  CHECK(w.running->pending());
  CHECK_FALSE(h[0].context.cancelled());
  w.server->cancel();
  w.run();
  CHECK(h[0].context.cancelled());
  w.advance(24h * 365);
  CHECK(w.running->pending());
  h[0].answer({});
  CHECK(c.answer().status == 200);
  c.close();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http server: the second call cuts the drain short", World, HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w), half(w);
  c.get("/");
  half.send("GET / HT");
  w.run();
  w.server->stop();
  w.run();
  CHECK_FALSE(h[0].cancelled);
  SUBCASE("by cancel") {
    w.server->cancel();
  }
  SUBCASE("by cancelling the context of run") {
    w.source.cancel();
  }
  w.run();
  CHECK(h[0].cancelled);
  CHECK(c.answer().status == 503);
  CHECK(half.answer().status == 503);
  c.close();
  half.close();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http server: cancel alone cancels at once", World, HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client c(w);
  c.get("/");
  w.run();
  w.server->cancel();
  w.run();
  CHECK(h[0].cancelled);
  CHECK(c.answer().status == 503);
  c.close();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http server: a handler that ignores cancellation holds it up for the grace",
                   World, HTTP_WORLDS) {
  held h(true);
  World w(h.handler(), http::server_options{.drain_timeout = 3s, .cancel_grace = 2s});
  http_client c(w);
  c.get("/");
  w.run();
  w.server->stop();
  w.advance(5s - 1ms);
  CHECK(w.running->pending());
  w.advance(1ms);
  CHECK(w.ended());
  CHECK_FALSE(c.waits());
  CHECK_FALSE(h[0].ended);
  h[0].answer({});  // the connection outlives the server, and goes with its request
  w.run();
  CHECK(h[0].ended);
}

TEST_CASE_TEMPLATE("http server: destroyed, it closes its connections and run returns", World,
                   HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client runs(w), idle(w), partial(w);
  runs.get("/");
  partial.send("GET / HT");
  w.run();
  w.server.reset();
  w.run();
  CHECK(h[0].cancelled);
  CHECK_FALSE(runs.waits());
  CHECK_FALSE(idle.waits());
  CHECK_FALSE(partial.waits());
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http server: destroyed while a handler ignores it", World, HTTP_WORLDS) {
  held h(true);
  World w(h.handler());
  http_client c(w);
  c.get("/");
  w.run();
  w.server.reset();
  w.run();
  CHECK_FALSE(c.waits());
  CHECK_FALSE(h[0].ended);
  w.advance(1s);
  CHECK(w.ended());
  h[0].answer({});
  w.run();
  CHECK(h[0].ended);
}

TEST_CASE_TEMPLATE("http server: the loop may end with everything under way", World, HTTP_WORLDS) {
  held h;
  World w(h.handler());
  http_client runs(w), idle(w), partial(w), unread(w);
  runs.get("/");
  partial.send("GET / HT");
  CHECK(idle.waits());
  unread.get("/");
  w.run();
  h[1].answer(http::response::text(http::status::ok, std::string(32 << 20, 'x')));
  w.run();
  CHECK(w.server->connections() == 4);
}

TEST_CASE_TEMPLATE("http server: what comes after a cancelled run can be awaited", World,
                   HTTP_WORLDS) {
  World w(tell_target);
  auto server = std::move(w.server);
  // clang-format off
  struct script {
    static asio::awaitable<void> run(kit::http::server& s, bool& after) {
      co_await s.run();
      co_await kit::sleep_for(1s);
      after = true;
    }
  };
  // clang-format on
  w.run();
  http::server fresh(w.loop.get_executor(), tell_target);
  bool after = false;
  auto running = w.loop.start(script::run(fresh, after));
  running.cancel();
  w.advance(1s);
  CHECK(after);
  CHECK_FALSE(running.failed());
}

TEST_CASE_TEMPLATE("http server: says that it drains, and then goes on for a while", World,
                   HTTP_WORLDS) {
  int told = 0;
  World w(tell_target, http::server_options{.on_drain = [&] { ++told; }, .drain_delay = 500ms});
  http_client early(w);
  CHECK(early.get("/1").answer().status == 200);
  CHECK(told == 0);
  w.server->stop();
  w.run();
  CHECK(told == 1);
  w.server->stop();
  w.advance(499ms);
  http_client late(w);
  for (auto* c : {&early, &late}) {
    const auto a = c->get("/2").answer();
    CHECK(a.body == "/2");
    CHECK(a.header("connection").empty());
  }
  CHECK(w.running->pending());
  w.advance(1ms);
  const auto last = early.get("/3").answer();
  CHECK(last.header("connection") == "close");
  w.advance(200ms);
  CHECK(late.closed());
  early.close();
  late.close();
  CHECK(w.ended());
  CHECK_FALSE(w.running->failed());
  CHECK(told == 1);
}

TEST_CASE_TEMPLATE("http server: cancel cuts the delay short", World, HTTP_WORLDS) {
  bool told = false;
  World w(tell_target, http::server_options{.on_drain = [&] { told = true; }, .drain_delay = 1h});
  http_client c(w);
  CHECK(c.get("/").answer().status == 200);
  w.server->stop();
  w.advance(30s);
  CHECK(c.get("/").answer().status == 200);
  SUBCASE("by cancel") {
    w.server->cancel();
  }
  SUBCASE("by the context") {
    w.source.cancel();
  }
  c.close();
  CHECK(w.ended());
  CHECK(told);
}

TEST_CASE_TEMPLATE("http server: a full server accepts on during the delay when one leaves", World,
                   HTTP_WORLDS) {
  World w(tell_target, http::server_options{.max_connections = 1, .drain_delay = 1s});
  http_client first(w), second(w);
  CHECK(first.get("/1").answer().status == 200);
  second.get("/2");
  CHECK(second.waits());
  w.server->stop();
  w.run();
  first.close();
  CHECK(second.answer().body == "/2");
  second.close();
  w.advance(1s);
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("http server: on_drain may fail; the server drains all the same", World,
                   HTTP_WORLDS) {
  World w(tell_target,
          http::server_options{.on_drain = [] { throw std::runtime_error("no balancer"); }});
  http_client c(w);
  CHECK(c.get("/").answer().status == 200);
  w.server->stop();
  w.advance(1s);
  CHECK(c.closed());
  c.close();
  CHECK(w.ended());
  CHECK(w.running->error().message() == "no balancer");
}

TEST_CASE_TEMPLATE("http server: a server that is destroyed calls on_drain no more", World,
                   HTTP_WORLDS) {
  bool told = false;
  World w(tell_target, http::server_options{.on_drain = [&] { told = true; }, .drain_delay = 1h});
  w.run();
  w.server.reset();
  CHECK(w.ended());
  CHECK_FALSE(told);
}

}  // namespace test
