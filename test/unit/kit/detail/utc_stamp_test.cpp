#include <kit/detail/utc_stamp.hpp>

#include <chrono>

#include <doctest/doctest.h>

using kit::detail::stamp_form;
using kit::detail::utc_stamp;
using namespace std::chrono_literals;

TEST_CASE("utc_stamp: to the second, in both forms") {
  const std::chrono::system_clock::time_point t{1'440'938'160s + 999ms};
  CHECK(utc_stamp(t, stamp_form::basic) == "20150830T123600Z");
  CHECK(utc_stamp(t, stamp_form::extended) == "2015-08-30T12:36:00Z");
  CHECK(utc_stamp({}, stamp_form::extended) == "1970-01-01T00:00:00Z");
  CHECK(utc_stamp(std::chrono::system_clock::time_point(-1ms), stamp_form::extended) ==
        "1969-12-31T23:59:59Z");
}
