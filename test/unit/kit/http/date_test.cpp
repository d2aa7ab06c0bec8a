#include <kit/http/date.hpp>

#include <chrono>
#include <string>

#include <doctest/doctest.h>

namespace http = kit::http;
using namespace std::chrono;
using namespace std::chrono_literals;

namespace {

constexpr sys_seconds example = sys_days(1994y / November / 6) + 8h + 49min + 37s;
constexpr sys_seconds now = sys_days(2026y / March / 1);

std::string format(sys_seconds t) {
  return std::string(http::to_view(http::format_date(t)));
}

}  // namespace

TEST_CASE("date: the example of RFC 9110 5.6.7, in all three forms") {
  CHECK(format(example) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http::parse_date("Sun, 06 Nov 1994 08:49:37 GMT", now) == example);
  CHECK(http::parse_date("Sunday, 06-Nov-94 08:49:37 GMT", now) == example);
  CHECK(http::parse_date("Sun Nov  6 08:49:37 1994", now) == example);
  CHECK(http::parse_date("Sun Nov 16 08:49:37 1994", now) == example + days(10));
}

TEST_CASE("date: formatting and parsing agree on every day of a leap-year cycle") {
  for (auto t = sys_seconds(sys_days(1896y / January / 1)); t < sys_days(2105y / January / 1);
       t += days(1) + 3h + 7min + 11s) {
    REQUIRE(http::parse_date(format(t), now) == t);
  }
  CHECK(format(sys_seconds()) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(format(sys_days(2024y / February / 29)) == "Thu, 29 Feb 2024 00:00:00 GMT");
}

TEST_CASE("date: years that four digits cannot hold are clamped") {
  CHECK(format(sys_days(12000y / January / 1)) == "Fri, 31 Dec 9999 23:59:59 GMT");
  CHECK(format(sys_seconds(sys_days(year(-5) / 1 / 1))) == "Sat, 01 Jan 0000 00:00:00 GMT");
}

TEST_CASE("date: two digits of a year are at most 50 years ahead") {
  const auto year_of = [](const char* text) {
    return static_cast<int>(year_month_day(floor<days>(*http::parse_date(text, now))).year());
  };
  CHECK(year_of("Sunday, 01-Jan-76 00:00:00 GMT") == 2076);
  CHECK(year_of("Sunday, 01-Jan-77 00:00:00 GMT") == 1977);
  CHECK(year_of("Sunday, 01-Jan-25 00:00:00 GMT") == 2025);
}

TEST_CASE("date: a leap second is the second before") {
  CHECK(http::parse_date("Sat, 31 Dec 2016 23:59:60 GMT", now) ==
        http::parse_date("Sat, 31 Dec 2016 23:59:59 GMT", now));
}

TEST_CASE("date: anything else is refused") {
  for (const char* bad : {"",
                          "Sun",
                          "Sun, 06 Nov 1994 08:49:37",
                          "Sun, 06 Nov 1994 08:49:37 UTC",
                          "Sun, 06 Nov 1994 08:49:37 GMT ",
                          " Sun, 06 Nov 1994 08:49:37 GMT",
                          "sun, 06 Nov 1994 08:49:37 GMT",
                          "Sun, 06 nov 1994 08:49:37 GMT",
                          "Sun, 6 Nov 1994 08:49:37 GMT",
                          "Sun, 31 Feb 1994 08:49:37 GMT",
                          "Sun, 00 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 24:00:00 GMT",
                          "Sun, 06 Nov 1994 08:60:37 GMT",
                          "Sun, 06 Nov 1994 08:49:61 GMT",
                          "Sun, 06 ovD 1994 08:49:37 GMT",
                          "Sun, 06-Nov-94 08:49:37 GMT",
                          "Sunday, 06 Nov 1994 08:49:37 GMT",
                          "Sun Nov 6 08:49:37 1994",
                          "Sun Nov  6 08:49:37 1994 GMT",
                          "Xyz, 06 Nov 1994 08:49:37 GMT",
                          "Sun, -6 Nov 1994 08:49:37 GMT",
                          "Sun, 06 Nov +994 08:49:37 GMT"}) {
    CAPTURE(bad);
    CHECK_FALSE(http::parse_date(bad, now));
  }
}
