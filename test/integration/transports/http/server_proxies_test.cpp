// Proxies in front of the server: the PROXY protocol and forwarded addresses, from those that are
// trusted only.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <unistd.h>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/this_context.hpp>
#include <transports/http/server.hpp>

#include "../../../support/http_server/tcp_world.hpp"

namespace http = kit::http;
using namespace std::chrono_literals;

namespace {

std::string fresh_path() {
  static int n = 0;
  return (std::filesystem::temp_directory_path() /
          ("cokit-proxies." + std::to_string(::getpid()) + "." + std::to_string(++n)))
      .string();
}

// `remote by proxy, scheme host`.
asio::awaitable<http::response> who(http::request) {
  const auto* c = (co_await kit::this_context()).get<kit::connection_info>();
  const auto by = c->proxy_address.substr(0, c->proxy_address.rfind(':'));
  co_return http::response::text(
      http::status::ok,
      c->remote_address + " by " + by + ", " + std::string(c->scheme()) + " " + c->forwarded_host);
}

asio::awaitable<http::response> note(std::string& into) {
  const auto* c = (co_await kit::this_context()).get<kit::connection_info>();
  into = "'" + c->remote_address + "' " + std::string(c->scheme());
  co_return http::response{};
}

std::string v2(std::string addresses_and_tlvs, char command = '\x21') {
  std::string out("\r\n\r\n\0\r\nQUIT\n", 12);
  out += command;
  out += '\x11';
  out += static_cast<char>(addresses_and_tlvs.size() >> 8);
  out += static_cast<char>(addresses_and_tlvs.size());
  return out + addresses_and_tlvs;
}

const std::string v4_addresses("\x0a\x01\x02\x03\x0a\x00\x00\x01\xc3\x50\x01\xbb", 12);

http::server_options trusting() {
  return {.proxy_protocol_from = kit::ip_networks::loopback()};
}

}  // namespace

TEST_CASE_TEMPLATE("http server: the PROXY protocol in front of a connection", World,
                   test::loop_world, test::strand_world) {
  for (const std::string& header :
       {std::string("PROXY TCP4 10.1.2.3 10.0.0.1 50000 443\r\n"), v2(v4_addresses)}) {
    for (std::size_t piece : {1U, 5U, 1000U}) {
      CAPTURE(piece);
      World w(who, trusting());
      test::http_client c(w);
      const auto wire = header + "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
      for (std::size_t i = 0; i < wire.size(); i += piece) {
        c.send(wire.substr(i, piece));
        if (piece < 1000) w.run();
      }
      CHECK(c.answer().body == "10.1.2.3:50000 by 127.0.0.1, http ");
      CHECK(c.get("/").answer().body == "10.1.2.3:50000 by 127.0.0.1, http ");
    }
  }
}

TEST_CASE_TEMPLATE("http server: a load balancer that speaks for itself", World, test::loop_world,
                   test::strand_world) {
  for (const std::string& header : {std::string("PROXY UNKNOWN\r\n"), v2("", '\x20')}) {
    World w(who, trusting());
    test::http_client c(w);
    c.send(header).get("/");
    const auto a = c.answer();
    CHECK(a.status == 200);
    CHECK(a.body.starts_with("127.0.0.1:"));
    CHECK(a.body.ends_with(" by , http "));
  }
}

TEST_CASE_TEMPLATE("http server: without the header where it is due, the connection is closed",
                   World, test::loop_world, test::strand_world) {
  for (const std::string wire : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PROXY TCP4 x y 1 2\r\n",
                                 "PROXY TCP5\r\n", "\x16\x03\x01"}) {
    CAPTURE(wire);
    World w(who, trusting());
    test::http_client c(w);
    c.send(wire);
    CHECK(c.closed());
  }
  World w(who, trusting());
  test::http_client silent(w);
  silent.send("PROXY TCP4 10.1");
  w.run();
  w.advance(10s);
  CHECK(silent.closed());
}

TEST_CASE_TEMPLATE("http server: the header of a peer that isn't trusted is no header", World,
                   test::loop_world, test::strand_world) {
  World w(who, http::server_options{.proxy_protocol_from = {"10.0.0.0/8"}});
  test::http_client c(w);
  c.send("PROXY TCP4 10.1.2.3 10.0.0.1 50000 443\r\n");
  CHECK(c.answer().status == 400);
}

TEST_CASE_TEMPLATE("http server: forwarded addresses are believed from trusted proxies only", World,
                   test::loop_world, test::strand_world) {
  const std::string fields =
      "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
      "X-Forwarded-Host: example.org\r\nForwarded: for=192.0.2.1;proto=http\r\n";
  {
    World w(who, http::server_options{.forwarding = {.trusted = kit::ip_networks::loopback(),
                                                     .x_forwarded_host = true}});
    test::http_client c(w);
    CHECK(c.get("/", fields).answer().body == "203.0.113.9 by 127.0.0.1, https example.org");
    CHECK(c.get("/").answer().body.ends_with(" by , http "));  // of each request anew
  }
  {
    World w(who, http::server_options{
                     .forwarding = {.trusted = kit::ip_networks::loopback(), .forwarded = true}});
    test::http_client c(w);
    CHECK(c.get("/", fields).answer().body == "192.0.2.1 by 127.0.0.1, http ");
  }
  {
    World w(who, http::server_options{.forwarding = {.trusted = kit::ip_networks::loopback()}});
    test::http_client c(w);
    CHECK(c.get("/", fields).answer().body == "203.0.113.9 by 127.0.0.1, https ");
  }
  World w(who, http::server_options{.forwarding = {.trusted = {"10.0.0.0/8"}}});
  test::http_client c(w);
  const auto body = c.get("/", fields).answer().body;
  CHECK(body.starts_with("127.0.0.1:"));
  CHECK(body.ends_with(" by , http "));
}

TEST_CASE_TEMPLATE(
    "http server: what a proxy on a Unix socket forwards is believed on request only", World,
    test::loop_world, test::strand_world) {
  const std::string fields = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n";
  {
    World w(who, http::server_options{.address = "unix:" + fresh_path(),
                                      .forwarding = {.trust_unix_peers = true}});
    test::http_client c(w);
    CHECK(c.get("/", fields).answer().body == "203.0.113.9 by unix, https ");
    CHECK(c.get("/").answer().body == "unix: by , http ");
  }
  for (const auto& trusted : {kit::ip_networks(), kit::ip_networks::local()}) {
    World w(who, http::server_options{.address = "unix:" + fresh_path(),
                                      .forwarding = {.trusted = trusted}});
    test::http_client c(w);
    CHECK(c.get("/", fields).answer().body == "unix: by , http ");
  }
}

// When the server looks, the system doesn't know any more where it was.
TEST_CASE_TEMPLATE("http server: a TCP peer that has gone is none on a Unix socket", World,
                   test::loop_world, test::strand_world) {
  std::string seen;
  World w([&seen](const http::request&) { return note(seen); },
          http::server_options{.forwarding = {.trust_unix_peers = true},
                               .proxy_protocol_on_unix = true});
  auto peer = w.dial();
  peer->send_last(
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n"
      "X-Forwarded-Proto: https\r\n\r\n");
  peer->reset();
  w.settle([&] { return !seen.empty(); });
  CHECK(seen == "'' http");
}

TEST_CASE_TEMPLATE("http server: the PROXY protocol on a Unix socket", World, test::loop_world,
                   test::strand_world) {
  const auto on_unix = [] {
    return http::server_options{.address = "unix:" + fresh_path(),
                                .forwarding = {.trusted = {"10.0.0.0/8"}},
                                .proxy_protocol_on_unix = true};
  };
  {
    World w(who, on_unix());
    test::http_client c(w);
    c.send("PROXY TCP4 10.1.2.3 10.0.0.1 50000 443\r\n").get("/");
    CHECK(c.answer().body == "10.1.2.3:50000 by unix, http ");
    // Whom the header names may be a proxy that is trusted in turn.
    CHECK(c.get("/", "X-Forwarded-For: 203.0.113.9\r\n").answer().body ==
          "203.0.113.9 by unix, http ");
  }
  {
    World w(who, on_unix());
    test::http_client c(w);
    c.send("PROXY UNKNOWN\r\n").get("/", "X-Forwarded-For: 203.0.113.9\r\n");
    CHECK(c.answer().body == "unix: by , http ");
  }
  {
    World w(who, on_unix());
    test::http_client c(w);
    c.get("/");
    CHECK(c.closed());
  }
  {
    World w(who, http::server_options{.address = "unix:" + fresh_path()});
    test::http_client c(w);
    c.send("PROXY TCP4 10.1.2.3 10.0.0.1 50000 443\r\n");
    CHECK(c.answer().status == 400);
  }
  World w(who, http::server_options{.proxy_protocol_on_unix = true});
  test::http_client c(w);
  CHECK(c.get("/").answer().status == 200);
}
