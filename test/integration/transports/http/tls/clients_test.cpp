// Client certificates, and the peer's identity.
#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <kit/connection_info.hpp>
#include <kit/tls/server_context.hpp>

#include "../../../../support/http_server/held.hpp"
#include "../../../../support/http_server/tls_world.hpp"

namespace {

namespace http = kit::http;
namespace tls = kit::tls;
using namespace std::chrono_literals;

constexpr int tls_1_2 = 0x0303, tls_1_3 = 0x0304;

#define WORLDS test::tls_loop_world, test::tls_strand_world

// A site whose clients have certificates.
struct mutual_site : test::tls_site {
  test::authority clients{"Client CA"}, strangers{"Strange CA"};
  std::string clients_file = folder.write("clients.pem", clients.certificate());

  http::server_options server(tls::client_certificates what, tls::server_options o = {}) const {
    o.certificates = options().certificates;
    o.clients = what;
    o.ca_file = clients_file;
    return {.tls = std::make_shared<tls::server_context>(std::move(o))};
  }
  test::tls_client_options client(int version, const test::pem_files& of = {}) const {
    auto o = test::tls_site::client();
    o.min_version = o.max_version = version;
    o.certificate_file = of.chain;
    o.key_file = of.key;
    return o;
  }
};

const mutual_site& site() {
  static const mutual_site made;
  return made;
}

test::pem_files billing() {
  static const auto made = site().clients.issue(
      {.common_name = "billing",
       .alternative_names = "DNS:billing.internal,URI:spiffe://example/billing,"
                            "email:ops@example.com,DNS:b.internal"},
      site().folder, "billing");
  return made;
}

std::string fingerprint(const std::string& file) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(BIO_new_file(file.c_str(), "rb"), &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> x(
      PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), &X509_free);
  unsigned char digest[32];
  X509_digest(x.get(), EVP_sha256(), digest, nullptr);
  std::string text;
  for (const unsigned c : digest) {
    text += "0123456789abcdef"[c / 16];
    text += "0123456789abcdef"[c % 16];
  }
  return text;
}

// Of the client of the next request; nothing when it has none.
template <class World>
std::optional<kit::peer_certificate> identity(World& w, test::held& h, test::tls_client& c) {
  const auto next = h.size();
  c->get("/");
  w.run();
  REQUIRE(h.size() == next + 1);
  const auto* peer = h[next].context.template get<kit::connection_info>()->peer();
  h[next].answer({});
  CHECK(c->answer().status == 200);
  return peer ? std::optional(*peer) : std::nullopt;
}

}  // namespace

TEST_CASE_TEMPLATE("https: the identity of a client is in the context", World, WORLDS) {
  for (int version : {tls_1_2, tls_1_3}) {
    for (const auto what :
         {tls::client_certificates::requested, tls::client_certificates::required}) {
      CAPTURE(version);
      test::held h;
      World w(h.handler(), site().server(what));
      test::tls_client c(w, site().client(version, billing()));
      const auto peer = identity(w, h, c);
      REQUIRE(peer);
      CHECK(peer->subject == "CN=billing,O=Cokit Test");
      CHECK(peer->issuer == "CN=Client CA,O=Cokit Test");
      CHECK(peer->dns_names == std::vector<std::string>{"billing.internal", "b.internal"});
      CHECK(peer->uris == std::vector<std::string>{"spiffe://example/billing"});
      CHECK(peer->emails == std::vector<std::string>{"ops@example.com"});
      CHECK(peer->fingerprint == fingerprint(billing().chain));
      const auto left = peer->not_after - std::chrono::system_clock::now();
      CHECK(left > 50min);
      CHECK(left <= 60min);
    }
  }
}

TEST_CASE_TEMPLATE("https: an RSA client, a name with letters beyond ASCII", World, WORLDS) {
  const auto files = site().clients.issue(
      {.common_name = "Käse, \"alt\"", .key = test::key_kind::rsa}, site().folder, "cheese");
  test::held h;
  World w(h.handler(), site().server(tls::client_certificates::required));
  test::tls_client c(w, site().client(tls_1_3, files));
  const auto peer = identity(w, h, c);
  REQUIRE(peer);
  CHECK(peer->subject == "CN=Käse\\, \\\"alt\\\",O=Cokit Test");
  CHECK(peer->dns_names.empty());
}

TEST_CASE_TEMPLATE("https: a client without certificate", World, WORLDS) {
  for (int version : {tls_1_2, tls_1_3}) {
    CAPTURE(version);
    test::held h;
    {
      World w(h.handler(), site().server(tls::client_certificates::requested));
      test::tls_client c(w, site().client(version));
      CHECK_FALSE(identity(w, h, c));
    }
    World w(h.handler(), site().server(tls::client_certificates::required));
    test::tls_client c(w, site().client(version));
    c->get("/not-served");
    CHECK(c->closed());
    const auto* reason = version == tls_1_3 ? "certificate required" : "handshake failure";
    CHECK(c.tls().failure().find(reason) != std::string::npos);
    w.advance(1s);
    CHECK(w.server->connections() == 0);
    CHECK(h.size() == 1);
  }
}

TEST_CASE_TEMPLATE("https: a certificate that isn't asked for isn't shown", World, WORLDS) {
  test::held h;
  World w(h.handler(), site().server(tls::client_certificates::ignored));
  test::tls_client c(w, site().client(tls_1_3, billing()));
  CHECK_FALSE(identity(w, h, c));
}

TEST_CASE_TEMPLATE("https: wrong client certificates are refused", World, WORLDS) {
  test::pem_files files;
  std::string reason;
  SUBCASE("of another authority") {
    files = site().strangers.issue({.common_name = "x"}, site().folder, "stranger");
    reason = "unknown ca";
  }
  SUBCASE("expired") {
    files = site().clients.issue({.common_name = "x", .valid_to = -60}, site().folder, "expired");
    reason = "certificate expired";
  }
  SUBCASE("not valid yet") {
    files = site().clients.issue({.common_name = "x", .valid_from = 600}, site().folder, "early");
    reason = "bad certificate";
  }
  for (const auto what :
       {tls::client_certificates::requested, tls::client_certificates::required}) {
    for (int version : {tls_1_2, tls_1_3}) {
      CAPTURE(version);
      test::held h;
      World w(h.handler(), site().server(what));
      test::tls_client c(w, site().client(version, files));
      c->get("/not-served");
      CHECK(c->closed());
      CHECK(c.tls().failure().find(reason) != std::string::npos);
      CHECK(h.size() == 0);
    }
  }
}

TEST_CASE_TEMPLATE("https: a resumed session has its identity", World, WORLDS) {
  for (int version : {tls_1_2, tls_1_3}) {
    for (const bool tickets : {true, false}) {
      CAPTURE(version);
      CAPTURE(tickets);
      test::held h;
      World w(h.handler(),
              site().server(tls::client_certificates::required, {.session_tickets = tickets}));
      auto o = site().client(version, billing());
      test::tls_client first(w, o);
      const auto before = identity(w, h, first);
      REQUIRE(before);
      o.resume = first.tls().ticket();
      REQUIRE(o.resume);
      o.certificate_file = o.key_file = "";
      test::tls_client second(w, o);
      CHECK(second.tls().resumed());
      const auto after = identity(w, h, second);
      REQUIRE(after);
      CHECK(after->fingerprint == before->fingerprint);
      CHECK(h[1].context.template get<kit::connection_info>()->secure->resumed);
    }
  }
}

TEST_CASE_TEMPLATE("https: a session isn't resumed past the end of the client's certificate", World,
                   WORLDS) {
  for (const bool tickets : {true, false}) {
    CAPTURE(tickets);
    test::held h;
    World w(h.handler(),
            site().server(tls::client_certificates::required, {.session_tickets = tickets}));
    const auto files =
        site().clients.issue({.common_name = "x", .valid_to = 2}, site().folder, "short");
    auto o = site().client(tls_1_3, files);
    test::tls_client first(w, o);
    const auto peer = identity(w, h, first);
    REQUIRE(peer);
    o.resume = first.tls().ticket();
    while (std::chrono::system_clock::now() <= peer->not_after + 1s)
      std::this_thread::yield();
    test::tls_client second(w, o);
    second->get("/not-served");
    CHECK(second->closed());
    CHECK(h.size() == 1);
  }
}
