#include <kit/http/cookie.hpp>

#include <chrono>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace http = kit::http;
using namespace std::chrono;
using namespace std::chrono_literals;
using http::set_cookie;

namespace {

constexpr sys_seconds example = sys_days(1994y / November / 6) + 8h + 49min + 37s;

/// What `str` throws, or "" when it does not.
std::string refusal(const set_cookie& c) {
  try {
    (void)c.str();
    return "";
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::invalid_argument);
    return e.what();
  }
}

set_cookie with(const std::function<void(set_cookie&)>& change) {
  set_cookie c{.name = "id", .value = "7"};
  change(c);
  return c;
}

}  // namespace

TEST_CASE("cookie: the cookies of all lines come in their order") {
  const http::headers fields{{"Cookie", "a=1; b=2;c = x y "}, {"Host", "h"}, {"cookie", "a=3"}};
  CHECK(http::cookies(fields) ==
        std::vector<http::cookie>{{"a", "1"}, {"b", "2"}, {"c", "x y"}, {"a", "3"}});
  CHECK(http::find_cookie(fields, "a") == "1");
  CHECK(http::find_cookie(fields, "c") == "x y");
  CHECK_FALSE(http::find_cookie(fields, "A"));
  CHECK_FALSE(http::find_cookie(fields, "d"));
  CHECK(http::cookies({}).empty());
  CHECK_FALSE(http::find_cookie({}, "a"));
}

TEST_CASE("cookie: pairs without a name or = are left out, values are as they were sent") {
  const http::headers fields{{"Cookie", "; ;flag; =x; q=\"1\"; e=; f==a=b; %41=%20;"}};
  CHECK(http::cookies(fields) ==
        std::vector<http::cookie>{{"q", "\"1\""}, {"e", ""}, {"f", "=a=b"}, {"%41", "%20"}});
  CHECK_FALSE(http::find_cookie(fields, ""));
  CHECK_FALSE(http::find_cookie(fields, "flag"));
  CHECK(http::find_cookie(fields, "e") == "");
}

TEST_CASE("cookie: quotes do not hide a separator") {
  const http::headers fields{{"Cookie", "a=\"x; b=y\"; c=z"}};
  CHECK(http::find_cookie(fields, "a") == "\"x");
  CHECK(http::find_cookie(fields, "b") == "y\"");
}

TEST_CASE("set_cookie: is written with its attributes") {
  CHECK(set_cookie{.name = "id", .value = "7"}.str() == "id=7");
  CHECK(set_cookie{.name = "id"}.str() == "id=");
  CHECK(set_cookie{.name = "id", .value = "\"7\""}.str() == "id=\"7\"");
  CHECK(set_cookie{.name = "id",
                   .value = "7",
                   .domain = ".Example.com",
                   .path = "/a b",
                   .expires = example,
                   .max_age = 60s,
                   .secure = true,
                   .http_only = true,
                   .partitioned = true,
                   .same_site = http::same_site::none}
            .str() ==
        "id=7; Domain=Example.com; Path=/a b; Expires=Sun, 06 Nov 1994 08:49:37 GMT; Max-Age=60; "
        "Secure; HttpOnly; Partitioned; SameSite=None");
  CHECK(with([](auto& c) { c.max_age = -5s; }).str() == "id=7; Max-Age=0");
  CHECK(with([](auto& c) { c.same_site = http::same_site::lax; }).str() == "id=7; SameSite=Lax");
  CHECK(with([](auto& c) { c.domain = "10.0.0.7"; }).str() == "id=7; Domain=10.0.0.7");
}

TEST_CASE("set_cookie: what browsers would drop or misread is refused, and named") {
  CHECK(refusal(with([](auto& c) { c.name = ""; })) == "cookie '': the name is not a token");
  CHECK(refusal(with([](auto& c) { c.name = "a\nb"; })) == "cookie 'a?b': the name is not a token");
  CHECK(refusal(with([](auto& c) { c.name = "a=b"; })) != "");
  for (const char* bad : {"a;b", "a,b", "a b", "a\\b", "a\"b", "\"", "\"a", "\"a\"b\"", "\r\nX: y",
                          "\x7f", "\xc3\xa4"}) {
    CAPTURE(bad);
    CHECK(refusal(with([&](auto& c) { c.value = bad; })) ==
          "cookie 'id': the value holds a character that must be encoded");
  }
  for (const char* bad : {".", "a..b", "-a", "a-", "a b", "a;b", "a_b", "::1", "a:80"}) {
    CAPTURE(bad);
    CHECK(refusal(with([&](auto& c) { c.domain = bad; })) ==
          "cookie 'id': the domain is no host name");
  }
  for (const char* bad : {"a", "/a;b", "/\n", "/\xc3\xa4"}) {
    CAPTURE(bad);
    CHECK(refusal(with([&](auto& c) { c.path = bad; })) == "cookie 'id': the path is malformed");
  }
  CHECK(refusal(with([](auto& c) { c.path = "/" + std::string(1023, 'a'); })) == "");
  CHECK(refusal(with([](auto& c) { c.path = "/" + std::string(1024, 'a'); })) != "");
  CHECK(refusal(with([](auto& c) { c.value = std::string(4094, 'a'); })) == "");
  CHECK(refusal(with([](auto& c) { c.value = std::string(4095, 'a'); })) != "");
  CHECK(refusal(with([](auto& c) { c.expires = sys_days(1600y / 12 / 31); })) != "");
  CHECK(refusal(with([](auto& c) { c.expires = sys_days(1601y / 1 / 1); })) == "");
  CHECK(refusal(with([](auto& c) { c.expires = sys_days(10000y / 1 / 1); })) != "");
  CHECK(refusal(with([](auto& c) { c.same_site = http::same_site::none; })) ==
        "cookie 'id': SameSite=None needs Secure");
  CHECK(refusal(with([](auto& c) { c.partitioned = true; })) ==
        "cookie 'id': Partitioned needs Secure");
}

TEST_CASE("set_cookie: the prefixes of names are kept to, in any case") {
  set_cookie c{.name = "__secure-id"};
  CHECK(refusal(c) == "cookie '__secure-id': the prefix of its name needs Secure");
  c.secure = true;
  CHECK(refusal(c) == "");
  c = {.name = "__Host-id", .secure = true};
  CHECK(refusal(c) == "cookie '__Host-id': the prefix of its name needs the path /");
  c.path = "/";
  CHECK(c.str() == "__Host-id=; Path=/; Secure");
  c.domain = "example.com";
  CHECK(refusal(c) == "cookie '__Host-id': the prefix of its name forbids Domain");
  c = {.name = "__Host-Http-id", .path = "/", .secure = true};
  CHECK(refusal(c) == "cookie '__Host-Http-id': the prefix of its name needs HttpOnly");
  c.http_only = true;
  CHECK(refusal(c) == "");
  c = {.name = "__Http-id", .http_only = true};
  CHECK(refusal(c) == "cookie '__Http-id': the prefix of its name needs Secure");
}

TEST_CASE("set_cookie: adding and removing") {
  http::headers fields{{"Set-Cookie", "a=1"}};
  http::add_cookie(fields, {.name = "b", .value = "2"});
  http::add_cookie(fields, http::removed_cookie("c", "/x", "example.com"));
  http::add_cookie(fields, http::removed_cookie("__Host-d"));
  http::add_cookie(fields, http::removed_cookie("__Http-e"));
  CHECK(fields.get_all("set-cookie") ==
        std::vector<std::string_view>{
            "a=1", "b=2",
            "c=; Domain=example.com; Path=/x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0",
            "__Host-d=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure",
            "__Http-e=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly"});
  CHECK_FALSE(http::removed_cookie("__x").secure);
  CHECK(http::removed_cookie("__Secure-x").secure);
  CHECK_THROWS_AS(http::add_cookie(fields, {.name = " "}), kit::error);
  CHECK(fields.size() == 5);
}

TEST_CASE("parse_set_cookie: reads back what was written") {
  const set_cookie all{.name = "id",
                       .value = "a=b",
                       .domain = "example.com",
                       .path = "/x",
                       .expires = example,
                       .max_age = 60s,
                       .secure = true,
                       .http_only = true,
                       .partitioned = true,
                       .same_site = http::same_site::strict};
  CHECK(http::parse_set_cookie(all.str()) == all);
  const set_cookie plain{.name = "id"};
  CHECK(http::parse_set_cookie(plain.str()) == plain);
}

TEST_CASE("parse_set_cookie: is lenient with attributes, and the last counts") {
  const auto c = http::parse_set_cookie(
      " id = \"7\" ;; DOMAIN=.EXAMPLE.com; path=x; max-age=1; Max-Age = 2 ; max-age=x; max-age; "
      "expires=yesterday; samesite=LAX; samesite=other; secure=no; Future=1; HttpOnly");
  REQUIRE(c);
  CHECK(*c == set_cookie{.name = "id",
                         .value = "\"7\"",
                         .domain = "example.com",
                         .max_age = 2s,
                         .secure = true,
                         .http_only = true});
  CHECK(http::parse_set_cookie("a=1; Path=/x; Path")->path == "");
  CHECK(http::parse_set_cookie("a=1; Max-Age=-10")->max_age == -10s);
  CHECK(http::parse_set_cookie("a=1; Max-Age=99999999999999999999999")->max_age > 24h * 400);
  CHECK(http::parse_set_cookie("a=1; Max-Age=-99999999999999999999999")->max_age < 0s);
  CHECK_FALSE(http::parse_set_cookie("a=1; Max-Age=+1")->max_age);
  CHECK_FALSE(http::parse_set_cookie("a=1; Max-Age=-")->max_age);
  CHECK(http::parse_set_cookie("a=1; Path=/" + std::string(2000, 'x'))->path == "");
}

TEST_CASE("parse_set_cookie: what browsers ignore wholly is nothing") {
  for (const char* bad : {"", ";", "=", "=7", "flag", "flag; Path=/", "a=1\n", "a=\x01", "a=1;\x7f",
                          "__Secure-a=1", "__Host-a=1; Secure", "__host-a=1; Path=/",
                          "__Host-a=1; Secure; Path=/; Domain=x.com", "__Http-a=1; Secure"}) {
    CAPTURE(bad);
    CHECK_FALSE(http::parse_set_cookie(bad));
  }
  CHECK(http::parse_set_cookie("__Host-a=1; Secure; Path=/; Domain="));
  CHECK(http::parse_set_cookie("a=" + std::string(4095, 'x')));
  CHECK_FALSE(http::parse_set_cookie("a=" + std::string(4096, 'x')));
}

TEST_CASE("parse_cookie_date: the forms that are about") {
  for (const char* good :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "6 november 1994 8:49:37", "08:49:37 1994 06 NOV",
        "94 nov 1994 08:49:37 06", "06-Nov-94 08:49:37", "Sun,06/Nov/1994/08:49:37.5"}) {
    CAPTURE(good);
    const bool day_first = std::string_view(good).starts_with("94");
    CHECK((http::parse_cookie_date(good) == example) == !day_first);
  }
  CHECK(http::parse_cookie_date("1 jan 69 00:00:00") == sys_days(2069y / 1 / 1));
  CHECK(http::parse_cookie_date("1 jan 70 00:00:00") == sys_days(1970y / 1 / 1));
  CHECK(http::parse_cookie_date("1 jan 1601 00:00:00") == sys_days(1601y / 1 / 1));
}

TEST_CASE("parse_cookie_date: what lacks a part or is no date is nothing") {
  for (const char* bad :
       {"", "yesterday", "06 Nov 1994", "Nov 1994 08:49:37", "06 1994 08:49:37", "06 Nov 08:49:37",
        "31 Feb 1994 08:49:37", "00 Nov 1994 08:49:37", "06 Nov 1600 08:49:37",
        "06 Nov 1994 24:00:00", "06 Nov 1994 08:60:00", "06 Nov 1994 08:49:60", "06 Nov 1994 08:49",
        "06 Nov 19945 08:49:37", "06 Nov 1994 008:49:37", "06 Nov 1994 08:49:370"}) {
    CAPTURE(bad);
    CHECK_FALSE(http::parse_cookie_date(bad));
  }
}
