#include <kit/network.hpp>

#include <doctest/doctest.h>

using kit::host_port;
using kit::parse_address;

TEST_CASE("parse_address: splits host and port") {
  CHECK(parse_address("example.org:80") == host_port{"example.org", 80});
  CHECK(parse_address("10.0.0.7:65535") == host_port{"10.0.0.7", 65535});
  CHECK(parse_address("[::1]:8080") == host_port{"::1", 8080});
  CHECK(parse_address(":0") == host_port{"", 0});
}

TEST_CASE("to_address: is the other way round") {
  for (const host_port& parts : {host_port{"example.org", 80}, host_port{"10.0.0.7", 65535},
                                 host_port{"::1", 8080}, host_port{"", 0}}) {
    CAPTURE(parts.host);
    CHECK(parse_address(kit::to_address(parts.host, parts.port)) == parts);
  }
  CHECK(kit::to_address("::1", 80) == "[::1]:80");
}

TEST_CASE("parse_address: says what is wrong") {
  using namespace std::string_view_literals;
  for (const auto wrong : {""sv, "host"sv, "host:"sv, "host:http"sv, "host:65536"sv, "host:-1"sv,
                           "host: 80"sv, "host:80 "sv, "::1:80"sv, "[::1:80"sv, "[]:80"sv,
                           "a b:80"sv, "a\0b:80"sv, "http://host:80"sv, "host/x:80"sv, "a]:80"sv}) {
    CAPTURE(wrong);
    const auto r = parse_address(wrong);
    REQUIRE_FALSE(r);
    CHECK(r.error() == kit::errc::invalid_argument);
    CHECK(r.error().message().starts_with("address '"));
  }
}
