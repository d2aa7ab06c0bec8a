#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/this_context.hpp>
#include <transports/http/client.hpp>

#include "test/support/http_client/world.hpp"

namespace http = kit::http;
using stage = http::call_failure::stage;
using test::check_failure;
using test::client_world;
using test::failure_of;
using test::played_server;
using namespace std::chrono_literals;

TEST_CASE(
    "http client: as many connections to a host as allowed; other calls wait in their order") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client({.max_connections_per_host = 2});
    std::vector<client_world::started> calls;
    for (int i = 0; i < 5; ++i)
      calls.push_back(w.call(client, {.target = server.url("/" + std::to_string(i))}));
    auto a = server.accept();
    auto b = server.accept();
    CHECK(server.is_left_alone());
    CHECK(a->request().starts_with("GET /0 "));
    CHECK(b->request().starts_with("GET /1 "));
    b->ok("1");
    CHECK(b->request().starts_with("GET /2 "));
    b->ok("2");
    CHECK(b->request().starts_with("GET /3 "));
    a->ok("0");
    CHECK(a->request().starts_with("GET /4 "));
    a->ok("4");
    b->ok("3");
    for (int i = 0; i < 5; ++i) {
      REQUIRE(w.ended(calls[static_cast<std::size_t>(i)]));
      CHECK(calls[static_cast<std::size_t>(i)].value()->body.bytes() == std::to_string(i));
    }
    CHECK(server.is_left_alone());
  }
}

TEST_CASE("http client: the limit of all connections; a busy host doesn't hold up others") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server one(w);
    played_server two(w);
    const http::client client({.max_connections_per_host = 1, .max_connections = 2});
    auto a1 = w.call(client, {.target = one.url("/a1")});
    auto a2 = w.call(client, {.target = one.url("/a2")});  // waits for a1
    auto b1 = w.call(client, {.target = two.url("/b1")});
    auto b2 = w.call(client, {.target = two.url("/b2")});  // waits for b1, not for a2
    auto a = one.accept();
    auto b = two.accept();
    a->request();
    b->request();
    b->ok("b1");
    CHECK(b->request().starts_with("GET /b2 "));
    b->ok("b2");
    a->ok("a1");
    CHECK(a->request().starts_with("GET /a2 "));
    a->ok("a2");
    for (auto* call : {&a1, &a2, &b1, &b2}) {
      REQUIRE(w.ended(*call));
      CHECK(call->value().has_value());
    }
  }
}

TEST_CASE("http client: waiting is bounded, by number, by deadline, and by being cancelled") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client({.max_connections_per_host = 1, .max_waiting = 2});
    auto first = w.call(client, {.target = server.url("/first")});
    auto peer = server.accept();
    peer->request();
    auto late = w.start(kit::with_timeout(
        50ms, http::handler(client).try_call(http::request{.target = server.url("/late")})));
    auto given_up = w.call(client, {.target = server.url("/given_up")});
    auto refused = w.call(client, {.target = server.url("/refused")});
    REQUIRE(w.ended(refused));
    CHECK(refused.error() == kit::errc::resource_exhausted);
    CHECK(failure_of(refused.error()).at == stage::admission);

    w.loop.advance(49ms);
    CHECK(late.pending());
    w.loop.advance(1ms);
    REQUIRE(w.ended(late));
    CHECK(late.error() == kit::errc::deadline_exceeded);
    given_up.cancel();
    REQUIRE(w.ended(given_up));
    CHECK(given_up.error() == kit::errc::canceled);

    auto next = w.call(client, {.target = server.url("/next")});
    peer->ok("1");
    REQUIRE(w.ended(first));
    CHECK(peer->request().starts_with("GET /next "));
    peer->ok("2");
    REQUIRE(w.ended(next));
    CHECK(next.value()->body.bytes() == "2");
  }
}

TEST_CASE("http client: calls that are refused at once, one after another, don't pile up") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client({.max_connections_per_host = 1, .max_waiting = 0});
    auto first = w.call(client, {.target = server.url()});
    auto peer = server.accept();
    struct again {
      static asio::awaitable<int> call(http::handler client, std::string url) {
        int refused = 0;
        for (int i = 0; i < 20'000; ++i) {
          const auto r = co_await client.try_call(http::request{.target = url});
          if (!r && r.error() == kit::errc::resource_exhausted) ++refused;
        }
        co_return refused;
      }
    };
    auto all = w.start(again::call(client, server.url()));
    REQUIRE(w.ended(all));
    CHECK(all.value() == 20'000);
    peer->request();
    peer->ok("");
    REQUIRE(w.ended(first));
  }
}

TEST_CASE("http client: the time limit of a call, and that of its context") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client({.timeout = 100ms});
    auto call = w.call(client, {.target = server.url()});
    auto peer = server.accept();
    peer->request();
    peer->send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    w.run();
    w.loop.advance(99ms);
    CHECK(call.pending());
    w.loop.advance(1ms);
    REQUIRE(w.ended(call));
    check_failure(call.error(), kit::errc::deadline_exceeded, stage::timeout);
    CHECK(failure_of(call.error()).sent);
    CHECK(call.error().message() == "given up while waiting for the answer");
    CHECK(peer->sees_end());  // the transfer is aborted

    auto sooner = w.start(kit::with_timeout(
        30ms, http::handler(client).try_call(http::request{.target = server.url()})));
    auto second = server.accept();
    second->request();
    w.loop.advance(30ms);
    REQUIRE(w.ended(sooner));
    check_failure(sooner.error(), kit::errc::deadline_exceeded, stage::timeout);
    CHECK(failure_of(sooner.error()).sent);
    CHECK(second->sees_end());
  }
}

TEST_CASE("http client: a call that ends too late tells whether the server may have got it") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client(
        {.connect_timeout = 0ms, .timeout = 100ms, .max_connections_per_host = 1});
    // In the handshake of TLS.
    auto shaking = w.call(client, {.target = server.secure_url()});
    auto peer = server.accept();
    CHECK(peer->receives("\x16"));
    auto waiting = w.call(client, {.target = server.secure_url()});
    w.run();
    w.loop.advance(100ms);
    REQUIRE(w.ended(shaking));
    REQUIRE(w.ended(waiting));
    for (const auto* call : {&shaking, &waiting}) {
      check_failure(call->error(), kit::errc::deadline_exceeded, stage::timeout);
      CHECK_FALSE(failure_of(call->error()).sent);
    }
    CHECK(shaking.error().message() == "given up while connecting");
    CHECK(waiting.error().message() == "given up while waiting for a connection to be free");
  }
}

TEST_CASE("http client: the time limit holds for all redirects together") {
  client_world w(test::on::loop);
  played_server server(w);
  const http::client client({.timeout = 100ms, .max_redirects = 5});
  auto call = w.call(client, {.target = server.url()});
  auto peer = server.accept();
  for (int i = 0; i < 2; ++i) {
    peer->request();
    w.loop.advance(40ms);
    CHECK(call.pending());
    peer->send("HTTP/1.1 302 F\r\nLocation: /on\r\nContent-Length: 0\r\n\r\n");
  }
  peer->request();
  w.loop.advance(19ms);
  CHECK(call.pending());
  w.loop.advance(1ms);
  REQUIRE(w.ended(call));
  check_failure(call.error(), kit::errc::deadline_exceeded, stage::timeout);
}

TEST_CASE("http client: a deadline already past is refused before anything is sent") {
  client_world w(test::on::loop);
  played_server server(w);
  const http::client client;
  const kit::cancel_source past({}, w.loop.now() - 1ms);
  auto call = w.start(kit::with_context(
      past.context(), http::handler(client).try_call(http::request{.target = server.url()})));
  REQUIRE(w.ended(call));
  CHECK(call.error() == kit::errc::deadline_exceeded);
  CHECK(server.is_left_alone());
}

TEST_CASE("http client: cancelled while it connects, it leaves nothing behind") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client({.max_connections_per_host = 1});
    for (int i = 0; i < 20; ++i) {
      auto call = w.call(client, {.target = server.url()});
      call.cancel();
      REQUIRE(w.ended(call));
      check_failure(call.error(), kit::errc::canceled, stage::canceled);
    }
    w.run();
    CHECK(w.loop.context().stopped());  // nothing is waited for
  }
}

TEST_CASE("http client: cancelling aborts the transfer, whatever it is at") {
  for (const auto where : test::places) {
    for (const std::string_view so_far : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Le",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}) {
      CAPTURE(so_far);
      client_world w(where);
      played_server server(w);
      const http::client client;
      auto call = w.call(client, {.target = server.url()});
      auto peer = server.accept();
      peer->request();
      peer->send(so_far);
      w.run();
      CHECK(call.pending());
      call.cancel();
      REQUIRE(w.ended(call));
      check_failure(call.error(), kit::errc::canceled, stage::canceled);
      CHECK(failure_of(call.error()).sent);
      CHECK(peer->sees_end());
    }
  }
}

TEST_CASE("http client: a cancelled context cancels the call, and says so") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    const kit::cancel_source source;
    auto call = w.start(kit::with_context(
        source.context(), http::handler(client).try_call(http::request{.target = server.url()})));
    auto peer = server.accept();
    peer->request();
    source.cancel();
    REQUIRE(w.ended(call));
    check_failure(call.error(), kit::errc::canceled, stage::canceled);
    CHECK(peer->sees_end());
  }
}

TEST_CASE("http client: answers longer than allowed") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client({.max_response_bytes = 10, .max_header_bytes = 200});
    const std::pair<std::string, bool> answers[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890", false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n", false},
        {"HTTP/1.1 200 OK\r\nX-Long: " + std::string(200, 'x') + "\r\n\r\n", false},
    };
    for (const auto& [wire, fits] : answers) {
      CAPTURE(wire);
      auto call = w.call(client, {.target = server.url()});
      std::unique_ptr<test::server_peer> peer = server.accept();
      peer->request();
      peer->send(wire);
      REQUIRE(w.ended(call));
      if (fits) {
        CHECK(call.value()->body.bytes() == "0123456789");
        peer->close();
        w.run();
      } else {
        CHECK(call.error() == kit::errc::resource_exhausted);
        CHECK(failure_of(call.error()).at == stage::limit);
        CHECK(peer->sees_end());
      }
    }
  }
}

TEST_CASE("http client: options out of range are refused, naming the member") {
  const auto refused = [](http::client_options o, std::string_view member) {
    try {
      const http::client client(std::move(o));
    } catch (const kit::error& e) {
      CHECK(e == kit::errc::invalid_argument);
      CHECK(e.message().find(member) != std::string_view::npos);
      return;
    }
    FAIL("accepted");
  };
  refused({.connect_timeout = -1ms}, "connect_timeout");
  refused({.timeout = -1ms}, "timeout");
  refused({.idle_timeout = 999ms}, "idle_timeout");
  refused({.max_connections_per_host = 0}, "max_connections_per_host");
  refused({.max_connections = 0}, "max_connections");
  refused({.max_header_bytes = 0}, "max_header_bytes");
  refused({.read_timeout = -1ms}, "read_timeout");
  refused({.tls = {.certificate_file = "a.pem"}}, "tls");
  refused({.tls = {.ca_file = "/nowhere/ca.pem"}}, "tls.ca_file");
  refused({.tls = {.ca_file = "/dev/null"}}, "tls.ca_file");
  refused({.tls = {.ca_file = "/", .ca_pem = "x"}}, "tls");
  refused({.tls = {.certificate_file = "/nowhere/cert.pem", .key_file = "/nowhere/key"}},
          "tls.certificate_file");
  refused({.proxy = "http://proxy", .unix_socket = "/run/app.sock"}, "unix_socket");
}
