#include <kit/http/url.hpp>

#include <doctest/doctest.h>

using kit::http::url;

TEST_CASE("url: all its parts") {
  const auto u = url::parse("HTTPS://me:pw@Example.COM:8443/a/b%20c?x=1&y#frag?/");
  REQUIRE(u.has_value());
  CHECK(u->scheme == "https");
  CHECK(u->userinfo == "me:pw");
  CHECK(u->host == "example.com");
  CHECK(u->port == 8443);
  CHECK(u->path == "/a/b%20c");
  CHECK(u->query == "x=1&y");
  CHECK(u->fragment == "frag?/");
  CHECK(u->authority() == "example.com:8443");
  CHECK(u->target() == "/a/b%20c?x=1&y");
  CHECK(u->str() == "https://me:pw@example.com:8443/a/b%20c?x=1&y#frag?/");
}

TEST_CASE("url: what is missing has its default") {
  const auto u = url::parse("http://a");
  REQUIRE(u.has_value());
  CHECK(u->path == "/");
  CHECK(u->target() == "/");
  CHECK(u->effective_port() == 80);
  CHECK(url::parse("https://a:/?").value().effective_port() == 443);
  CHECK(url::parse("https://a:/?").value().query == "");
  CHECK(url::parse("http://a?q").value().target() == "/?q");
  CHECK(url::parse("nats://a").value().effective_port() == 0);
  CHECK(url::parse("http://a:80/").value().authority() == "a");
  CHECK(url::parse("http://a:0/").value().authority() == "a:0");
}

TEST_CASE("url: an IPv6 host loses its brackets and gets them back") {
  const auto u = url::parse("http://[::1]:8080/");
  REQUIRE(u.has_value());
  CHECK(u->host == "::1");
  CHECK(u->is_ipv6());
  CHECK(u->authority() == "[::1]:8080");
  CHECK(u->str() == "http://[::1]:8080/");
}

TEST_CASE("url: what is wrong is said with its offset, without the text") {
  const auto message = [](std::string_view text) {
    const auto u = url::parse(text);
    return u ? std::string("accepted") : std::string(u.error().message());
  };
  CHECK(message("") == "url: no scheme such as http:// at byte 0");
  CHECK(message("/a") == "url: no scheme such as http:// at byte 0");
  CHECK(message("1http://a") == "url: no scheme such as http:// at byte 0");
  CHECK(message("ht tp://a") == "url: no scheme such as http:// at byte 0");
  CHECK(message("http:///a") == "url: invalid host or port at byte 7");
  CHECK(message("http://a b/") == "url: invalid host or port at byte 7");
  CHECK(message("http://:80/") == "url: invalid host or port at byte 7");
  CHECK(message("http://a:70000/") == "url: invalid host or port at byte 7");
  CHECK(message("http://me@[::1/") == "url: invalid host or port at byte 10");
  CHECK(message("http://m e@a/") == "url: invalid user information at byte 7");
  CHECK(message("http://a@b@c/") == "url: invalid user information at byte 7");
  CHECK(message("http://a/b c") == "url: invalid character or percent-encoding at byte 10");
  CHECK(message("http://a/%4") == "url: invalid character or percent-encoding at byte 9");
  CHECK(message("http://a/?q=%zz") == "url: invalid character or percent-encoding at byte 12");
  CHECK(message("http://a/#\r\n") ==
        "url: invalid character or percent-encoding in the fragment at byte 10");
  CHECK(message(std::string_view("http://a\0b/", 11)) == "url: invalid host or port at byte 7");
}
