#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/this_context.hpp>
#include <transports/http/client.hpp>

#include "test/support/http_client/world.hpp"

namespace http = kit::http;
using test::client_world;
using test::played_server;
using namespace std::chrono_literals;

namespace {

// An answer whose head has come.
struct open_answer {
  std::unique_ptr<test::server_peer> peer;
  std::optional<http::response> response;

  open_answer(client_world& w, played_server& server, const http::handler& client,
              std::string_view head) {
    auto call = w.call(client, {.target = server.url()});
    peer = server.accept();
    peer->request();
    peer->send(head);
    REQUIRE(w.ended(call));
    REQUIRE(call.value().has_value());
    response = *call.value();
  }
  http::body& body() { return response->body; }
};

constexpr std::string_view chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_CASE(
    "http client: a streaming call has its answer with the head; its content comes after it") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const auto client = http::client().streaming();
    open_answer a(w, server, client, chunked_head);
    CHECK(a.body().is_stream());
    CHECK(a.body().size() == std::nullopt);

    auto first = w.start(a.body().read());
    w.run();
    CHECK(first.pending());
    a.peer->send("5\r\nhello\r\n");
    REQUIRE(w.ended(first));
    CHECK(first.value() == "hello");
    auto last = w.start(a.body().read());
    CHECK(last.pending());
    a.peer->send("0\r\nX-Sum: 5\r\n\r\n");
    REQUIRE(w.ended(last));
    CHECK(last.value() == std::nullopt);
    CHECK(a.body().trailers().get("x-sum") == "5");
    auto again = w.start(a.body().read());
    REQUIRE(w.ended(again));
    CHECK(again.value() == std::nullopt);

    a.response.reset();
    auto next = w.call(client, {.target = server.url()});
    CHECK(a.peer->request().starts_with("GET "));  // on the same connection
  }
}

TEST_CASE("http client: a slow reader holds up the server") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    open_answer a(w, server, http::client().streaming(),
                  "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    CHECK(a.body().size() == 100'000'000U);
    const auto sent = a.peer->fill();  // what the kernel holds, too
    CHECK(sent < 50'000'000);
    std::size_t read = 0;
    while (read < sent) {
      auto chunk = w.start(a.body().read());
      REQUIRE(w.ended(chunk));
      REQUIRE(chunk.value());
      CHECK(chunk.value()->size() <= 512 * 1024);
      read += chunk.value()->size();
    }
    CHECK(read == sent);
    CHECK(a.peer->fill() > 0);
  }
}

TEST_CASE("http client: content that breaks off, is cancelled, or is not wanted any more") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const auto client = http::client().streaming();
    {
      open_answer a(w, server, client, chunked_head);
      a.peer->send("5\r\nhel");
      a.peer->close();
      auto part = w.start(a.body().read());
      REQUIRE(w.ended(part));
      CHECK(part.value() == "hel");
      auto rest = w.start(a.body().read());
      REQUIRE(w.ended(rest));
      CHECK(rest.error() == kit::errc::unavailable);
    }
    {
      open_answer a(w, server, client, chunked_head);
      auto cancelled = w.start(a.body().read());
      w.run();
      cancelled.cancel();
      REQUIRE(w.ended(cancelled));
      CHECK(cancelled.error() == kit::errc::canceled);
      a.response.reset();
      CHECK(a.peer->sees_end());
    }
  }
}

TEST_CASE("http client: the time limit of a streaming call is that of its head") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const auto client = http::client({.timeout = 100ms}).streaming();
    open_answer a(w, server, client, chunked_head);
    w.loop.advance(1h);
    a.peer->send("2\r\nok\r\n");
    auto chunk = w.start(a.body().read());
    REQUIRE(w.ended(chunk));
    CHECK(chunk.value() == "ok");

    auto call = w.call(client, {.target = server.url()});
    auto peer = server.accept();
    peer->request();
    w.loop.advance(100ms);
    REQUIRE(w.ended(call));
    CHECK(call.error() == kit::errc::deadline_exceeded);
  }
}

TEST_CASE("http client: the next piece of an answer has a time limit while somebody reads") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const auto client = http::client({.read_timeout = 100ms}).streaming();
    open_answer a(w, server, client, chunked_head);
    for (int i = 0; i < 3; ++i) {
      w.loop.advance(1h);  // nobody reads
      auto chunk = w.start(a.body().read());
      w.run();
      w.loop.advance(99ms);
      CHECK(chunk.pending());
      a.peer->send("2\r\nok\r\n");
      REQUIRE(w.ended(chunk));
      CHECK(chunk.value() == "ok");
    }
    auto late = w.start(a.body().read());
    w.run();
    w.loop.advance(100ms);
    REQUIRE(w.ended(late));
    test::check_failure(late.error(), kit::errc::deadline_exceeded,
                        http::call_failure::stage::timeout);

    open_answer events(w, server, http::client({.read_timeout = 0ms}).streaming(), chunked_head);
    auto event = w.start(events.body().read());
    w.run();
    w.loop.advance(24h);
    CHECK(event.pending());
    events.peer->send("2\r\nok\r\n");
    REQUIRE(w.ended(event));
    CHECK(event.value() == "ok");
  }
}

TEST_CASE("http client: what goes on until its reader has enough says so") {
  client_world w(test::on::loop);
  played_server server(w);
  const auto client = http::client().streaming();
  const std::pair<std::string, bool> types[] = {{"text/event-stream", true},
                                                {"Text/Event-Stream; charset=utf-8", true},
                                                {"text/event-streams", false},
                                                {"text/plain", false}};
  for (const auto& [type, endless] : types) {
    CAPTURE(type);
    open_answer a(
        w, server, client,
        "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(a.body().source()->endless() == endless);
  }
}

TEST_CASE("http client: answers without content need no reader") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const auto client = http::client().streaming();
    open_answer a(w, server, client, "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK_FALSE(a.body().is_stream());
    open_answer empty(w, server, http::client().streaming(),
                      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    auto end = w.start(empty.body().read());
    REQUIRE(w.ended(end));
    CHECK(end.value() == std::nullopt);
  }
}

TEST_CASE("http client: the content outlives every handle of the client, and the loop") {
  for (const auto where : test::places) {
    http::body left;
    {
      client_world w(where);
      played_server server(w);
      std::optional<open_answer> a(std::in_place, w, server, http::client().streaming(),
                                   chunked_head);
      a->peer->send("2\r\nok\r\n");
      auto chunk = w.start(a->body().read());
      REQUIRE(w.ended(chunk));
      CHECK(chunk.value() == "ok");
      left = a->body();
    }
    left = {};
  }
}

TEST_CASE("http client: the length of an answer is one, and none beside chunks") {
  for (const bool streams : {false, true}) {
    client_world w(test::on::loop);
    played_server server(w);
    const http::client whole;
    const http::handler client = streams ? whole.streaming() : http::handler(whole);
    const std::pair<std::string, std::optional<std::string>> cases[] = {
        {"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n", "12345"},
        {"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n5\r\n12345\r\n0\r\n\r\n", "12345"},
        {"Content-Length: 5\r\nContent-Length: 5\r\n\r\n12345", "12345"},
        {"Content-Length: 2\r\nContent-Length: 5\r\n\r\n12345", std::nullopt},
        {"Content-Length: -5\r\n\r\n12345", std::nullopt},
        {"Content-Length: 99999999999999999999999\r\n\r\n12345", std::nullopt},
    };
    for (const auto& [wire, content] : cases) {
      CAPTURE(wire);
      auto call = w.call(client, {.target = server.url()});
      std::unique_ptr<test::server_peer> peer = server.accept();
      peer->request();
      peer->send("HTTP/1.1 200 OK\r\nConnection: close\r\n" + wire);
      REQUIRE(w.ended(call));
      if (!content) {
        REQUIRE_FALSE(call.value().has_value());
        CHECK(test::failure_of(call.error()).at == http::call_failure::stage::protocol);
        continue;
      }
      REQUIRE(call.value().has_value());
      auto answer = *call.value();
      std::string all(answer.body.bytes());
      while (answer.body.is_stream()) {
        auto piece = w.start(answer.body.read());
        REQUIRE(w.ended(piece));
        if (!piece.value()) break;
        all += *piece.value();
      }
      CHECK(all == content);
      CHECK(answer.headers.get_all(http::field::content_length).size() ==
            (wire.find("chunked") == wire.npos ? 1 : 0));
    }
  }
}

TEST_CASE("http client: content that is dropped at its head, again and again") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const auto client = http::client().streaming();
    struct calls {
      static asio::awaitable<int> in(http::handler client, std::string url) {
        int seen = 0;
        for (int i = 0; i < 100; ++i) {
          if (co_await client.try_call(http::request{.target = url})) ++seen;
        }
        co_return seen;
      }
    };
    auto all = w.start(calls::in(client, server.url()));
    for (int i = 0; i < 100; ++i) {
      auto peer = server.accept();
      peer->request();
      peer->send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" +
                 std::string(std::size_t(i), 'x'));
      CHECK(peer->sees_end());
    }
    REQUIRE(w.ended(all));
    CHECK(all.value() == 100);
  }
}
