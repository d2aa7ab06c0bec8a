#include <kit/http/query.hpp>

#include <doctest/doctest.h>

namespace http = kit::http;
using params = std::vector<http::query_param>;

TEST_CASE("query: parameters come decoded and in order") {
  CHECK(http::parse_query("a=1&b=x+y%26z&a=2").value() ==
        params{{"a", "1"}, {"b", "x y&z"}, {"a", "2"}});
  CHECK(http::parse_query("").value().empty());
}

TEST_CASE("query: a part without = has an empty value, an empty part is none") {
  CHECK(http::parse_query("flag&&=v&a==b&").value() ==
        params{{"flag", ""}, {"", "v"}, {"a", "=b"}});
}

TEST_CASE("query: a malformed percent sign is an error that names its offset") {
  const auto r = http::parse_query("a=%41&b=x%4");
  REQUIRE_FALSE(r.has_value());
  CHECK(r.error() == kit::errc::invalid_argument);
  CHECK(r.error().message() == "query: malformed percent-encoding at byte 9");
  CHECK(http::parse_query("%zz=1").error().message() ==
        "query: malformed percent-encoding at byte 0");
}

TEST_CASE("query: one parameter is found by its decoded name") {
  CHECK(http::find_query("a=1&b=2", "b") == "2");
  CHECK(http::find_query("%61%20b=1", "a b") == "1");
  CHECK(http::find_query("a+b=1", "a b") == "1");
  CHECK(http::find_query("a%2Bb=1", "a+b") == "1");
  CHECK(http::find_query("flag", "flag") == "");
  CHECK(http::find_query_all("a=1&b=2&a=+3", "a") == std::vector<std::string>{"1", " 3"});
}

TEST_CASE("query: a name does not match itself undecoded") {
  CHECK(http::find_query("a+b=1", "a+b") == std::nullopt);
  CHECK(http::find_query("a%20b=1", "a%20b") == std::nullopt);
  CHECK(http::find_query("ab=1", "a") == std::nullopt);
  CHECK(http::find_query("", "a") == std::nullopt);
}

TEST_CASE("query: a malformed value throws when it is asked for, and only then") {
  CHECK(http::find_query("x=%&a=1", "a") == "1");
  CHECK(http::find_query("%=1&a=1", "a") == "1");
  CHECK_THROWS_AS(http::find_query("a=%", "a"), kit::error);
  CHECK_THROWS_AS(http::find_query_all("a=1&a=%f", "a"), kit::error);
}

TEST_CASE("query: what is built parses back") {
  http::query_builder b;
  b.add("q", "a b&c=d").add("", "").add("\xc3\xa4", "+~*");
  CHECK(b.str() == "q=a+b%26c%3Dd&=&%C3%A4=%2B%7E*");
  CHECK(http::parse_query(b.str()).value() ==
        params{{"q", "a b&c=d"}, {"", ""}, {"\xc3\xa4", "+~*"}});
  CHECK(http::query_builder().str() == "");
}
