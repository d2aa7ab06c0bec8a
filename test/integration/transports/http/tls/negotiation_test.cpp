// What server and client agree on.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/tcp_network.hpp>
#include <kit/tls/server_context.hpp>

#include "../../../../support/http_server/held.hpp"
#include "../../../../support/http_server/tls_world.hpp"

namespace {

namespace http = kit::http;
namespace tls = kit::tls;
using namespace std::chrono_literals;

constexpr int tls_1_1 = 0x0302, tls_1_2 = 0x0303, tls_1_3 = 0x0304;

#define WORLDS test::tls_loop_world, test::tls_strand_world

http::server_options with(tls::server_options o) {
  return {.tls = std::make_shared<tls::server_context>(std::move(o))};
}

// A site of several servers.
struct names_site : test::tls_site {
  tls::certificate certificate(const std::string& name, const std::string& alternative_names,
                               std::vector<std::string> server_names = {},
                               test::key_kind key = test::key_kind::ecdsa) const {
    const auto files = ca.issue({name, alternative_names, key}, folder, name);
    return {files.chain, files.key, std::move(server_names)};
  }
};

}  // namespace

TEST_CASE_TEMPLATE("https: TLS 1.2 and 1.3, and the facts in the context", World, WORLDS) {
  test::held h;
  World w(h.handler());
  auto o = test::tls_site::get().client();
  std::string cipher;
  SUBCASE("1.2") {
    o.max_version = tls_1_2;
    o.ciphers = cipher = "ECDHE-ECDSA-AES128-GCM-SHA256";
  }
  SUBCASE("1.3") {
    o.min_version = tls_1_3;
    o.cipher_suites = cipher = "TLS_AES_128_GCM_SHA256";
  }
  const std::string version = o.max_version == tls_1_2 ? "TLSv1.2" : "TLSv1.3";
  o.protocols = {"http/1.1"};
  test::tls_client c(w, o);
  CHECK(c.tls().version() == version);
  CHECK(c.tls().cipher() == cipher);
  CHECK(c.tls().server_common_name() == "localhost");
  c->get("/");
  w.run();
  REQUIRE(h.size() == 1);
  const auto* info = h[0].context.template get<kit::connection_info>();
  REQUIRE(info);
  REQUIRE(info->secure);
  CHECK(info->scheme() == "https");
  CHECK(info->local_address == w.server->local_address());
  CHECK(info->secure->version == version);
  CHECK(info->secure->cipher == cipher);
  CHECK(info->secure->server_name == "localhost");
  CHECK(info->secure->protocol == "http/1.1");
  CHECK_FALSE(info->secure->resumed);
  CHECK(info->peer() == nullptr);
  h[0].answer({});
  CHECK(c->answer().status == 200);
}

TEST_CASE("https: without TLS the context says http") {
  test::held h;
  test::loop_world w(h.handler());
  test::http_client c(w);
  c.get("/");
  w.run();
  REQUIRE(h.size() == 1);
  const auto* info = h[0].context.get<kit::connection_info>();
  CHECK(info->scheme() == "http");
  CHECK_FALSE(info->secure);
  CHECK(info->peer() == nullptr);
}

TEST_CASE_TEMPLATE("https: older versions than the least are refused", World, WORLDS) {
  auto o = test::tls_site::get().client();
  tls::server_options served = test::tls_site::get().options();
  SUBCASE("1.1 always") {
    o.min_version = o.max_version = tls_1_1;
  }
  SUBCASE("1.2 where 1.3 is the least") {
    o.max_version = tls_1_2;
    served.min_version = tls::version::tls_1_3;
  }
  World w(test::tell_target, with(served));
  test::tls_client c(w, o);
  CHECK_FALSE(c.tls().connected());
  CHECK(c.tls().failure().find("protocol version") != std::string::npos);
  w.advance(1s);
  CHECK(w.server->connections() == 0);
  CHECK(test::tls_client(w)->get("/next").answer().body == "/next");
}

TEST_CASE_TEMPLATE("https: ciphers without forward secrecy are refused", World, WORLDS) {
  const names_site site;
  tls::server_options served;
  served.certificates = {site.certificate("rsa", "DNS:localhost", {}, test::key_kind::rsa)};
  std::string ciphers = "AES128-GCM-SHA256";
  bool right = false;
  SUBCASE("usually") {}
  SUBCASE("unless they are asked for") {
    served.ciphers = ciphers;
    right = true;
  }
  World w(test::tell_target, with(served));
  test::tls_client c(w, {.max_version = tls_1_2, .ciphers = ciphers});
  CHECK(c.tls().connected() == right);
}

TEST_CASE_TEMPLATE("https: the certificate is that of the server that the client names", World,
                   WORLDS) {
  const names_site site;
  tls::server_options served;
  served.certificates = {
      site.certificate("first", "DNS:first.example"),
      site.certificate("own", "DNS:a.example,DNS:B.example"),
      site.certificate("wild", "DNS:*.wild.example"),
      site.certificate("exact", "DNS:exact.wild.example"),
      site.certificate("given", "DNS:other.example", {"GIVEN.example"}),
      site.certificate("nameless", ""),
  };
  World w(test::tell_target, with(served));
  const std::pair<const char*, const char*> cases[] = {
      {"first.example", "first"},
      {"a.example", "own"},
      {"A.EXAMPLE", "own"},
      {"b.example", "own"},
      {"x.wild.example", "wild"},
      {"exact.wild.example", "exact"},
      {"given.example", "given"},
      {"nameless", "nameless"},
      {"other.example", "first"},  // the names that are given count alone
      {"wild.example", "first"},   // a wildcard stands for one label
      {"x.y.wild.example", "first"},
      {"unknown", "first"},
      {"", "first"},
  };
  for (const auto& [name, certificate] : cases) {
    CAPTURE(name);
    for (int version : {tls_1_2, tls_1_3}) {
      test::tls_client c(w, {.server_name = name, .max_version = version});
      CHECK(c.tls().server_common_name() == certificate);
      CHECK(c->get("/x").answer().body == "/x");
    }
  }
}

TEST_CASE_TEMPLATE("https: of keys of two kinds a client gets what it understands", World, WORLDS) {
  const names_site site;
  tls::server_options served;
  served.certificates = {
      site.certificate("one", "DNS:a.example"),
      site.certificate("two", "DNS:a.example", {}, test::key_kind::rsa),
  };
  World w(test::tell_target, with(served));
  for (const char* name : {"a.example", "unknown"}) {
    test::tls_client ecdsa(
        w,
        {.server_name = name, .max_version = tls_1_2, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"});
    CHECK(ecdsa.tls().server_key() == "ECDSA");
    test::tls_client rsa(
        w, {.server_name = name, .max_version = tls_1_2, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"});
    CHECK(rsa.tls().server_key() == "RSA");
    CHECK(rsa->get("/x").answer().body == "/x");
  }
}

TEST_CASE_TEMPLATE("https: the protocol above is agreed on", World, WORLDS) {
  auto served = test::tls_site::get().options();
  auto o = test::tls_site::get().client();
  std::string agreed;
  SUBCASE("of those that both know, in the server's order") {
    o.protocols = {"h2", "http/1.0", "http/1.1"};
    agreed = "http/1.1";
  }
  SUBCASE("in another order") {
    served.protocols = {"http/1.0", "http/1.1"};
    o.protocols = {"http/1.1", "http/1.0"};
    agreed = "http/1.0";
  }
  SUBCASE("none, when the client offers none") {}
  SUBCASE("none, when the server is to ignore them") {
    served.protocols = {};
    o.protocols = {"h2"};
  }
  test::held h;
  World w(h.handler(), with(served));
  test::tls_client c(w, o);
  CHECK(c.tls().protocol() == agreed);
  c->get("/");
  w.run();
  REQUIRE(h.size() == 1);
  CHECK(h[0].context.template get<kit::connection_info>()->secure->protocol == agreed);
}

TEST_CASE_TEMPLATE("https: a client that speaks only other protocols is refused", World, WORLDS) {
  World w(test::tell_target);
  auto o = test::tls_site::get().client();
  o.protocols = {"h2", "spdy/3"};
  test::tls_client c(w, o);
  CHECK(c.tls().failure().find("no application protocol") != std::string::npos);
  CHECK(c->closed());
}

TEST_CASE("https: not on a network that the server is given") {
  kit::testing::loop loop;
  kit::tcp_network network(loop.get_executor());
  const auto make = [&](const http::server_options& o) {
    http::server(loop.get_executor(), test::tell_target, o, network);
  };
  CHECK_NOTHROW(make({}));
  CHECK_THROWS_AS(make({.tls = test::tls_site::get().context()}), kit::error);
}

TEST_CASE("https: options are checked") {
  kit::testing::loop loop;
  const auto make = [&](const http::server_options& o) {
    http::server(loop.get_executor(), test::tell_target, o);
  };
  CHECK_THROWS_AS(make({.tls_handshake_timeout = -1ms}), kit::error);
  CHECK_THROWS_AS(make({.max_tls_handshakes = 0}), kit::error);
}
