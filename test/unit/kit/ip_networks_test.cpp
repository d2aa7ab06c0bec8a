#include <kit/ip_networks.hpp>

#include <string>

#include <doctest/doctest.h>

using kit::ip_networks;

TEST_CASE("ip_networks: IPv4 networks of each length hold what their prefix says") {
  for (unsigned bits = 0; bits <= 32; ++bits) {
    CAPTURE(bits);
    ip_networks n;
    n.add("170.85.170.85/" + std::to_string(bits));  // 10101010 01010101 ...
    CHECK(n.contains("170.85.170.85"));
    for (unsigned flipped = 0; flipped < 32; ++flipped) {
      const std::uint32_t address = 0xaa55aa55u ^ (0x80000000u >> flipped);
      std::string text;
      for (int shift = 24; shift >= 0; shift -= 8)
        text += (text.empty() ? "" : ".") + std::to_string(address >> shift & 255);
      CAPTURE(text);
      CHECK(n.contains(text) == (flipped >= bits));
      CHECK(n.contains("::ffff:" + text) == (flipped >= bits));
    }
  }
}

TEST_CASE("ip_networks: IPv6 networks") {
  const ip_networks n{"2001:db8::/33", "::1"};
  CHECK(n.contains("2001:db8::1"));
  CHECK(n.contains("2001:DB8:7fff:ffff::"));
  CHECK_FALSE(n.contains("2001:db8:8000::"));
  CHECK(n.contains("::1"));
  CHECK(n.contains("0:0:0:0:0:0:0:1"));
  CHECK_FALSE(n.contains("::2"));
  CHECK(ip_networks{"fe80::/10"}.contains("fe80::1%eth0"));
  CHECK(ip_networks{"fe80::/10"}.contains("[fe80::1%2]:80"));
}

TEST_CASE("ip_networks: addresses may have a port") {
  const ip_networks n{"10.0.0.0/8", "::1"};
  CHECK(n.contains("10.0.0.7:50412"));
  CHECK(n.contains("[::1]:80"));
  CHECK(n.contains("[::1]"));
  CHECK(n.contains("[::ffff:10.1.2.3]:0"));
  for (const char* bad : {"",           "10.0.0",      "10.0.0.7:",   "10.0.0.7:65536",
                          "10.0.0.7:x", "10.0.0.7:+1", "10.0.0.7:01", "[10.0.0.7]:80",
                          "[::1",       "::1]",        "[::1]80",     "[::1]:",
                          "[]:80",      "010.0.0.7",   "10.0.0.7 ",   " 10.0.0.7",
                          "10.0.0.7/8", "10.0.0.0x7",  "10.7",        "localhost",
                          "::1%",       "::1%a b",     "1::2::3",     "10.0.0.7%eth0",
                          ":80",        ":::1"}) {
    CAPTURE(bad);
    CHECK_FALSE(n.contains(bad));
  }
  CHECK_FALSE(n.contains(std::string_view("10.0.0.7\0", 9)));
  CHECK_FALSE(n.contains(std::string(1000, '1')));
}

TEST_CASE("ip_networks: IPv6 networks hold no IPv4 address, and mapped ones are IPv4") {
  CHECK_FALSE(ip_networks{"::/0"}.contains("10.0.0.7"));
  CHECK_FALSE(ip_networks{"::/0"}.contains("::ffff:10.0.0.7"));
  CHECK(ip_networks{"::/0"}.contains("::1"));
  CHECK_FALSE(ip_networks{"0.0.0.0/0"}.contains("::1"));
  CHECK(ip_networks{"0.0.0.0/0"}.contains("::ffff:10.0.0.7"));
  CHECK(ip_networks{"::ffff:10.0.0.0/104"}.contains("10.255.0.1"));
  CHECK_FALSE(ip_networks{"::ffff:10.0.0.0/104"}.contains("11.0.0.1"));
  CHECK(ip_networks{"::ffff:10.0.0.7"}.contains("10.0.0.7"));
}

TEST_CASE("ip_networks: lists, and the sets that are often wanted") {
  const auto n = ip_networks::parse(" 10.0.0.0/8,, ::1\t192.168.1.1 ");
  REQUIRE(n);
  CHECK(n->size() == 3);
  CHECK(n->contains("192.168.1.1"));
  CHECK_FALSE(n->contains("192.168.1.2"));
  CHECK(ip_networks::parse("")->empty());
  CHECK_FALSE(ip_networks().contains("10.0.0.7"));
  CHECK(ip_networks::loopback().contains("127.0.0.53:53"));
  CHECK_FALSE(ip_networks::loopback().contains("10.0.0.1"));
  for (const char* inside : {"127.0.0.1", "::1", "10.1.1.1", "172.31.0.1", "192.168.0.1",
                             "169.254.169.254", "fd00::1", "fe80::1"}) {
    CAPTURE(inside);
    CHECK(ip_networks::local().contains(inside));
  }
  for (const char* outside : {"8.8.8.8", "172.32.0.1", "192.169.0.1", "2001:db8::1", "::"}) {
    CAPTURE(outside);
    CHECK_FALSE(ip_networks::local().contains(outside));
  }
}

TEST_CASE("ip_networks: what is no network is refused, and named") {
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08", "::/129",
                          "10/8", "10.0.0.0/8/8", "/8", "localhost", "fe80::1%eth0", "[::1]",
                          "10.0.0.7:80", "10.0.0.0/99999999999999999999", "a\nb"}) {
    CAPTURE(bad);
    ip_networks n;
    CHECK_THROWS_AS(n.add(bad), kit::error);
    CHECK(n.empty());
  }
  const auto n = ip_networks::parse("10.0.0.0/8, 10.0.0.0/x");
  REQUIRE_FALSE(n);
  CHECK(n.error() == kit::error(kit::errc::invalid_argument, "no IP network: '10.0.0.0/x'"));
}

TEST_CASE("ip_networks: the parts of an address with a port") {
  CHECK(kit::parse_ip_endpoint("[::1]:80")->address == "::1");
  CHECK(kit::parse_ip_endpoint("[::1]:80")->port == 80);
  CHECK(kit::parse_ip_endpoint("10.0.0.7")->address == "10.0.0.7");
  CHECK_FALSE(kit::parse_ip_endpoint("10.0.0.7")->port);
  CHECK_FALSE(kit::parse_ip_endpoint("10.0.0.7:http"));
}
