#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <transports/http/client.hpp>

#include "test/support/http_client/world.hpp"
#include "test/support/http_server/played_source.hpp"

namespace http = kit::http;
using test::client_world;
using test::played_server;
using test::played_source;
using namespace std::chrono_literals;

namespace {

// A call whose content comes from a source, and the server's end of it.
struct open_upload {
  std::shared_ptr<played_source> source = std::make_shared<played_source>();
  client_world::started call;
  std::unique_ptr<test::server_peer> peer;

  open_upload(client_world& w, played_server& server, const http::handler& client)
      : call(w.call(
            client,
            {.method = http::method::post, .target = server.url(), .body = http::body(source)})),
        peer(server.accept()) {}
};

constexpr std::string_view chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE("http client: one upload after another, each with its trailers") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    std::unique_ptr<test::server_peer> peer;
    for (int i = 0; i < 5; ++i) {
      auto source = std::make_shared<played_source>();
      auto call =
          w.call(client,
                 {.method = http::method::put, .target = server.url(), .body = http::body(source)});
      if (!peer) peer = server.accept();
      source->give("piece");
      source->end({{"X-Last", std::to_string(i)}});
      CHECK(peer->receives("5\r\npiece\r\n0\r\nX-Last: " + std::to_string(i) + "\r\n\r\n"));
      peer->request();
      peer->ok(std::to_string(i));
      REQUIRE(w.ended(call));
      CHECK(call.value()->body.bytes() == std::to_string(i));
    }
  }
}

TEST_CASE("http client: an upload may take long as long as it goes on") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client({.timeout = 100ms});
    auto [source, call, peer] = open_upload(w, server, client);
    for (int i = 0; i < 5; ++i) {
      w.loop.advance(1h);  // the source has nothing
      CHECK(call.pending());
      source->give("piece " + std::to_string(i));
      CHECK(peer->receives("piece " + std::to_string(i)));
    }
    source->end();
    CHECK(peer->receives("0\r\n\r\n"));
    w.loop.advance(99ms);
    CHECK(call.pending());
    w.loop.advance(1ms);
    REQUIRE(w.ended(call));
    test::check_failure(call.error(), kit::errc::deadline_exceeded,
                        http::call_failure::stage::timeout);

    // Nor does a server that doesn't read.
    auto stuck = open_upload(w, server, client);
    for (int i = 0; i < 400; ++i)
      stuck.source->give(std::string(100'000, 'x'));
    w.run();
    CHECK(stuck.call.pending());
    w.loop.advance(100ms);
    REQUIRE(w.ended(stuck.call));
    CHECK(stuck.call.error().message() == "given up while sending the request");
  }
}

TEST_CASE("http client: sends streamed content as it comes, chunked, with trailers") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    const auto source = std::make_shared<played_source>();
    auto call = w.call(client, {.method = http::method::post,
                                .target = server.url(),
                                .headers = {{"Trailer", "X-Sum"}},
                                .body = http::body(source)});
    auto peer = server.accept();
    const auto head = peer->request();
    CHECK(head.find("Transfer-Encoding: chunked\r\n") != head.npos);
    CHECK(head.find("Expect") == head.npos);
    source->give("hello");
    CHECK(peer->receives("5\r\nhello\r\n"));
    source->give(", world");
    CHECK(peer->receives("7\r\n, world\r\n"));
    source->end({{"X-Sum", "12"}, {"Content-Length", "12"}});
    CHECK(peer->receives("0\r\nX-Sum: 12\r\n\r\n"));
    peer->ok("done");
    REQUIRE(w.ended(call));
    CHECK(call.value()->body.bytes() == "done");
  }
}

TEST_CASE("http client: streamed content of known size goes out with its length") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    const auto source = std::make_shared<played_source>(10);
    auto call = w.call(
        client, {.method = http::method::put, .target = server.url(), .body = http::body(source)});
    auto peer = server.accept();
    source->give("01234");
    source->give("56789 and more than was said");
    const auto request = peer->request();
    CHECK(request.starts_with("PUT / HTTP/1.1\r\n"));
    CHECK(request.find("Content-Length: 10\r\n") != request.npos);
    CHECK(request.ends_with("\r\n\r\n0123456789"));
    peer->ok("");
    REQUIRE(w.ended(call));
    CHECK(call.value().has_value());

    const auto shorter = std::make_shared<played_source>(10);
    auto broken = w.call(
        client, {.method = http::method::put, .target = server.url(), .body = http::body(shorter)});
    shorter->give("01234");
    shorter->end();
    REQUIRE(w.ended(broken));
    CHECK(broken.error() == kit::errc::data_loss);
    CHECK(peer->sees_end());
  }
}

TEST_CASE("http client: a server that doesn't read holds up the source") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    auto [source, call, peer] = open_upload(w, server, client);
    for (int i = 0; i < 400; ++i)
      source->give(std::string(100'000, 'x'));
    w.run();
    CHECK(source->reads < 200);
    for (std::size_t read = 0; read < 20'000'000;) {
      read += std::exchange(const_cast<std::string&>(peer->received()), {}).size();
      w.run();
    }
    CHECK(source->reads > 190);
    call.cancel();
    REQUIRE(w.ended(call));
    w.run();
    CHECK(peer->sees_end());
  }
}

TEST_CASE("http client: a source that fails ends the call with its error") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    auto [source, call, peer] = open_upload(w, server, client);
    source->give("some");
    CHECK(peer->receives("some"));
    source->fail();
    REQUIRE(w.ended(call));
    CHECK(call.error() == kit::error(kit::errc::data_loss, "it broke"));
    CHECK(peer->sees_end());
  }
}

TEST_CASE("http client: an answer before all was sent ends the call, and the reading") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    auto [source, call, peer] = open_upload(w, server, client);
    source->give("some");
    CHECK(peer->receives("some"));
    peer->send("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno");
    REQUIRE(w.ended(call));
    REQUIRE(call.value().has_value());
    CHECK(call.value()->status == http::status::forbidden);
    CHECK(call.value()->body.bytes() == "no");
    CHECK(w.settle([&] { return source->cancelled; }));
  }
}

TEST_CASE("http client: a whole answer before all was sent is the answer, also if it can go on") {
  for (const auto where : test::places) {
    for (const bool stalls : {true, false}) {
      client_world w(where);
      played_server server(w);
      const http::client client;
      auto [source, call, peer] = open_upload(w, server, client);
      source->give("some");
      CHECK(peer->receives("some"));
      if (!stalls) {
        for (int i = 0; i < 400; ++i)
          source->give(std::string(100'000, 'x'));
      }
      peer->send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      REQUIRE(w.ended(call));
      REQUIRE(call.value().has_value());
      CHECK(call.value()->body.bytes() == "ok");
      CHECK(peer->sees_end());  // nobody knows where the request ends
    }
  }
}

TEST_CASE("http client: an answer that stalls beside an upload that stalls ends in time") {
  for (const auto where : test::places) {
    for (const std::string fields : {"", "Connection: close\r\n"}) {
      client_world w(where);
      played_server server(w);
      const http::client client({.timeout = 100ms});
      auto [source, call, peer] = open_upload(w, server, client);
      source->give("some");
      CHECK(peer->receives("some"));
      w.loop.advance(1h);
      peer->send("HTTP/1.1 413 No\r\n" + fields + "Content-Length: 100\r\n\r\nno");
      w.run();
      CHECK(call.pending());
      w.loop.advance(100ms);
      REQUIRE(w.ended(call));
      test::check_failure(call.error(), kit::errc::deadline_exceeded,
                          http::call_failure::stage::timeout);
      CHECK(peer->sees_end());
    }
  }
}

TEST_CASE("http client: both directions stream at the same time") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    auto [source, call, peer] = open_upload(w, server, http::client().streaming());
    peer->request();
    peer->send(chunked_head);
    REQUIRE(w.ended(call));
    auto answer = *call.value();
    for (const std::string text : {"one", "two", "three"}) {
      source->give(text);
      CHECK(peer->receives(text));
      peer->send("3\r\nack\r\n");
      auto chunk = w.start(answer.body.read());
      REQUIRE(w.ended(chunk));
      CHECK(chunk.value() == "ack");
    }
    source->end();
    CHECK(peer->receives("0\r\n\r\n"));
    peer->send("0\r\n\r\n");
    auto end = w.start(answer.body.read());
    REQUIRE(w.ended(end));
    CHECK(end.value() == std::nullopt);
  }
}
