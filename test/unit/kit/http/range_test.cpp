#include <kit/http/range.hpp>

#include <string>

#include <doctest/doctest.h>

namespace http = kit::http;
using http::byte_range;
using http::content_range;
using outcome = http::range_set::outcome;
using ranges = std::vector<byte_range>;

namespace {

ranges satisfiable(std::string_view value, std::uint64_t size = 1000) {
  const auto set = http::parse_range(value, size);
  CHECK((set.what == outcome::partial) == !set.ranges.empty());
  return set.ranges;
}
outcome what(std::string_view value, std::uint64_t size = 1000) {
  return http::parse_range(value, size).what;
}

}  // namespace

TEST_CASE("range: the forms of RFC 9110 14.1.2") {
  CHECK(satisfiable("bytes=0-499") == ranges{{0, 499}});
  CHECK(satisfiable("bytes=500-999") == ranges{{500, 999}});
  CHECK(satisfiable("bytes=-500") == ranges{{500, 999}});
  CHECK(satisfiable("bytes=950-") == ranges{{950, 999}});
  CHECK(satisfiable("bytes=0-0,-1") == ranges{{0, 0}, {999, 999}});
  CHECK(satisfiable("bytes= 0-99, 500-599 ,,\t-100") == ranges{{0, 99}, {500, 599}, {900, 999}});
  CHECK(satisfiable("Bytes=0-1") == ranges{{0, 1}});
  CHECK(byte_range{3, 7}.size() == 5);
}

TEST_CASE("range: ranges are cut to the content, those behind its end are left out") {
  CHECK(satisfiable("bytes=0-1000") == ranges{{0, 999}});
  CHECK(satisfiable("bytes=-2000") == ranges{{0, 999}});
  CHECK(satisfiable("bytes=999-99999999999999999999999999") == ranges{{999, 999}});
  CHECK(satisfiable("bytes=-99999999999999999999999999") == ranges{{0, 999}});
  CHECK(satisfiable("bytes=1000-,5-6") == ranges{{5, 6}});
  CHECK(satisfiable("bytes=0-", UINT64_MAX) == ranges{{0, UINT64_MAX - 1}});
  CHECK(satisfiable("bytes=0-18446744073709551615", UINT64_MAX) == ranges{{0, UINT64_MAX - 1}});
  CHECK(satisfiable("bytes=-18446744073709551615", UINT64_MAX) == ranges{{0, UINT64_MAX - 1}});
}

TEST_CASE("range: when all lie outside, the field is unsatisfiable") {
  CHECK(what("bytes=1000-") == outcome::unsatisfiable);
  CHECK(what("bytes=1000-1001,2000-") == outcome::unsatisfiable);
  CHECK(what("bytes=-0") == outcome::unsatisfiable);
  CHECK(what("bytes=99999999999999999999999-") == outcome::unsatisfiable);
  CHECK(http::unsatisfied_range(1000) == "bytes */1000");
}

TEST_CASE("range: what is malformed, of another unit, or of nothing is ignored") {
  for (const char* bad : {"",
                          "bytes",
                          "bytes=",
                          "bytes=,",
                          "bytes =0-1",
                          "items=0-1",
                          "bytes=0",
                          "bytes=-",
                          "bytes=1-0",
                          "bytes=0-1-2",
                          "bytes=a-",
                          "bytes=-a",
                          "bytes=0-a",
                          "bytes=+0-1",
                          "bytes=0 - 1",
                          "bytes=0-1;2-3",
                          "bytes=0-1,x",
                          "bytes=--1",
                          "bytes=0x0-1",
                          "bytes=\"0-1\"",
                          "bytes=1001-1000",
                          "xbytes=0-1"}) {
    CAPTURE(bad);
    CHECK(what(bad) == outcome::whole);
  }
  CHECK(what("bytes=0-", 0) == outcome::whole);
  CHECK(what("bytes=-1", 0) == outcome::whole);
}

TEST_CASE("range: overlapping and touching ranges are made one") {
  CHECK(satisfiable("bytes=0-,0-,0-,0-") == ranges{{0, 999}});
  CHECK(satisfiable("bytes=0-4,5-9") == ranges{{0, 9}});
  CHECK(satisfiable("bytes=5-9,0-4") == ranges{{0, 9}});
  CHECK(satisfiable("bytes=0-4,6-9") == ranges{{0, 4}, {6, 9}});
  CHECK(satisfiable("bytes=900-,0-9,20-29,5-25") == ranges{{900, 999}, {0, 29}});
  CHECK(satisfiable("bytes=10-19,30-39,50-59,0-100,-1") == ranges{{0, 100}, {999, 999}});
}

TEST_CASE("range: a field with too many ranges is ignored") {
  std::string many = "bytes=0-0";
  for (int i = 1; i < 16; ++i)
    many += ',' + std::to_string(2 * i) + '-' + std::to_string(2 * i);
  CHECK(satisfiable(many).size() == 16);
  CHECK(what(many + ",40-40") == outcome::whole);
  CHECK(what(many + ",2000-") == outcome::whole);
  CHECK(http::parse_range("bytes=0-0,2-2", 10, {.max_ranges = 1}).what == outcome::whole);
  CHECK(http::parse_range("bytes=0-0", 10, {.max_ranges = 1}).what == outcome::partial);
}

TEST_CASE("content_range: is written and read") {
  for (const auto& r :
       {content_range{byte_range{0, 99}, 1000}, content_range{byte_range{5, 5}, 6},
        content_range{byte_range{0, 99}, std::nullopt}, content_range{std::nullopt, 0}}) {
    CAPTURE(r.str());
    CHECK(content_range::parse(r.str()) == r);
  }
  CHECK(content_range{byte_range{0, 99}, 1000}.str() == "bytes 0-99/1000");
  CHECK(content_range{byte_range{0, 99}, std::nullopt}.str() == "bytes 0-99/*");
  CHECK(content_range::parse("Bytes 1-2/3") == content_range{byte_range{1, 2}, 3});
}

TEST_CASE("content_range: what is malformed is nothing") {
  for (const char* bad : {"", "bytes", "bytes ", "bytes 0-1", "bytes */*", "bytes /5", "bytes 0-/5",
                          "bytes -1/5", "bytes 2-1/5", "bytes 0-5/5", "bytes 0-1/", "bytes 0-1/x",
                          "items 0-1/5", "bytes=0-1/5", "bytes 0-1/5 ", "bytes  0-1/5",
                          "bytes 0-99999999999999999999/*", "bytes 0-1/99999999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(content_range::parse(bad));
  }
}
