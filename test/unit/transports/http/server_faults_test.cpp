// Each I/O step of the server fails in turn.
#include <string>
#include <system_error>

#include <doctest/doctest.h>

#include "../../../support/http_server/feeding.hpp"
#include "../../../support/http_server/memory_world.hpp"
#include "../../../support/http_server/played_source.hpp"
#include "../../../support/http_server/pulled.hpp"

namespace {

using namespace std::chrono_literals;
using test::http_client;
using test::memory_world;
namespace http = kit::http;

// A client's whole life, as far as it goes.
void play(memory_world& w, test::played_source& source) {
  http_client c(w);
  c.get("/1").get("/2");
  c.answer();
  c.answer();
  c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n");
  c.answer();
  c.send("01234").rest();
  c.send("56789");
  c.answer();
  c.get("/stream");
  source.give("hello");
  c.rest();
  source.give(std::string(200'000, 'x'));  // more than fits between the two
  source.end();
  c.answer();
  c.send("bad\r\n\r\n");
  c.answer();
  c.rest();
}

}  // namespace

namespace {

// The same with a streamed request body, and an event stream.
void play_streams(memory_world& w, test::pulled& p, test::feed& f) {
  http_client c(w);
  c.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n");
  w.run();
  if (p.size() > 0) p[0].read(3);
  c.answer();
  c.send(std::string(40'000, 'x'));
  w.run();
  c.send(std::string(20'000, 'x'));
  w.run();
  if (p.size() > 0) p[0].answer(http::response());
  c.answer();
  c.send(std::string(40'000, 'x'));
  c.get("/events");
  f.put({.data = "one"});
  c.rest();
  f.put({.data = std::string(200'000, 'x')});
  f.end();
  c.answer();
  c.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  w.run();
  if (p.size() > 1) p[1].read(test::pulled::all);
  c.send("bad\r\n");
  w.run();
  if (p.size() > 1) p[1].answer(http::response());
  c.answer();
  c.rest();
}

}  // namespace

TEST_CASE("http server: whatever step of I/O fails under a stream, it ends with its connection") {
  std::size_t n = 0;
  for (;; ++n) {
    CAPTURE(n);
    test::pulled p;
    test::feeding events;
    const http::handler answers[] = {p.handler(), events.handler()};
    memory_world w(
        [&](http::request r) { return answers[r.path() == "/events"].try_call(std::move(r)); },
        {.stream_request_bodies = true}, {.buffer = 50'000});
    w.network.faults().fail_step(n + 2);
    play_streams(w, p, *events.f);
    if (!w.network.faults().hit()) break;
    w.advance(1min);
    CHECK(w.server->connections() == 0);
    CHECK(events.f->running == 0);
    for (std::size_t i = 0; i < p.size(); ++i)
      CHECK(p[i].ended);
    w.server->stop();
    CHECK(w.ended());
    CHECK_FALSE(w.running->failed());
  }
  CHECK(n > 10);
}

TEST_CASE("http server: a body that nobody reads is read ahead only so far") {
  test::pulled p;
  memory_world w(p.handler(), {.stream_request_bodies = true}, {.buffer = 10'000});
  auto connected = w.loop.start(w.network.host("client").connect("server:80"));
  auto& client = dynamic_cast<kit::testing::memory_stream&>(*connected.value().stream);
  client.put("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  w.run();
  REQUIRE(p.size() == 1);
  const std::string piece(5'000, 'x');
  std::size_t taken = 0;
  const auto fill = [&] {
    for (const auto before = taken; taken - before < 1'000'000; taken += piece.size()) {
      try {
        client.put(piece);
      } catch (const std::system_error&) {  // it is full
        return;
      }
      w.run();
    }
  };
  fill();
  CHECK(taken >= 64 * 1024);
  CHECK(taken <= 64 * 1024 + 10'000 + piece.size());
  CHECK(p[0].pieces.empty());
  const auto before = taken;
  p[0].read();
  w.run();
  CHECK(p[0].content().size() >= 64 * 1024 - piece.size());
  fill();
  CHECK(taken > before);
}

TEST_CASE("http server: whatever step of I/O fails, only that connection ends") {
  std::size_t n = 0;
  for (;; ++n) {
    CAPTURE(n);
    test::streaming s;
    memory_world w(s.handler(), {}, {.buffer = 50'000});
    w.network.faults().fail_step(n + 2);  // not the client's way in, of which the first is one
    play(w, *s.source);
    if (!w.network.faults().hit()) break;
    w.advance(1min);
    CHECK(w.server->connections() == 0);
    CHECK(s.source.use_count() == s.unused);

    http_client other(w);
    CHECK(other.get("/other").answer().body == "/other");
    other.close();
    w.server->stop();
    CHECK(w.ended());
    CHECK_FALSE(w.running->failed());
  }
  CHECK(n > 15);
}
