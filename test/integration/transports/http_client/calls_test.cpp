#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/this_context.hpp>
#include <transports/http/client.hpp>

#include "test/support/http_client/world.hpp"

namespace http = kit::http;
using test::client_world;
using test::failure_of;
using test::played_server;
using namespace std::chrono_literals;

TEST_CASE("http client: sends a request as it is, and gives the answer") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;

    auto call = w.call(client, {.method = http::method::post,
                                .target = server.url("/a/../b?x=%20&y"),
                                .headers = {{"X-Name", "v"}, {"X-Empty", ""}},
                                .body = "hello"});
    auto peer = server.accept();
    CHECK(peer->request() ==
          "POST /a/../b?x=%20&y HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
              "\r\nAccept-Encoding: gzip, br\r\nX-Name: v\r\nX-Empty:\r\n"
              "Content-Length: 5\r\n\r\nhello");
    CHECK(call.pending());
    peer->send("HTTP/1.1 201 Made\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 3\r\n\r\nabc");
    REQUIRE(w.ended(call));
    const auto& answer = *call.value();
    CHECK(answer.status == http::status::created);
    CHECK(answer.reason == "Made");
    CHECK(answer.headers.get_all("x-a") == std::vector<std::string_view>{"1", "2"});
    CHECK(answer.body.bytes() == "abc");
    CHECK(answer.body.is_padded());
  }
}

TEST_CASE("http client: each method frames its content, or that there is none") {
  client_world w(test::on::loop);
  played_server server(w);
  const http::client client({.decompress = false});
  const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
  struct {
    http::method method;
    std::string body, head;
  } const cases[] = {
      {http::method::get, "", "GET / HTTP/1.1\r\n" + host + "\r\n"},
      {http::method::get, "q", "GET / HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nq"},
      {http::method::post, "", "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n"},
      {http::method::put, "", "PUT / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n"},
      {http::method::put, "xy", "PUT / HTTP/1.1\r\n" + host + "Content-Length: 2\r\n\r\nxy"},
      {http::method::del, "", "DELETE / HTTP/1.1\r\n" + host + "\r\n"},
      {http::method::del, "d", "DELETE / HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nd"},
      {http::method::options, "", "OPTIONS / HTTP/1.1\r\n" + host + "\r\n"},
      {http::method("BREW"), "", "BREW / HTTP/1.1\r\n" + host + "\r\n"},
      {http::method::patch, "p", "PATCH / HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\np"},
      {http::method::get, "", "GET / HTTP/1.1\r\n" + host + "\r\n"},
  };
  std::unique_ptr<test::server_peer> peer;
  for (const auto& c : cases) {
    CAPTURE(c.head);
    auto call = w.call(client, {.method = c.method, .target = server.url(), .body = c.body});
    if (!peer) peer = server.accept();
    CHECK(peer->request() == c.head);
    peer->ok("fine");
    REQUIRE(w.ended(call));
    CHECK(call.value()->body.bytes() == "fine");
  }
  auto head = w.call(client, {.method = http::method::head, .target = server.url()});
  CHECK(peer->request() == "HEAD / HTTP/1.1\r\n" + host + "\r\n");
  peer->send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
  REQUIRE(w.ended(head));
  CHECK(head.value()->body.empty());
  CHECK(head.value()->headers.get(http::field::content_length) == "100");
  CHECK(server.is_left_alone());  // all on one connection
}

TEST_CASE("http client: any status is an answer; interim ones are passed over") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    auto call = w.call(client, {.target = server.url()});
    auto peer = server.accept();
    peer->request();
    peer->send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    w.run();
    CHECK(call.pending());
    peer->send("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nno");
    REQUIRE(w.ended(call));
    CHECK(call.value()->status == http::status::internal_server_error);
    CHECK(call.value()->reason.empty());
    CHECK_FALSE(call.value()->headers.contains("link"));
    CHECK(call.value()->body.bytes() == "no");

    auto next = w.call(client, {.target = server.url()});
    peer->request();
    peer->send("HTTP/1.1 204 No Content\r\n\r\n");
    REQUIRE(w.ended(next));
    CHECK(next.value()->status == http::status::no_content);
  }
}

TEST_CASE("http client: chunked content and trailers, in any split") {
  const std::string wire =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      "5\r\nhello\r\n7;e=1\r\n, world\r\n0\r\nX-Sum: 12\r\n\r\n";
  for (const auto where : test::places) {
    for (std::size_t piece : {1U, 2U, 3U, 7U, 16U, 4096U}) {
      CAPTURE(piece);
      client_world w(where);
      played_server server(w);
      const http::client client;
      auto call = w.call(client, {.target = server.url()});
      auto peer = server.accept();
      peer->request();
      for (std::size_t i = 0; i < wire.size(); i += piece)
        peer->send(std::string_view(wire).substr(i, piece));
      REQUIRE(w.ended(call));
      REQUIRE(call.value().has_value());
      CHECK(call.value()->body.bytes() == "hello, world");
      CHECK(call.value()->body.trailers().get("x-sum") == "12");
    }
  }
}

TEST_CASE("http client: one connection serves one call after another") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    std::unique_ptr<test::server_peer> peer;
    for (int i = 0; i < 50; ++i) {
      auto call = w.call(client, {.target = server.url("/" + std::to_string(i))});
      if (!peer) peer = server.accept();
      CHECK(peer->request().starts_with("GET /" + std::to_string(i) + " "));
      peer->ok(std::to_string(i));
      REQUIRE(w.ended(call));
      CHECK(call.value()->body.bytes() == std::to_string(i));
    }
    CHECK(server.is_left_alone());
  }
}

TEST_CASE("http client: idle connections don't keep the loop running") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    auto call = w.call(client, {.target = server.url()});
    auto peer = server.accept();
    peer->request();
    peer->ok("x");
    REQUIRE(w.ended(call));
    w.loop.run();
    CHECK(w.loop.context().stopped());  // out of work

    auto next = w.call(client, {.target = server.url()});
    peer->request();
    peer->ok("y");
    REQUIRE(w.ended(next));
    CHECK(next.value()->body.bytes() == "y");
  }
}

TEST_CASE("http client: a connection that the server has closed meanwhile is replaced") {
  for (const auto where : test::places) {
    for (const bool post : {false, true}) {
      client_world w(where);
      played_server server(w);
      const http::client client;
      const auto m = post ? http::method::post : http::method::get;
      auto call = w.call(client, {.method = m, .target = server.url()});
      auto first = server.accept();
      first->request();
      first->ok("1");
      REQUIRE(w.ended(call));
      first->close();
      w.run();

      auto next = w.call(client, {.method = m, .target = server.url()});
      auto second = server.accept();
      second->request();
      second->ok("2");
      REQUIRE(w.ended(next));
      CHECK(next.value()->body.bytes() == "2");
    }
  }
}

TEST_CASE("http client: closed when a call was just sent on it: sent again if that is harmless") {
  for (const auto where : test::places) {
    struct {
      http::method method;
      std::string body;
      bool again;
    } const cases[] = {{http::method::get, "", true},    {http::method::put, "b", true},
                       {http::method::del, "", true},    {http::method::post, "", false},
                       {http::method::post, "b", false}, {http::method::patch, "b", false}};
    for (const auto& c : cases) {
      CAPTURE(c.method.name());
      client_world w(where);
      played_server server(w);
      const http::client client;
      auto call = w.call(client, {.target = server.url()});
      auto first = server.accept();
      first->request();
      first->ok("1");
      REQUIRE(w.ended(call));

      auto next = w.call(client, {.method = c.method, .target = server.url(), .body = c.body});
      first->request();
      first->close();
      if (c.again) {
        auto second = server.accept();
        CHECK(second->request().ends_with(c.body));
        second->ok("2");
        REQUIRE(w.ended(next));
        CHECK(next.value()->body.bytes() == "2");
      } else {
        REQUIRE(w.ended(next));
        CHECK(next.error() == kit::errc::unavailable);
        CHECK(failure_of(next.error()).at == http::call_failure::stage::receive);
        CHECK(failure_of(next.error()).sent);
      }
    }
  }
}

TEST_CASE("http client: a first connection that is closed without an answer is not tried again") {
  client_world w(test::on::loop);
  played_server server(w);
  const http::client client;
  auto call = w.call(client, {.target = server.url()});
  auto peer = server.accept();
  peer->request();
  peer->close();
  REQUIRE(w.ended(call));
  CHECK(call.error() == kit::errc::unavailable);
  CHECK(failure_of(call.error()).at == http::call_failure::stage::receive);
  CHECK(server.is_left_alone());
}
