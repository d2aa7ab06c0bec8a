// Each I/O step of the server fails in turn.
#include <string>

#include <doctest/doctest.h>

#include "../../../support/http_server/memory_world.hpp"
#include "../../../support/http_server/played_source.hpp"

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
