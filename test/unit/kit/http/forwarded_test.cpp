#include <kit/http/forwarded.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::client_origin;
using http::forwarded_hop;
using http::headers;
using basis = http::client_origin::basis;

namespace {

const kit::ip_networks proxies{"10.0.0.0/8", "fd00::/8"};
constexpr const char* peer = "10.0.0.7:50412";

client_origin x(const headers& fields, std::string_view from = peer) {
  return http::find_client(from, fields, {.trusted = proxies, .x_forwarded_host = true});
}
client_origin fwd(const headers& fields, std::string_view from = peer) {
  return http::find_client(from, fields, {.trusted = proxies, .forwarded = true});
}
client_origin fwd(std::string_view value) {
  return fwd({{"Forwarded", value}});
}

}  // namespace

TEST_CASE("forwarded: the examples of RFC 7239") {
  using hops = std::vector<forwarded_hop>;
  CHECK(http::parse_forwarded("for=\"_gazonk\"") == hops{{"_gazonk", "", "", ""}});
  CHECK(http::parse_forwarded("For=\"[2001:db8:cafe::17]:4711\"") ==
        hops{{"[2001:db8:cafe::17]:4711", "", "", ""}});
  CHECK(http::parse_forwarded("for=192.0.2.60;proto=http;by=203.0.113.43") ==
        hops{{"192.0.2.60", "203.0.113.43", "", "http"}});
  CHECK(http::parse_forwarded("for=192.0.2.43, for=198.51.100.17") ==
        hops{{"192.0.2.43", "", "", ""}, {"198.51.100.17", "", "", ""}});
  CHECK(http::parse_forwarded("for=_hidden, for=_SEVKISEK") ==
        hops{{"_hidden", "", "", ""}, {"_SEVKISEK", "", "", ""}});
  CHECK(http::parse_forwarded("for=unknown;host=\"example.com:8080\"; secret=x") ==
        hops{{"unknown", "", "example.com:8080", ""}});
  CHECK(http::parse_forwarded("for=\"192.0.2.43:_x\";;") == hops{{"192.0.2.43:_x", "", "", ""}});
  CHECK(http::parse_forwarded("") == hops{});
}

TEST_CASE("forwarded: what is malformed is nothing") {
  for (const char* bad : {"for",
                          "for=",
                          "=x",
                          "for=\"",
                          "for=\"a",
                          "for=a",
                          "for=example.com",
                          "for =1.2.3.4",
                          "for= 1.2.3.4",
                          "for=1.2.3.4 5",
                          "for=1.2.3.4;for=1.2.3.4",
                          "for=1.2.3.4:80",
                          "for=[::1]",
                          "for=\"1.2.3.4:x\"",
                          "for=\"1.2.3.4:99999\"",
                          "for=1.2.3.400",
                          "proto=ftp",
                          "host=\"a b\"",
                          "host=\"\"",
                          "host=\"a@b\"",
                          "for=\"\\\"",
                          "for=\"fe80::1%eth0\"",
                          "for=1.2.3.4, x",
                          "f r=x",
                          "for=_",
                          "for=\"_x:\"",
                          "for=1.2.3.4\"\""}) {
    CAPTURE(bad);
    CHECK_FALSE(http::parse_forwarded(bad));
  }
}

TEST_CASE("forwarded: is written and read back") {
  for (const forwarded_hop& hop :
       {forwarded_hop{"203.0.113.9", "", "", ""}, forwarded_hop{"[::1]:80", "_me", "a:1", "https"},
        forwarded_hop{"unknown", "10.0.0.1:5", "[::1]", "http"}}) {
    CAPTURE(http::format_forwarded(hop));
    CHECK(http::parse_forwarded(http::format_forwarded(hop)) == std::vector{hop});
  }
  CHECK(http::format_forwarded({"[::1]:80", "_me", "a\"\\", "https"}) ==
        "by=_me;for=\"[::1]:80\";host=\"a\\\"\\\\\";proto=https");
}

TEST_CASE("find_client: a peer that is not trusted is the client, whatever it says") {
  const headers fields{{"X-Forwarded-For", "1.2.3.4"},
                       {"X-Forwarded-Proto", "https"},
                       {"Forwarded", "for=1.2.3.4;proto=https"}};
  const client_origin itself{.address = "198.51.100.1:5"};
  CHECK(x(fields, "198.51.100.1:5") == itself);
  CHECK(fwd(fields, "198.51.100.1:5") == itself);
  CHECK(http::find_client("10.0.0.7:1", fields, {}) == client_origin{.address = "10.0.0.7:1"});
  CHECK(x({}) == client_origin{.address = peer});
  CHECK(fwd(headers()) == client_origin{.address = peer});
}

TEST_CASE("find_client: X-Forwarded-For is walked from its end to the first untrusted") {
  const auto address = [](const headers& fields) { return x(fields).address; };
  CHECK(address({{"X-Forwarded-For", "1.2.3.4"}}) == "1.2.3.4");
  CHECK(address({{"X-Forwarded-For", "9.9.9.9, 1.2.3.4"}}) == "1.2.3.4");
  CHECK(address({{"X-Forwarded-For", "9.9.9.9, 1.2.3.4, 10.1.1.1,10.1.1.2"}}) == "1.2.3.4");
  CHECK(address({{"X-Forwarded-For", "9.9.9.9"},
                 {"X-Forwarded-For", "1.2.3.4"},
                 {"X-Forwarded-For", "10.1.1.1, "}}) == "1.2.3.4");
  CHECK(address({{"X-Forwarded-For", "10.1.1.1, 10.1.1.2"}}) == "10.1.1.1");
  CHECK(address({{"X-Forwarded-For", "1.2.3.4:4711"}}) == "1.2.3.4:4711");
  CHECK(address({{"X-Forwarded-For", "[2001:db8::1]"}}) == "2001:db8::1");
  CHECK(address({{"X-Forwarded-For", "2001:db8::1, [fd00::1]:80"}}) == "2001:db8::1");
  CHECK(address({{"X-Forwarded-For", "::ffff:10.0.0.1"}}) == "::ffff:10.0.0.1");
  CHECK(x({{"X-Forwarded-For", "1.2.3.4"}}).from == basis::forwarded);
}

TEST_CASE("find_client: what stands before the client is not even parsed") {
  for (const std::string made_up : {"garbage", "\"", "\\", "for=", "unknown", "\"a", "a\"b\\"}) {
    CAPTURE(made_up);
    const auto text = std::string(made_up) + ", ";
    CHECK(x({{"X-Forwarded-For", text + "1.2.3.4"}}).address == "1.2.3.4");
    CHECK(x({{"X-Forwarded-For", made_up}, {"X-Forwarded-For", "1.2.3.4"}}).address == "1.2.3.4");
    CHECK(fwd(text + "for=1.2.3.4").address == "1.2.3.4");
    CHECK(fwd(text + "for=\"1.2.3.4:5\";host=\"a,b\"").host == "a,b");
    CHECK(fwd(text + "for=\"1.2.3.4:5\";by=\"_a\", for=10.0.0.1;x=\"a,\\\"b\\\\\"").address ==
          "1.2.3.4:5");
    CHECK(fwd({{"Forwarded", made_up}, {"Forwarded", "for=1.2.3.4"}}).address == "1.2.3.4");
  }
}

TEST_CASE("find_client: what a trusted proxy says and cannot be read makes all unbelievable") {
  const client_origin nothing{.address = peer, .from = basis::malformed};
  for (const char* bad : {"unknown", "example.com", "1.2.3", "1.2.3.4;", "fe80::1%eth0"}) {
    CAPTURE(bad);
    CHECK(x({{"X-Forwarded-For", bad}, {"X-Forwarded-Proto", "https"}}) == nothing);
    CHECK(x({{"X-Forwarded-For", std::string(bad) + ",10.0.0.9"}}) == nothing);
  }
  CHECK(x({{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-Proto", "gopher"}}) == nothing);
  CHECK(x({{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-Host", "a/b"}}) == nothing);
  CHECK(fwd("for=1.2.3.4;proto=gopher") == nothing);
  CHECK(fwd("for=1.2.3.4, for=\"10.0.0.1") == nothing);
  CHECK(fwd("garbage, for=10.0.0.1") == nothing);
}

TEST_CASE("find_client: scheme and host are those that the outermost trusted proxy was asked for") {
  CHECK(x({{"X-Forwarded-For", "1.2.3.4"},
           {"X-Forwarded-Proto", "HTTPS"},
           {"X-Forwarded-Host", "example.com:8080"}}) ==
        client_origin{"1.2.3.4", "https", "example.com:8080", basis::forwarded});
  const auto scheme = [](std::string_view f, std::string_view proto) {
    return x({{"X-Forwarded-For", f}, {"X-Forwarded-Proto", proto}}).scheme;
  };
  CHECK(scheme("1.2.3.4, 10.0.0.1", "https, http") == "https");
  CHECK(scheme("9.9.9.9, 1.2.3.4, 10.0.0.1", "http, https, http") == "https");
  CHECK(scheme("9.9.9.9, 1.2.3.4, 10.0.0.1", "gopher, https, http") == "https");
  CHECK(scheme("1.2.3.4, 10.0.0.1", "https") == "https");
  CHECK(scheme("1.2.3.4", "https, http") == "http");
  CHECK(scheme("1.2.3.4", "wss") == "https");
  CHECK(scheme("1.2.3.4", "ws") == "http");
  CHECK(x({{"X-Forwarded-Proto", "https"}}) == client_origin{peer, "https", "", basis::forwarded});
  CHECK(fwd("for=1.2.3.4;host=a;proto=https, for=10.0.0.1;host=b;proto=http") ==
        client_origin{"1.2.3.4", "https", "a", basis::forwarded});
  CHECK(fwd("proto=gopher, for=1.2.3.4, for=10.0.0.1;proto=http").scheme == "http");
}

TEST_CASE("find_client: a proxy that hides its client ends the way") {
  CHECK(fwd("for=9.9.9.9, for=unknown;proto=https, for=10.0.0.1") ==
        client_origin{"10.0.0.1", "https", "", basis::forwarded});
  CHECK(fwd("for=_secret").address == peer);
  CHECK(fwd("proto=https") == client_origin{peer, "https", "", basis::forwarded});
}

TEST_CASE("find_client: fields that the proxies do not set are not looked at") {
  const headers all{{"X-Forwarded-For", "9.9.9.9, 1.2.3.4, 10.0.0.1"},
                    {"X-Forwarded-Proto", "http, http, https"},
                    {"X-Forwarded-Host", "a, b, c"},
                    {"Forwarded", "for=5.6.7.8;proto=http;host=d"}};
  const auto by = [&](http::forwarding_options o) {
    o.trusted = proxies;
    return http::find_client(peer, all, o);
  };
  // The host's default is not to be believed: many load balancers hand on what a client sent.
  CHECK(by({}) == client_origin{"1.2.3.4", "http", "", basis::forwarded});
  CHECK(by({.x_forwarded_host = true}) == client_origin{"1.2.3.4", "http", "b", basis::forwarded});
  CHECK(by({.x_forwarded_proto = false}) == client_origin{"1.2.3.4", "", "", basis::forwarded});
  CHECK(by({.x_forwarded_for = false, .x_forwarded_proto = false}) ==
        client_origin{.address = peer});
  CHECK(by({.forwarded = true}) == client_origin{"5.6.7.8", "http", "d", basis::forwarded});
  CHECK(by({.x_forwarded_host = true, .forwarded = true}).host == "d");

  CHECK(fwd({{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-Proto", "https"}}) ==
        client_origin{.address = peer});
  CHECK(x({{"Forwarded", "for=1.2.3.4"}}).address == peer);
}

TEST_CASE("find_client: without X-Forwarded-For, the nearest proxy's scheme and host count") {
  const headers fields{{"X-Forwarded-For", "unknown, 1.2.3.4"},
                       {"X-Forwarded-Proto", "http, https"},
                       {"X-Forwarded-Host", "a, b"}};
  CHECK(
      http::find_client(peer, fields,
                        {.trusted = proxies, .x_forwarded_for = false, .x_forwarded_host = true}) ==
      client_origin{peer, "https", "b", basis::forwarded});
  CHECK(
      http::find_client("198.51.100.1:5", fields, {.trusted = proxies, .x_forwarded_for = false}) ==
      client_origin{.address = "198.51.100.1:5"});
}

TEST_CASE("find_client: peers on Unix sockets are believed only on request") {
  const headers fields{{"X-Forwarded-For", "1.2.3.4"}, {"X-Forwarded-Proto", "https"}};
  const auto by = [&](std::string_view from, const http::forwarding_options& o) {
    return http::find_client(from, fields, o);
  };
  const client_origin client{"1.2.3.4", "https", "", basis::forwarded};
  for (const char* from : {"unix:", "unix:/run/proxy.sock"}) {
    CHECK(by(from, {.trust_unix_peers = true}) == client);
    CHECK(by(from, {.trusted = proxies}) == client_origin{.address = from});
  }
  // Without an address it may be anyone.
  CHECK(by("", {.trust_unix_peers = true}) == client_origin{});
  CHECK(by(peer, {.trust_unix_peers = true}) == client_origin{.address = peer});
  CHECK(by(peer, {.trusted = proxies, .trust_unix_peers = true}) == client);
  // Only the peer is on a Unix socket, not who is behind it.
  CHECK(http::find_client("unix:", {{"X-Forwarded-For", "1.2.3.4, unix:"}},
                          {.trust_unix_peers = true}) ==
        client_origin{.address = "unix:", .from = basis::malformed});
  CHECK(http::find_client("unix:", {{"X-Forwarded-For", "9.9.9.9, 1.2.3.4, 10.0.0.1"}},
                          {.trusted = proxies, .trust_unix_peers = true})
            .address == "1.2.3.4");
}

TEST_CASE("find_client: a field that isn't believed may be malformed") {
  const headers fields{
      {"X-Forwarded-For", "x"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Host", "a/b"}};
  const client_origin nothing{.address = peer, .from = basis::malformed};
  CHECK(http::find_client(peer, fields, {.trusted = proxies, .x_forwarded_for = false}) ==
        client_origin{peer, "https", "", basis::forwarded});
  CHECK(http::find_client(peer, fields, {.trusted = proxies}) == nothing);
}
