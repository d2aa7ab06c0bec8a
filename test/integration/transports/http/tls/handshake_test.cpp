// Handshakes that go wrong, take too long, or are too many; and how connections end.
#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "../../../../support/http_server/held.hpp"
#include "../../../../support/http_server/tls_world.hpp"

namespace {

namespace http = kit::http;
using namespace std::chrono_literals;

constexpr int tls_1_2 = 0x0303, tls_1_3 = 0x0304;

#define WORLDS test::tls_loop_world, test::tls_strand_world

std::string client_hello() {
  return test::tls_engine(test::tls_site::get().client()).to_send();
}

// The end of a connection, without a further word.
template <class World>
bool ends(World& w, test::http_peer& p) {
  std::string got;
  return w.settle([&] {
    got += p.take();
    return p.at_end();
  }) && got.empty();
}

template <class World>
bool open(World& w, test::http_peer& p) {
  w.run();
  p.take();
  return !p.at_end();
}

template <class World>
bool serves(World& w) {
  return test::tls_client(w)->get("/next").answer().body == "/next";
}

}  // namespace

TEST_CASE_TEMPLATE("https: a handshake must be done in time", World, WORLDS) {
  World w(test::tell_target, http::server_options{.tls_handshake_timeout = 10s});
  auto silent = w.connect_plain(), half = w.connect_plain(), slow = w.connect_plain();
  const auto hello = client_hello();
  half->send(hello);
  for (std::size_t i = 0; i < 99; ++i) {  // each byte is no new start
    slow->send(hello.substr(i, 1));
    w.advance(100ms);
  }
  CHECK(w.server->connections() == 3);
  w.advance(100ms - 1ms);
  CHECK(open(w, *silent));
  CHECK(open(w, *half));
  CHECK(open(w, *slow));
  w.advance(1ms);
  CHECK(ends(w, *silent));
  CHECK(ends(w, *half));
  CHECK(ends(w, *slow));
  CHECK(w.server->connections() == 0);
  CHECK(serves(w));
}

TEST_CASE_TEMPLATE("https: without limit a handshake may take as long as it takes", World, WORLDS) {
  World w(test::tell_target, http::server_options{.tls_handshake_timeout = 0s});
  auto peer = w.connect_plain();
  w.advance(24h);
  CHECK(open(w, *peer));
}

TEST_CASE_TEMPLATE("https: the time for the first request begins after the handshake", World,
                   WORLDS) {
  World w(test::tell_target,
          http::server_options{.tls_handshake_timeout = 30s, .header_timeout = 10s});
  test::tls_peer peer(w.connect_plain(), test::tls_site::get().client());
  w.advance(25s);
  CHECK(w.settle([&] { return peer.pump(); }));
  w.advance(10s - 1ms);
  CHECK(open(w, peer));
  w.advance(1ms);
  CHECK(ends(w, peer));
  CHECK(peer.engine().ended());  // by close_notify
}

TEST_CASE_TEMPLATE("https: a handshake in pieces of any size", World, WORLDS) {
  World w(test::tell_target);
  for (std::size_t piece : {1u, 2u, 5u, 100u}) {
    for (int version : {tls_1_2, tls_1_3}) {
      CAPTURE(piece);
      auto o = test::tls_site::get().client();
      o.max_version = version;
      test::tls_engine engine(o);
      auto below = w.connect_plain();
      std::string answer;
      engine.write("GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n");
      REQUIRE(w.settle([&] {
        const auto bytes = engine.to_send();
        for (std::size_t at = 0; at < bytes.size(); at += piece)
          below->send(std::string_view(bytes).substr(at, piece));
        engine.receive(below->take());
        answer += engine.read();
        return answer.ends_with("/pieces") || !engine.failure().empty();
      }));
      CHECK(engine.failure().empty());
    }
  }
}

TEST_CASE_TEMPLATE("https: handshakes beyond the limit wait until one is over", World, WORLDS) {
  World w(test::tell_target,
          http::server_options{.tls_handshake_timeout = 10s, .max_tls_handshakes = 2});
  test::tls_client done(w), done_too(w), third(w);  // those that are done don't count
  CHECK(third->get("/").answer().status == 200);
  auto silent = w.connect_plain(), other = w.connect_plain();
  w.advance(5s);
  CHECK(w.server->connections() == 5);
  test::tls_peer waiting(w.connect_plain(), test::tls_site::get().client());
  waiting.send("GET /waited HTTP/1.1\r\nHost: a\r\n\r\n");
  w.run();
  CHECK(w.server->connections() == 5);
  SUBCASE("as one goes") {
    silent->close();
  }
  SUBCASE("as one fails") {
    other->send("\x16garbage garbage");
  }
  SUBCASE("as their time is over") {
    w.advance(5s);
  }
  std::string answer;
  CHECK(w.settle([&] {
    answer += waiting.take();
    return answer.ends_with("/waited");
  }));
}

TEST_CASE_TEMPLATE("https: a client that goes in the middle of a handshake", World, WORLDS) {
  World w(test::tell_target);
  const auto hello = client_hello();
  for (std::size_t sent : {std::size_t{0}, std::size_t{1}, std::size_t{4}, hello.size() / 2,
                           hello.size() - 1, hello.size()}) {
    CAPTURE(sent);
    for (int how = 0; how < 4; ++how) {
      CAPTURE(how);
      auto peer = w.connect_plain();
      if (how == 3) {
        peer->send_last(hello.substr(0, sent));
      } else {
        peer->send(hello.substr(0, sent));
        w.run();
        how == 0 ? peer->close() : how == 1 ? peer->reset() : peer->end();
      }
      w.run();
      w.advance(200ms);
      CHECK(w.server->connections() == 0);
    }
  }
  CHECK(serves(w));
}

TEST_CASE_TEMPLATE("https: garbage instead of a handshake", World, WORLDS) {
  World w(test::tell_target);
  std::mt19937 random(7);
  std::vector<std::string> all = {std::string(1, '\0'),
                                  std::string("\x16\x03\x01\xff\xff", 5) + std::string(70'000, 'x'),
                                  std::string("\x16\x03\x01\x00\x00", 5),
                                  "\x80\x2e\x01\x03\x01",
                                  "get / HTTP/1.1\r\n\r\n",
                                  std::string("\x15\x03\x01\x00\x02\x02\x28", 7),
                                  "\r\n\r\n"};
  for (int i = 0; i < 50; ++i) {
    auto changed = client_hello();
    for (int n = 0; n < 3; ++n)
      changed[random() % changed.size()] = static_cast<char>(random());
    changed[0] = '\x16';
    all.push_back(std::move(changed));
  }
  for (const auto& garbage : all) {
    auto peer = w.connect_plain();
    peer->send(garbage);
    w.run();
    peer->send(garbage);
    w.run();
    peer->close();
    w.run();
    w.advance(1s);
    CHECK(w.server->connections() == 0);
  }
  CHECK(serves(w));
}

TEST_CASE_TEMPLATE("https: a broken record ends the connection", World, WORLDS) {
  test::held h;
  World w(h.handler());
  for (int version : {tls_1_2, tls_1_3}) {
    CAPTURE(version);
    auto o = test::tls_site::get().client();
    o.max_version = version;
    test::tls_client c(w, o);
    c.tls().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    auto record = c.tls().to_send();
    record.back() = static_cast<char>(record.back() ^ 1);
    c.below().send(record);
    CHECK(c->closed());
    CHECK(c.tls().failure().find("bad record mac") != std::string::npos);
    w.advance(1s);
    CHECK(w.server->connections() == 0);
  }
  CHECK(h.size() == 0);
}

TEST_CASE_TEMPLATE("https: who speaks HTTP to it is told so", World, WORLDS) {
  World w(test::tell_target);
  for (const char* start : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE / HTTP/1.1\r\n", "P"}) {
    CAPTURE(start);
    test::http_client c(w, w.connect_plain());
    c.send(start);
    const auto a = c.answer();
    CHECK(a.status == 400);
    CHECK(a.body == "Client sent an HTTP request to an HTTPS server");
    CHECK(a.header("connection") == "close");
    CHECK(c.closed());
  }
  test::http_client uploads(w, w.connect_plain());
  uploads.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n");
  uploads.send(std::string(200'000, 'x'));
  CHECK(uploads.answer().status == 400);
  w.advance(1s);
  CHECK(w.server->connections() == 0);
  CHECK(serves(w));
}

TEST_CASE_TEMPLATE("https: a drain doesn't wait for handshakes that hang", World, WORLDS) {
  World w(test::tell_target, http::server_options{.drain_idle_grace = 300ms});
  auto silent = w.connect_plain(), half = w.connect_plain();
  half->send(client_hello());
  w.run();
  REQUIRE(w.server->connections() == 2);
  w.server->stop();
  w.advance(299ms);
  CHECK(w.running->pending());
  w.advance(1ms);
  CHECK(w.ended());
  CHECK(ends(w, *silent));
}

TEST_CASE_TEMPLATE("https: a drain lets handshakes and their requests finish", World, WORLDS) {
  World w(test::tell_target, http::server_options{.drain_idle_grace = 300ms});
  auto o = test::tls_site::get().client();
  SUBCASE("TLS 1.2") {
    o.max_version = tls_1_2;
  }
  SUBCASE("TLS 1.3") {
    o.min_version = tls_1_3;
  }
  auto below = w.dial();
  test::tls_peer peer(std::move(below), o);
  peer.below().send(peer.engine().to_send());
  w.run();
  w.server->stop();
  w.advance(200ms);
  CHECK(w.settle([&] { return peer.pump(); }));
  REQUIRE(peer.engine().connected());
  w.advance(200ms);
  peer.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
  std::string answer;
  CHECK(w.settle([&] {
    answer += peer.take();
    return peer.at_end();
  }));
  CHECK(answer.find("Connection: close") != std::string::npos);
  CHECK(answer.ends_with("/late"));
  peer.close();
  CHECK(w.ended());
}

TEST_CASE_TEMPLATE("https: cancel and destruction end handshakes at once", World, WORLDS) {
  World w(test::tell_target);
  auto silent = w.connect_plain(), half = w.connect_plain();
  half->send(client_hello());
  w.run();
  REQUIRE(w.server->connections() == 2);
  SUBCASE("cancel") {
    w.server->cancel();
  }
  SUBCASE("destruction") {
    w.server.reset();
  }
  CHECK(w.ended());
  CHECK(ends(w, *silent));
}

TEST_CASE_TEMPLATE("https: the loop ends in the middle of handshakes and writes", World, WORLDS) {
  test::held h;
  {
    World w(h.handler());
    test::tls_client reads_nothing(w);
    reads_nothing->get("/");
    w.run();
    h[0].answer(http::response::text(http::status::ok, std::string(32 << 20, 'x')));
    auto silent = w.connect_plain(), half = w.connect_plain();
    half->send(client_hello());
    w.run();
    CHECK(w.server->connections() == 3);
  }
  CHECK(h.size() == 1);
}
