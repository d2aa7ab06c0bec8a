// How requests and answers lie in records, and how the connection's end is told.
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "../../../../support/http_server/held.hpp"
#include "../../../../support/http_server/tls_world.hpp"

namespace {

namespace http = kit::http;
using namespace std::chrono_literals;

constexpr int tls_1_2 = 0x0303, tls_1_3 = 0x0304;

#define WORLDS test::tls_loop_world, test::tls_strand_world

test::tls_client_options of(int version) {
  auto o = test::tls_site::get().client();
  o.min_version = o.max_version = version;
  return o;
}

}  // namespace

TEST_CASE_TEMPLATE("https: a request in records of any size, all at once", World, WORLDS) {
  World w(test::tell_target);
  const std::string wire =
      "GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int version : {tls_1_2, tls_1_3}) {
    for (std::size_t piece : {1u, 2u, 3u, 31u, 32u, 1000u}) {
      CAPTURE(piece);
      test::tls_client c(w, of(version));
      for (std::size_t at = 0; at < wire.size(); at += piece)
        c.tls().write(std::string_view(wire).substr(at, piece));
      c.below().send(c.tls().to_send());
      CHECK(c->answer().body == "/one");
      CHECK(c->answer().body == "/two");
      CHECK(c->waits());
    }
  }
}

TEST_CASE_TEMPLATE("https: records in pieces of any size", World, WORLDS) {
  World w(test::tell_target);
  for (int version : {tls_1_2, tls_1_3}) {
    for (std::size_t piece : {1u, 3u, 7u}) {
      CAPTURE(piece);
      test::tls_client c(w, of(version));
      c.tls().write("GET /one HTTP/1.1\r\nHost: a\r\n");
      c.tls().write("\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n");
      const auto wire = c.tls().to_send();
      for (std::size_t at = 0; at < wire.size(); at += piece) {
        c.below().send(std::string_view(wire).substr(at, piece));
        w.loop.run();
      }
      CHECK(c->answer().body == "/one");
      CHECK(c->answer().body == "/two");
    }
  }
}

TEST_CASE_TEMPLATE("https: many requests in few records", World, WORLDS) {
  World w(test::tell_target);
  test::tls_client c(w);
  std::string all;
  for (int i = 0; i < 2000; ++i)
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  c->send(all);
  int right = 0;
  for (int i = 0; i < 2000; ++i)
    right += c->answer().body == "/" + std::to_string(i);
  CHECK(right == 2000);
  CHECK(c->waits());
}

// What OpenSSL has read comes with no further event.
TEST_CASE_TEMPLATE("https: a request that just fills the buffer, and another one", World, WORLDS) {
  World w(test::tell_target);
  for (std::size_t size : {511u, 512u, 513u, 4'095u, 4'096u, 4'097u, 8'191u, 8'192u, 8'193u}) {
    CAPTURE(size);
    test::tls_client c(w);
    const std::string start = "GET /first HTTP/1.1\r\nHost: a\r\nA: ";
    c.tls().write(start + std::string(size - start.size() - 4, 'a') + "\r\n\r\n");
    c.tls().write("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
    c.below().send(c.tls().to_send());
    CHECK(c->answer().body == "/first");
    CHECK(c->answer().body == "/second");
  }
}

// What is read ahead comes with no further event, too.
TEST_CASE_TEMPLATE("https: requests that wait in records until a handler is done", World, WORLDS) {
  test::held h;
  World w(h.handler());
  test::tls_client c(w);
  std::string wire;
  for (int i = 0; i < 20; ++i) {
    c.tls().write("POST /" + std::to_string(i) +
                  " HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n");
    c.tls().write("\r\n" + std::string(1000, 'x'));
  }
  c.below().send(c.tls().to_send());
  for (std::size_t i = 0; i < 20; ++i) {
    w.run();
    REQUIRE(h.size() == i + 1);
    CHECK(h[i].request.target == "/" + std::to_string(i));
    h[i].answer({});
    CHECK(c->answer().status == 200);
  }
}

TEST_CASE_TEMPLATE("https: bodies of several megabytes both ways", World, WORLDS) {
  test::held h;
  World w(h.handler(), http::server_options{.limits = {.max_body_bytes = 16u << 20}});
  std::string body(8u << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000)
    body[i] = static_cast<char>('a' + i / 1000 % 26);
  for (int version : {tls_1_2, tls_1_3}) {
    test::tls_client c(w, of(version));
    const auto at = h.size();
    c->post("/", body).get("/next");
    w.run();
    REQUIRE(h.size() == at + 1);
    CHECK(h[at].request.body.bytes() == body);
    h[at].answer(http::response::text(http::status::ok, body));
    w.run();  // more than fits is on its way, and nobody reads
    CHECK(h.size() == at + 1);
    CHECK(c->answer().body == body);
    w.run();
    REQUIRE(h.size() == at + 2);
    h[at + 1].answer({});
    CHECK(c->answer().status == 200);
  }
}

TEST_CASE_TEMPLATE("https: keys change while requests run", World, WORLDS) {
  test::held h;
  World w(h.handler());
  test::tls_client c(w, of(tls_1_3));
  for (int i = 0; i < 5; ++i) {
    const auto at = h.size();
    c.tls().update_keys();
    c->get("/");
    w.run();
    REQUIRE(h.size() == at + 1);
    c.tls().update_keys();
    c.tls().write("GET /");
    c.below().send(c.tls().to_send());
    h[at].answer(http::response::text(http::status::ok, std::string(4u << 20, 'x')));
    w.run();
    c.tls().update_keys();  // while the answer is half on its way
    c.tls().write("rest HTTP/1.1\r\nHost: a\r\n\r\n");
    c.below().send(c.tls().to_send());
    CHECK(c->answer().body.size() == 4u << 20);
    w.run();
    REQUIRE(h.size() == at + 2);
    CHECK(h[at + 1].request.target == "/rest");
    h[at + 1].answer({});
    CHECK(c->answer().status == 200);
  }
}

TEST_CASE_TEMPLATE("https: a client that goes without close_notify", World, WORLDS) {
  test::held h;
  World w(h.handler(), http::server_options{.half_close_grace = 500ms});
  for (int version : {tls_1_2, tls_1_3}) {
    CAPTURE(version);
    {
      test::tls_client idle(w, of(version));
      idle.below().end();
      CHECK(idle->closed());
    }
    test::tls_client c(w, of(version));
    const auto at = h.size();
    c->get("/");
    w.run();
    REQUIRE(h.size() == at + 1);
    c.below().end();
    w.advance(499ms);
    CHECK_FALSE(h[at].cancelled);
    SUBCASE("gets its answer in time") {
      h[at].answer(http::response::text(http::status::ok, "late"));
      CHECK(c->answer().body == "late");
      CHECK(c->closed());
    }
    SUBCASE("is given up") {
      w.advance(1ms);
      CHECK(h[at].cancelled);
      w.run();
    }
    w.advance(1s);
    CHECK(w.server->connections() == 0);
  }
}

TEST_CASE_TEMPLATE("https: the server's end is told", World, WORLDS) {
  World w(test::tell_target, http::server_options{.idle_timeout = 20s});
  for (int version : {tls_1_2, tls_1_3}) {
    CAPTURE(version);
    test::tls_client asked(w, of(version));
    asked->get("/", "Connection: close\r\n");
    CHECK(asked->answer().status == 200);
    CHECK(asked->closed());
    CHECK(asked.tls().ended());

    test::tls_client refused(w, of(version));
    refused->send("nonsense\r\n\r\nmore");
    CHECK(refused->answer().status == 400);
    CHECK(refused->closed());
    CHECK(refused.tls().ended());

    test::tls_client idle(w, of(version));
    CHECK(idle->get("/").answer().status == 200);
    w.advance(20s);
    CHECK(idle->closed());
    CHECK(idle.tls().ended());
  }
}

// Looks for the size that just fits into the system's buffers: the end must then wait for room.
TEST_CASE_TEMPLATE("https: the end of an answer without length is told, also to slow readers",
                   World, WORLDS) {
  test::held h;
  World w(h.handler());
  std::size_t fits = 0, least_too_large = 16u << 20;
  while (least_too_large - fits > 1) {
    const auto size = (fits + least_too_large) / 2;
    CAPTURE(size);
    test::tls_client c(w);
    c->send("GET / HTTP/1.0\r\n\r\n");
    w.run();
    h[h.size() - 1].answer(http::response::text(http::status::ok, std::string(size, 'x')));
    w.run();
    (w.server->connections() == 0 ? fits : least_too_large) = size;
    CHECK(c->answer().body.size() == size);
    CHECK(c->closed());
    CHECK(c.tls().ended());
    w.advance(1s);
    CHECK(w.server->connections() == 0);
  }
  CHECK(fits > 0);
}

TEST_CASE_TEMPLATE("https: parts of a record don't hold an idle connection", World, WORLDS) {
  World w(test::tell_target, http::server_options{.idle_timeout = 20s});
  test::tls_client c(w);
  CHECK(c->get("/").answer().status == 200);
  c.tls().write("GET / HTTP/1.1\r\n" + std::string(15'000, 'x'));
  const auto record = c.tls().to_send();
  w.advance(20s - 50ms);
  for (std::size_t i = 0; i < 30; ++i) {
    c.below().send(record.substr(i, 1));
    w.advance(10ms);
  }
  CHECK(c->closed());
  CHECK(w.server->connections() == 0);
}
