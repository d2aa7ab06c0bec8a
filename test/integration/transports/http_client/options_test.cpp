#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>
#include <unistd.h>
#include <asio/local/stream_protocol.hpp>

#include <transports/http/client.hpp>

#include "test/support/http_client/world.hpp"

namespace http = kit::http;
using stage = http::call_failure::stage;
using test::client_world;
using test::played_server;
using namespace std::chrono_literals;

namespace {

// "hello, hello, hello" by gzip.
const std::string packed(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\xc8\x40\xa2"
    "\x00\x9f\xa1\xca\x09\x13\x00\x00\x00",
    29);
const std::string packed_head = "Content-Encoding: gzip\r\n";

}  // namespace

TEST_CASE("http client: unpacks what it asked for packed, and nothing else") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    const http::client client;
    auto call = w.call(client, {.target = server.url()});
    auto peer = server.accept();
    CHECK(peer->request().find("Accept-Encoding: gzip") != std::string::npos);
    peer->ok(packed, packed_head);
    REQUIRE(w.ended(call));
    REQUIRE(call.value().has_value());
    CHECK(call.value()->body.bytes() == "hello, hello, hello");
    CHECK_FALSE(call.value()->headers.contains(http::field::content_encoding));
    CHECK_FALSE(call.value()->headers.contains(http::field::content_length));

    auto own = w.call(client, {.target = server.url(), .headers = {{"Accept-Encoding", "gzip"}}});
    peer->request();
    peer->ok(packed, packed_head);
    REQUIRE(w.ended(own));
    CHECK(own.value()->body.bytes() == packed);
    CHECK(own.value()->headers.get(http::field::content_encoding) == "gzip");

    auto none = w.call(http::client({.decompress = false}), {.target = server.url()});
    auto other = server.accept();
    CHECK(other->request().find("Accept-Encoding") == std::string::npos);
    other->ok("plain");
    REQUIRE(w.ended(none));
    CHECK(none.value()->body.bytes() == "plain");
  }
}

TEST_CASE("http client: the limit of an answer counts what was unpacked") {
  client_world w(test::on::loop);
  played_server server(w);
  const http::client client({.max_response_bytes = 18});
  auto call = w.call(client, {.target = server.url()});
  auto peer = server.accept();
  peer->request();
  peer->ok(packed, packed_head);
  REQUIRE(w.ended(call));
  CHECK(call.error() == kit::errc::resource_exhausted);
}

TEST_CASE("http client: redirects are answers, unless they are to be followed") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server server(w);
    auto call = w.call(http::client(), {.target = server.url()});
    auto peer = server.accept();
    peer->request();
    peer->send("HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(w.ended(call));
    CHECK(call.value()->status == http::status::found);
    CHECK(call.value()->headers.get(http::field::location) == "/there");

    const http::client follows({.max_redirects = 2});
    auto followed = w.call(follows, {.method = http::method::post,
                                     .target = server.url("/a/b?q"),
                                     .headers = {{"Content-Type", "text/plain"}, {"X-Mine", "1"}},
                                     .body = "content"});
    auto second = server.accept();
    second->request();
    second->send("HTTP/1.1 307 T\r\nLocation: ../c#part\r\nContent-Length: 0\r\n\r\n");
    auto request = second->request();
    CHECK(request.starts_with("POST /c HTTP/1.1\r\n"));
    CHECK(request.ends_with("\r\n\r\ncontent"));
    second->send("HTTP/1.1 303 See Other\r\nLocation: ?x\r\nContent-Length: 0\r\n\r\n");
    request = second->request();
    CHECK(request.starts_with("GET /c?x HTTP/1.1\r\n"));
    CHECK(request.find("Content-") == request.npos);
    CHECK(request.find("X-Mine: 1\r\n") != request.npos);
    second->send("HTTP/1.1 301 M\r\nLocation: /once-more\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(w.ended(followed));
    CHECK(followed.error() == kit::errc::failed_precondition);
    CHECK(test::failure_of(followed.error()).at == stage::redirect);
  }
}

TEST_CASE("http client: credentials stay with the host they are for") {
  client_world w(test::on::loop);
  played_server one(w);
  played_server two(w);
  const http::client client({.max_redirects = 2});
  auto call = w.call(client, {.target = one.url(),
                              .headers = {{"Authorization", "Bearer x"},
                                          {"Cookie", "a=b"},
                                          {"grpc-metadata-tenant", "t"},
                                          {"Grpc-Metadata-User", "u"},
                                          {"X-Own", "stays"}}});
  auto first = one.accept();
  first->request();
  first->send("HTTP/1.1 302 F\r\nLocation: /same\r\nContent-Length: 0\r\n\r\n");
  const auto same = first->request();
  CHECK(same.find("Authorization: Bearer x\r\n") != std::string::npos);
  CHECK(same.find("grpc-metadata-tenant: t\r\n") != std::string::npos);
  first->send("HTTP/1.1 302 F\r\nLocation: " + two.url("/") + "\r\nContent-Length: 0\r\n\r\n");
  auto second = two.accept();
  const auto request = second->request();
  CHECK(request.find("Authorization") == request.npos);
  CHECK(request.find("Cookie") == request.npos);
  CHECK(request.find("etadata") == request.npos);
  CHECK(request.find("X-Own: stays\r\n") != request.npos);
  CHECK(request.find("Host: 127.0.0.1:" + std::to_string(two.port())) != request.npos);
  second->ok("there");
  REQUIRE(w.ended(call));
  CHECK(call.value()->body.bytes() == "there");
}

TEST_CASE("http client: redirected to where it cannot go") {
  client_world w(test::on::loop);
  played_server server(w);
  const http::client client({.max_redirects = 5});
  for (const std::string place :
       {"ftp://127.0.0.1/", "file:///etc/passwd", "http://[", "http://a b/"}) {
    CAPTURE(place);
    auto call = w.call(client, {.target = server.url()});
    std::unique_ptr<test::server_peer> peer = server.accept_within(50ms);
    static std::unique_ptr<test::server_peer> kept;
    if (peer) kept = std::move(peer);
    REQUIRE(kept);
    kept->request();
    kept->send("HTTP/1.1 302 F\r\nLocation: " + place + "\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(w.ended(call));
    CHECK(call.error() == kit::errc::failed_precondition);
    if (place == "http://a b/") kept.reset();
  }
}

TEST_CASE("http client: redirected to where nobody is, the request was sent all the same") {
  client_world w(test::on::loop);
  played_server server(w);
  const http::client client({.max_redirects = 1});
  auto call = w.call(client, {.method = http::method::post, .target = server.url(), .body = "7"});
  auto peer = server.accept();
  peer->request();
  peer->send("HTTP/1.1 303 S\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  REQUIRE(w.ended(call));
  test::check_failure(call.error(), kit::errc::unavailable, stage::connect);
  CHECK(test::failure_of(call.error()).sent);
}

TEST_CASE("http client: through a proxy, and past it") {
  for (const auto where : test::places) {
    client_world w(where);
    played_server proxy(w);
    played_server server(w);
    const http::client client({.proxy = proxy.url(""), .no_proxy = "127.0.0.1,.internal"});
    auto call = w.call(client, {.target = "http://example.test/x?y"});
    auto peer = proxy.accept();
    CHECK(
        peer->request().starts_with("GET http://example.test/x?y HTTP/1.1\r\nHost: example.test"));
    peer->ok("by proxy");
    REQUIRE(w.ended(call));
    CHECK(call.value()->body.bytes() == "by proxy");

    auto direct = w.call(client, {.target = server.url("/x")});
    auto other = server.accept();
    CHECK(other->request().starts_with("GET /x HTTP/1.1\r\n"));
    other->ok("direct");
    REQUIRE(w.ended(direct));

    auto tunnel = w.call(client, {.target = "https://example.test/"});
    auto connect = proxy.accept();
    CHECK(connect->request().starts_with("CONNECT example.test:443 HTTP/1.1\r\n"));
    connect->send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(w.ended(tunnel));
    CHECK(tunnel.error() == kit::errc::unavailable);
    CHECK(test::failure_of(tunnel.error()).at == stage::connect);
  }
}

TEST_CASE("http client: over a Unix socket") {
  for (const auto where : test::places) {
    client_world w(where);
    const std::string path = "/tmp/cokit-client-test." + std::to_string(::getpid());
    ::unlink(path.c_str());
    asio::io_context outside;
    asio::local::stream_protocol::acceptor acceptor(outside, path);
    acceptor.non_blocking(true);
    const http::client client({.unix_socket = path});
    auto call = w.call(client, {.target = "http://service/path"});
    asio::local::stream_protocol::socket s(outside);
    REQUIRE(w.settle([&] {
      std::error_code failed;
      acceptor.accept(s, failed);
      return !failed;
    }));
    s.non_blocking(true);
    std::string request;
    REQUIRE(w.settle([&] {
      char bytes[4096];
      std::error_code failed;
      request.append(bytes, s.read_some(asio::buffer(bytes), failed));
      return request.ends_with("\r\n\r\n");
    }));
    CHECK(request.starts_with("GET /path HTTP/1.1\r\nHost: service\r\n"));
    s.write_some(asio::buffer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 40));
    REQUIRE(w.ended(call));
    CHECK(call.value()->body.bytes() == "ok");
    acceptor.close();
    s.close();
    w.run();
    auto gone = w.call(client, {.target = "http://service/path"});
    REQUIRE(w.ended(gone));
    CHECK(gone.error() == kit::errc::unavailable);
    ::unlink(path.c_str());
  }
}
