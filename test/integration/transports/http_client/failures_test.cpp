#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <transports/http/client.hpp>

#include "test/support/http_client/world.hpp"

namespace http = kit::http;
using stage = http::call_failure::stage;
using test::check_failure;
using test::client_world;
using test::failure_of;
using test::played_server;
using namespace std::chrono_literals;

TEST_CASE("http client: calls that wait for a connection which fails, fail with it") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    // Enough of the loop's time for libcurl's to pass meanwhile, also on a busy machine.
    const http::client client({.connect_timeout = 800ms});
    const auto url = server.secure_url();
    std::vector<client_world::started> calls;
    for (int i = 0; i < 8; ++i)
      calls.push_back(w.call(client, {.target = url}));
    auto cancelled = w.call(client, {.target = url});
    const auto silent = server.accept();
    cancelled.cancel();
    REQUIRE(w.ended(cancelled));
    REQUIRE(w.settle([&] {
      w.loop.advance(1ms);
      return std::ranges::all_of(calls, [](const auto& c) { return c.done(); });
    }));
    for (auto& c : calls) {
      check_failure(c.error(), kit::errc::unavailable, stage::tls);
      CHECK_FALSE(test::failure_of(c.error()).sent);
    }
    std::size_t connections = 1;
    while (server.accept_within(20ms))
      ++connections;
    CHECK(connections < calls.size());  // libcurl lets one try before it tells
    auto next = w.call(client, {.target = url});
    CHECK(server.accept());
  }
}

TEST_CASE("http client: what cannot be sent is refused, without showing the URL") {
  client_world w(test::on::loop);
  const http::client client;
  for (const std::string target :
       {"", "/", "example.org/", "ftp://example.org/", "file:///etc/passwd", "http://", "http:///x",
        "http://u:secret@host name/", "http://secret:99999/", "https://[::1/secret"}) {
    CAPTURE(target);
    auto call = w.call(client, {.target = target});
    REQUIRE(w.ended(call));
    check_failure(call.error(), kit::errc::invalid_argument, stage::request);
    CHECK(call.error().message().find("secret") == std::string_view::npos);
  }
  auto call = w.call(client, {.target = std::string("http://127.0.0.1/a\0b", 20)});
  REQUIRE(w.ended(call));
  check_failure(call.error(), kit::errc::invalid_argument, stage::request);
}

TEST_CASE("http client: a name that doesn't exist, and a port where nobody listens") {
  for (const auto where : test::places) {
    client_world w(where);
    const http::client client;
    auto unknown = w.call(client, {.target = "http://no-such-host.invalid/"});
    REQUIRE(w.settle([&] { return unknown.done(); }, 30s));
    check_failure(unknown.error(), kit::errc::unavailable, stage::resolve);

    played_server gone(w);
    const auto url = gone.url();
    gone.close();
    auto refused = w.call(client, {.target = url});
    REQUIRE(w.ended(refused));
    check_failure(refused.error(), kit::errc::unavailable, stage::connect);
    CHECK_FALSE(failure_of(refused.error()).sent);
  }
}

TEST_CASE("http client: many calls that fail at once, one after another, don't pile up") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server gone(w);
    const auto url = gone.url();
    gone.close();
    const http::client client;
    struct again {
      static asio::awaitable<int> call(http::handler client, std::string url) {
        int failed = 0;
        for (int i = 0; i < 1000; ++i) {
          if (!co_await client.try_call(http::request{.target = url})) ++failed;
        }
        co_return failed;
      }
    };
    auto all = w.start(again::call(client, url));
    REQUIRE(w.ended(all));
    CHECK(all.value() == 1000);
  }
}

TEST_CASE("http client: an answer that breaks off or makes no sense") {
  struct {
    std::string_view wire;
    kit::errc code;
    stage at;
  } const cases[] = {
      {"", kit::errc::unavailable, stage::receive},
      {"HTTP/1.1 200 OK\r\nContent-Len", kit::errc::unavailable, stage::receive},
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", kit::errc::unavailable, stage::receive},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", kit::errc::unavailable,
       stage::receive},
      {"SSH-2.0-OpenSSH_9.2\r\n", kit::errc::internal, stage::protocol},
      {"HTTP/1.1 999999 Odd\r\n\r\n", kit::errc::internal, stage::protocol},
      {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", kit::errc::internal, stage::protocol},
      {"HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n", kit::errc::internal, stage::protocol},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", kit::errc::internal,
       stage::protocol},
      {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
       kit::errc::internal, stage::protocol},
  };
  for (const auto where : test::places) {
    for (const auto& c : cases) {
      CAPTURE(c.wire);
      client_world w(where);
      played_server server(w);
      const http::client client;
      auto call = w.call(client, {.target = server.url()});
      auto peer = server.accept();
      peer->request();
      peer->send(c.wire);
      peer->close();
      REQUIRE(w.ended(call));
      check_failure(call.error(), c.code, c.at);
      CHECK(failure_of(call.error()).sent);
    }
  }
}

TEST_CASE("http client: a reset while the answer comes") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    auto call = w.call(client, {.target = server.url()});
    auto peer = server.accept();
    peer->request();
    peer->send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    peer->reset();
    REQUIRE(w.ended(call));
    check_failure(call.error(), kit::errc::unavailable, stage::receive);
  }
}

TEST_CASE("http client: a server that doesn't speak TLS, and one that says nothing") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client({.connect_timeout = 20ms});
    const auto url = server.secure_url();
    auto plain = w.call(client, {.target = url});
    auto peer = server.accept();
    peer->receives("\x16");
    peer->send("HTTP/1.1 400 Bad Request\r\n\r\n");
    REQUIRE(w.ended(plain));
    check_failure(plain.error(), kit::errc::unavailable, stage::tls);

    auto silent = w.call(client, {.target = url});
    auto second = server.accept();
    // libcurl reads the real time.
    REQUIRE(w.settle([&] {
      w.loop.advance(1ms);
      return silent.done();
    }));
    check_failure(silent.error(), kit::errc::unavailable, stage::tls);
    CHECK(second->sees_end());
  }
}

TEST_CASE("http client: certificates that are none") {
  client_world w(test::on::loop);
  played_server server(w);
  const auto url = server.secure_url();
  const std::string text = "/etc/os-release";
  for (const http::client_tls_options& tls :
       {http::client_tls_options{.ca_file = text}, http::client_tls_options{.ca_pem = "none"},
        http::client_tls_options{.certificate_file = text, .key_file = text}}) {
    const http::client client({.tls = tls});
    auto call = w.call(client, {.target = url});
    REQUIRE(w.ended(call));
    check_failure(call.error(), kit::errc::failed_precondition, stage::tls);
  }
}
