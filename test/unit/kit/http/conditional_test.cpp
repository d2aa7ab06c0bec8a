#include <kit/http/conditional.hpp>

#include <chrono>
#include <string>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace http = kit::http;
using namespace std::chrono_literals;
using http::entity_tag;
using http::headers;
using http::method;
using http::precondition;
using http::validators;
using outcome = http::precondition::outcome;

namespace {

constexpr std::chrono::sys_seconds modified =
    std::chrono::sys_days(std::chrono::year(1994) / 11 / 6) + 8h + 49min + 37s;
constexpr std::chrono::sys_seconds now = modified + 24h;
constexpr const char* before = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr const char* same = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr const char* after = "Sun, 06 Nov 1994 08:49:38 GMT";

const validators strong{entity_tag{"v7"}, modified};
const validators weak{entity_tag{"v7", true}, modified};
const validators none{};
const validators missing{.exists = false};

outcome what(const method& m, const headers& fields, const validators& current = strong) {
  return http::evaluate_preconditions(m, fields, current, now).what;
}
bool ranged(const headers& fields, const validators& current = strong) {
  return http::evaluate_preconditions(method::get, fields, current, now).range_applies;
}

}  // namespace

TEST_CASE("entity_tag: is written and read") {
  CHECK(entity_tag{"v7"}.str() == "\"v7\"");
  CHECK(entity_tag{"", true}.str() == "W/\"\"");
  for (const char* text : {"\"v7\"", "W/\"v7\"", "\"\"", "\"a,b\\c'\xc3\xa4\""}) {
    CAPTURE(text);
    REQUIRE(entity_tag::parse(text));
    CHECK(entity_tag::parse(text)->str() == text);
  }
  for (const char* bad : {"", "v7", "\"", "\"v7", "v7\"", "w/\"v7\"", "W/v7", "W/ \"v7\"",
                          "\"v7\" ", " \"v7\"", "\"a b\"", "\"a\"b\"", "\"\x7f\"", "*"}) {
    CAPTURE(bad);
    CHECK_FALSE(entity_tag::parse(bad));
  }
  for (const char* bad : {"a\"b", "a b", "\r\n", "\x7f"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS((void)entity_tag{bad}.str(), kit::error);
  }
}

TEST_CASE("entity_tag: the comparisons of RFC 9110 8.8.3.2") {
  const entity_tag one{"1"}, two{"2"}, weak_one{"1", true};
  CHECK_FALSE(http::strong_equal(weak_one, weak_one));
  CHECK(http::weak_equal(weak_one, weak_one));
  CHECK_FALSE(http::weak_equal(weak_one, two));
  CHECK_FALSE(http::strong_equal(weak_one, one));
  CHECK_FALSE(http::strong_equal(one, weak_one));
  CHECK(http::weak_equal(weak_one, one));
  CHECK(http::strong_equal(one, one));
  CHECK_FALSE(http::strong_equal(one, two));
}

TEST_CASE("conditional: If-Match compares strongly, and fails with 412") {
  CHECK(what(method::put, {{"If-Match", "\"v7\""}}) == outcome::proceed);
  CHECK(what(method::put, {{"If-Match", "\"v6\", \"v7\""}}) == outcome::proceed);
  CHECK(what(method::put, {{"If-Match", ",\"v6\" ,\t\"v7\","}}) == outcome::proceed);
  CHECK(what(method::put, {{"If-Match", "\"v6\""}, {"If-Match", "\"v7\""}}) == outcome::proceed);
  CHECK(what(method::put, {{"If-Match", "*"}}) == outcome::proceed);
  CHECK(what(method::put, {{"If-Match", "*"}}, none) == outcome::proceed);
  CHECK(what(method::get, {{"If-Match", "\"v6\""}}) == outcome::failed);
  CHECK(what(method::put, {{"If-Match", "W/\"v7\""}}) == outcome::failed);
  CHECK(what(method::put, {{"If-Match", "\"v7\""}}, weak) == outcome::failed);
  CHECK(what(method::put, {{"If-Match", "\"v7\""}}, none) == outcome::failed);
  CHECK(what(method::put, {{"If-Match", "*"}}, missing) == outcome::failed);
  CHECK(what(method::put, {{"If-Match", ""}}) == outcome::failed);
  CHECK(what(method::put, {{"If-Match", "v6, \"v7\""}}) == outcome::failed);  // malformed
  CHECK(what(method::put, {{"If-Match", "\"v6\" \"v7\""}}) == outcome::failed);
}

TEST_CASE("conditional: If-Unmodified-Since counts without If-Match only") {
  CHECK(what(method::put, {{"If-Unmodified-Since", before}}) == outcome::failed);
  CHECK(what(method::get, {{"If-Unmodified-Since", before}}) == outcome::failed);
  CHECK(what(method::put, {{"If-Unmodified-Since", same}}) == outcome::proceed);
  CHECK(what(method::put, {{"If-Unmodified-Since", after}}) == outcome::proceed);
  CHECK(what(method::put, {{"If-Unmodified-Since", before}}, none) == outcome::proceed);
  CHECK(what(method::put, {{"If-Unmodified-Since", "yesterday"}}) == outcome::proceed);
  CHECK(what(method::put, {{"If-Unmodified-Since", before}, {"If-Unmodified-Since", before}}) ==
        outcome::proceed);
  CHECK(what(method::put, {{"If-Match", "\"v7\""}, {"If-Unmodified-Since", before}}) ==
        outcome::proceed);
}

TEST_CASE("conditional: If-None-Match compares weakly: 304 for GET and HEAD, else 412") {
  for (const auto* current : {&strong, &weak}) {
    for (const char* tag : {"\"v7\"", "W/\"v7\"", "\"v6\", W/\"v7\"", "*"}) {
      CAPTURE(tag);
      CHECK(what(method::get, {{"If-None-Match", tag}}, *current) == outcome::not_modified);
      CHECK(what(method::head, {{"If-None-Match", tag}}, *current) == outcome::not_modified);
      CHECK(what(method::put, {{"If-None-Match", tag}}, *current) == outcome::failed);
    }
  }
  CHECK(what(method::get, {{"If-None-Match", "\"v6\""}}) == outcome::proceed);
  CHECK(what(method::put, {{"If-None-Match", "*"}}, missing) == outcome::proceed);
  CHECK(what(method::put, {{"If-None-Match", "*"}}, none) == outcome::failed);
  CHECK(what(method::get, {{"If-None-Match", "v7"}}) == outcome::proceed);
}

TEST_CASE("conditional: If-Modified-Since counts for reading, without If-None-Match") {
  CHECK(what(method::get, {{"If-Modified-Since", same}}) == outcome::not_modified);
  CHECK(what(method::head, {{"If-Modified-Since", after}}) == outcome::not_modified);
  CHECK(what(method::get, {{"If-Modified-Since", before}}) == outcome::proceed);
  CHECK(what(method::post, {{"If-Modified-Since", same}}) == outcome::proceed);
  CHECK(what(method::get, {{"If-Modified-Since", same}}, none) == outcome::proceed);
  CHECK(what(method::get, {{"If-Modified-Since", "x"}}) == outcome::proceed);
  CHECK(what(method::get, {{"If-None-Match", "\"v6\""}, {"If-Modified-Since", same}}) ==
        outcome::proceed);
}

TEST_CASE("conditional: the order of RFC 9110 13.2.2: If-Match goes before If-None-Match") {
  CHECK(what(method::get, {{"If-None-Match", "\"v7\""}, {"If-Match", "\"v6\""}}) ==
        outcome::failed);
  CHECK(what(method::get, {{"If-None-Match", "\"v7\""}, {"If-Match", "\"v7\""}}) ==
        outcome::not_modified);
  CHECK(what(method::get, {{"If-Modified-Since", same}, {"If-Unmodified-Since", before}}) ==
        outcome::failed);
}

TEST_CASE("conditional: Range applies to GET, when If-Range is missing or true") {
  CHECK(ranged({{"Range", "bytes=0-"}}));
  CHECK_FALSE(ranged({}));
  CHECK_FALSE(ranged({{"If-Range", "\"v7\""}}));
  CHECK_FALSE(http::evaluate_preconditions(method::head, {{"Range", "bytes=0-"}}, strong, now)
                  .range_applies);
  CHECK_FALSE(ranged({{"Range", "bytes=0-"}}, missing));
  const auto if_range = [](const char* value, const validators& current = strong) {
    return ranged({{"Range", "bytes=0-"}, {"If-Range", value}}, current);
  };
  CHECK(if_range("\"v7\""));
  CHECK_FALSE(if_range("\"v6\""));
  CHECK_FALSE(if_range("W/\"v7\""));
  CHECK_FALSE(if_range("\"v7\"", weak));
  CHECK_FALSE(if_range("\"v7\", \"v6\""));
  CHECK(if_range(same));
  CHECK_FALSE(if_range(before));
  CHECK_FALSE(if_range(after));
  CHECK_FALSE(if_range(same, none));
  CHECK_FALSE(if_range("x"));
  CHECK_FALSE(http::evaluate_preconditions(method::get, {{"Range", "bytes=0-"}, {"If-Range", same}},
                                           strong, modified)
                  .range_applies);
  CHECK_FALSE(ranged({{"Range", "bytes=0-"}, {"If-None-Match", "\"v7\""}}));
}

TEST_CASE("conditional: the fields of a response") {
  headers fields{{"ETag", "\"old\""}};
  http::set_validators(fields, weak);
  CHECK(fields == headers{{"ETag", "W/\"v7\""}, {"Last-Modified", same}});
  http::set_validators(fields, none);
  CHECK(fields.size() == 2);
}
