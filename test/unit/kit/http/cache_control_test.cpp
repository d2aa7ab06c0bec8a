#include <kit/http/cache_control.hpp>

#include <chrono>

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using kit::http::cache_control;
using kit::http::headers;

TEST_CASE("cache_control: what all fields say together") {
  const auto c = cache_control::of(headers{{"Cache-Control", "Max-Age=60, PRIVATE"},
                                           {"cache-control", "s-maxage=\"5\" , no-cache=\"a, b\""},
                                           {"Age", "7"}});
  CHECK(c == cache_control{
                 .no_cache = true, .is_private = true, .max_age = 60s, .s_maxage = 5s, .age = 7s});
  CHECK(
      cache_control::of(headers{{"Cache-Control", "no-store,must-revalidate, proxy-revalidate"}}) ==
      cache_control{.no_store = true, .must_revalidate = true, .proxy_revalidate = true});
  CHECK(cache_control::of(headers{}) == cache_control{});
}

TEST_CASE("cache_control: numbers that are none, or too large, or said twice") {
  const auto max_age = [](const char* value) {
    return cache_control::of(headers{{"Cache-Control", value}}).max_age;
  };
  CHECK(max_age("max-age=1, max-age=2") == 1s);
  CHECK(max_age("max-age=99999999999999999999") == std::chrono::seconds(std::int64_t{1} << 31));
  for (const char* none :
       {"max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=\"", "max-age=x"}) {
    CAPTURE(none);
    CHECK(max_age(none) == 0s);
  }
  CHECK_FALSE(max_age("max-ages=1, xmax-age=1"));
  CHECK(cache_control::of(headers{{"Age", "old"}}).age == 0s);
}
