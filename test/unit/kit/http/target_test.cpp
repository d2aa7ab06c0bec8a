#include <kit/http/target.hpp>

#include <string>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::method;
using http::target_form;

TEST_CASE("target: origin-form has a path and perhaps a query") {
  const auto t = http::parse_target(method::get, "/a/b?x=1?y");
  REQUIRE(t);
  CHECK(t->form == target_form::origin);
  CHECK(t->path == "/a/b");
  CHECK(t->query == "x=1?y");
  CHECK(http::parse_target(method::get, "/")->query == "");
  CHECK(http::parse_target(method::get, "//a")->path == "//a");
}

TEST_CASE("target: absolute-form has an http authority, too") {
  const auto t = http::parse_target(method::get, "HTTP://b.test:81/p?q");
  REQUIRE(t);
  CHECK(t->form == target_form::absolute);
  CHECK(t->authority == "b.test:81");
  CHECK(t->path == "/p");
  CHECK(t->query == "q");
  CHECK(http::parse_target(method::get, "https://a?q")->path == "");
  CHECK(http::parse_target(method::get, "http://[::1]")->authority == "[::1]");
}

TEST_CASE("target: authority-form is for CONNECT, the asterisk for OPTIONS") {
  CHECK(http::parse_target(method::connect, "a.test:443")->form == target_form::authority);
  CHECK(http::parse_target(method::options, "*")->form == target_form::asterisk);
  CHECK_FALSE(http::parse_target(method::get, "a.test:443"));
  CHECK_FALSE(http::parse_target(method::get, "*"));
  CHECK_FALSE(http::parse_target(method::connect, "/a"));
  CHECK_FALSE(http::parse_target(method::connect, "a.test"));
  CHECK_FALSE(http::parse_target(method::connect, ":443"));
  CHECK_FALSE(http::parse_target(method::connect, "http://a/"));
}

TEST_CASE("target: what has no form, or a character that must be encoded, is refused") {
  for (const char* bad : {"", "foo", "foo/bar", "/a b", "/a#b", "/a\"", "/<", "/\\", "/\x7f",
                          "/\xc3", "/a\r", "ftp://a/", "http://", "http:///p", "http://u@a/",
                          "http://a:x/", "http://[::1/", "http:/a", "://a"}) {
    CAPTURE(bad);
    CHECK_FALSE(http::parse_target(method::get, bad));
  }
  CHECK_FALSE(http::parse_target(method::get, std::string_view("/\0", 2)));
}

TEST_CASE("authority: host and port") {
  CHECK(http::parse_authority("a.test:8080")->port == 8080);
  CHECK(http::parse_authority("a.test:8080")->host == "a.test");
  CHECK(http::parse_authority("a:")->port == std::nullopt);
  CHECK(http::parse_authority("[::1]:80")->host == "[::1]");
  CHECK(http::parse_authority("[v1.a:b]")->host == "[v1.a:b]");
  CHECK(http::parse_authority("")->host == "");
  CHECK(http::parse_authority("a_b%20!$&'()*+,;=~")->host.size() == 18);
  CHECK(http::parse_authority("a:65535")->port == 65535);
}

TEST_CASE("authority: what is no host, or a port too large, is refused") {
  for (const char* bad : {"a b",
                          "a/b",
                          "u@a",
                          "[::1",
                          "[::1]x",
                          "[]",
                          "[a.test]",
                          "a:b",
                          "a:65536",
                          "a:80:80",
                          "a:-1",
                          "a\\b",
                          "<a>",
                          "a%2",
                          "a%zz",
                          "::1",
                          "[v.x]",
                          "[v1.]",
                          "[1.2.3.4]",
                          "a]",
                          "a:99999999999999999999",
                          "\xc3\xa4",
                          "a?",
                          "a#",
                          "[fe80::1%25eth0]",
                          "a\t"}) {
    CAPTURE(bad);
    CHECK_FALSE(http::parse_authority(bad));
  }
}

TEST_CASE("authority: IPv6 addresses are checked") {
  for (const char* good :
       {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1::8", "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::", "fe80::abcd:EF01", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4"}) {
    CAPTURE(good);
    CHECK(http::is_ipv6(good));
  }
  for (const char* bad : {"",
                          ":",
                          ":::",
                          "1",
                          "1:2:3:4:5:6:7",
                          "1:2:3:4:5:6:7:8:9",
                          "1::2::3",
                          "12345::",
                          "g::",
                          "1:2:3:4:5:6:7:8::",
                          ":1:2:3:4:5:6:7:8",
                          "1.2.3.4",
                          "::1.2.3",
                          "::1.2.3.256",
                          "::1.2.3.4.5",
                          "1:2:3:4:5:6:7:1.2.3.4",
                          "::01.2.3.4",
                          "1:",
                          "::1:",
                          "1.2.3.4::",
                          ":1::"}) {
    CAPTURE(bad);
    CHECK_FALSE(http::is_ipv6(bad));
  }
}

TEST_CASE("dot segments: they are removed as RFC 3986 5.2.4 shows") {
  const std::pair<const char*, const char*> cases[] = {
      {"/a/b/c/./../../g", "/a/g"},
      {"mid/content=5/../6", "mid/6"},
      {"/", "/"},
      {"", ""},
      {"/a/", "/a/"},
      {"/a//b", "/a//b"},
      {"/a//../b", "/a/b"},
      {"/..", "/"},
      {"/../../a", "/a"},
      {"/.", "/"},
      {"/./a", "/a"},
      {"/a/.", "/a/"},
      {"/a/..", "/"},
      {"/a/b/..", "/a/"},
      {"/a...", "/a..."},
      {"/...", "/..."},
      {"/%2e%2E/a", "/a"},
      {"/a/.%2e/b", "/b"},
      {"/a%2fb/..", "/"},
      {"/a/%2e%2e%2f", "/a/%2e%2e%2f"},
  };
  for (const auto& [path, expected] : cases) {
    CAPTURE(path);
    CHECK(http::remove_dot_segments(path) == expected);
  }
}
