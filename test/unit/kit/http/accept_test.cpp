#include <kit/http/accept.hpp>

#include <array>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::headers;
using http::weighted;

namespace {

std::string encoding(const headers& fields, std::vector<std::string_view> offered) {
  return std::string(http::negotiate_encoding(fields, offered).value_or("none"));
}
std::string encoding(std::string_view accept,
                     std::vector<std::string_view> offered = {"br", "gzip"}) {
  return encoding(headers{{"Accept-Encoding", accept}}, std::move(offered));
}
std::string media(std::string_view accept, std::vector<std::string_view> offered) {
  const auto i = http::negotiate_media_type(headers{{"Accept", accept}}, offered);
  return i ? std::string(offered.at(*i)) : "none";
}

}  // namespace

TEST_CASE("parse_weighted: values with their weights") {
  CHECK(http::parse_weighted("da, en-gb;q=0.8 , en ; Q=0.7,*;q=0") ==
        std::vector<weighted>{{"da", 1000}, {"en-gb", 800}, {"en", 700}, {"*", 0}});
  CHECK(http::parse_weighted("a;q=1.000,b;q=0.001,c;q=1.,d;q=0.") ==
        std::vector<weighted>{{"a", 1000}, {"b", 1}, {"c", 1000}, {"d", 0}});
  CHECK(http::parse_weighted("text/html;level=1;q=0.4;ext=1, a/b;x=\";q=0.1,\"") ==
        std::vector<weighted>{{"text/html;level=1", 400}, {"a/b;x=\";q=0.1,\"", 1000}});
  CHECK(http::parse_weighted(" , ").empty());
}

TEST_CASE("parse_weighted: a malformed weight makes its member go") {
  for (const char* bad : {"a;q=", "a;q=2", "a;q=1.001", "a;q=0.0001", "a;q=-1", "a;q=.5", "a;q=0.x",
                          "a;q=00", "a;q=1 1", ";q=1"}) {
    CAPTURE(bad);
    CHECK(http::parse_weighted(bad).empty());
  }
  CHECK(http::parse_weighted("a;q=x, b").size() == 1);
}

TEST_CASE("accept-encoding: the greatest weight, then the server's order") {
  CHECK(encoding("gzip") == "gzip");
  CHECK(encoding("gzip, br") == "br");
  CHECK(encoding("gzip, br;q=0.9") == "gzip");
  CHECK(encoding("GZIP") == "gzip");
  CHECK(encoding("x-gzip") == "gzip");
  CHECK(encoding("x-br") == "identity");
  CHECK(encoding("gzip;q=0.001") == "gzip");
  CHECK(encoding("*") == "br");
  CHECK(encoding("br;q=0, *") == "gzip");
  CHECK(encoding("*;q=0.5, gzip;q=0.9") == "gzip");
  CHECK(encoding(headers{{"Accept-Encoding", "br;q=0.1"}, {"Accept-Encoding", "gzip"}},
                 {"br", "gzip"}) == "gzip");
}

TEST_CASE("accept-encoding: identity, unless something better is acceptable") {
  CHECK(encoding(headers{}, {"gzip"}) == "identity");
  CHECK(encoding("") == "identity");
  CHECK(encoding("deflate") == "identity");
  CHECK(encoding("gzip;q=0, br;q=0") == "identity");
  CHECK(encoding("gzip;q=0.5, identity;q=0.8") == "identity");
  CHECK(encoding("gzip;q=0.5, identity;q=0.5") == "gzip");
  CHECK(encoding("identity") == "identity");
  CHECK(encoding("*", {}) == "identity");
  CHECK(encoding("gzip;q=x") == "identity");
}

TEST_CASE("accept-encoding: nothing when identity is refused and nothing else fits") {
  CHECK(encoding("identity;q=0") == "none");
  CHECK(encoding("*;q=0") == "none");
  CHECK(encoding("deflate, *;q=0") == "none");
  CHECK(encoding("identity;q=0, gzip") == "gzip");
  CHECK(encoding("gzip, *;q=0") == "gzip");
  CHECK(encoding("identity;q=0.1, *;q=0") == "identity");
}

TEST_CASE("accept: the most specific member says the weight [RFC 9110 12.5.1]") {
  const char* accept =
      "text/*;q=0.3, text/html;q=0.7, text/html;level=1, text/html;level=2;q=0.4, */*;q=0.5";
  CHECK(media(accept, {"text/plain", "text/html"}) == "text/html");
  CHECK(media(accept, {"text/html", "text/html;level=1"}) == "text/html;level=1");
  CHECK(media(accept, {"text/html;level=2", "image/jpeg"}) == "image/jpeg");
  CHECK(media(accept, {"text/plain", "text/html;level=2"}) == "text/html;level=2");
  CHECK(media(accept, {"text/html;level=3", "image/jpeg"}) == "text/html;level=3");
}

TEST_CASE("accept: the server's order among equals, and what is refused") {
  CHECK(media("*/*", {"a/b", "c/d"}) == "a/b");
  CHECK(media("c/d, a/b", {"a/b", "c/d"}) == "a/b");
  CHECK(media("A/*", {"c/d", "a/b"}) == "a/b");
  CHECK(media("a/b;q=0, */*", {"a/b", "c/d"}) == "c/d");
  CHECK(media("a/b;q=0", {"a/b"}) == "none");
  CHECK(media("x/y", {"a/b"}) == "none");
  CHECK(media("a/b;q=0, a/b", {"a/b"}) == "none");  // the first counts
  CHECK(media("*/b", {"a/b"}) == "none");
  CHECK(media("text/html;charset=UTF-8", {"text/html; charset=utf-8"}) ==
        "text/html; charset=utf-8");
  CHECK(media("text/html;charset=latin1", {"text/html; charset=utf-8"}) == "none");
  CHECK(media("", {"a/b"}) == "a/b");
  CHECK(media("garbage", {"a/b"}) == "a/b");
  CHECK_FALSE(http::negotiate_media_type({}, {}));
  const std::array<std::string_view, 1> one{"a/b"};
  CHECK(http::negotiate_media_type({}, one) == 0);
}
