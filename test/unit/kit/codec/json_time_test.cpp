#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ratio>
#include <string>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>

#include "json_check.hpp"

namespace chrono = std::chrono;
namespace json = kit::json;
using namespace std::chrono_literals;
using test::refusal;
using test::there_and_back;

namespace {

using moment = chrono::system_clock::time_point;
using seconds_as_double = chrono::duration<double>;

template <class D>
D duration(const char* text) {
  return json::decode<D>(text).value();
}

}  // namespace

TEST_CASE("json: durations are written as decimal seconds") {
  CHECK(json::encode(0s).value() == "\"0s\"");
  CHECK(json::encode(1500ms).value() == "\"1.5s\"");
  CHECK(json::encode(-1500ms).value() == "\"-1.5s\"");
  CHECK(json::encode(-1ms).value() == "\"-0.001s\"");
  CHECK(json::encode(1ns).value() == "\"0.000000001s\"");
  CHECK(json::encode(2h).value() == "\"7200s\"");
  CHECK(json::encode(chrono::duration<int, std::ratio<1, 4>>(3)).value() == "\"0.75s\"");
  CHECK(json::encode(chrono::nanoseconds::max()).value() == "\"9223372036.854775807s\"");
  CHECK(json::encode(chrono::nanoseconds::min()).value() == "\"-9223372036.854775808s\"");
  CHECK(json::encode(chrono::seconds::min()).value() == "\"-9223372036854775808s\"");
  CHECK(json::encode(seconds_as_double(0.1)).value() == "\"0.1s\"");
  CHECK(json::encode(seconds_as_double(-2.9999999999)).value() == "\"-3s\"");
  CHECK(json::encode(chrono::duration<double, std::milli>(1.5)).value() == "\"0.0015s\"");
}

TEST_CASE("json: durations that cannot be written") {
  CHECK(refusal(seconds_as_double(std::nan(""))) == "$: the duration is not finite or too long");
  CHECK(refusal(seconds_as_double(HUGE_VAL)) == "$: the duration is not finite or too long");
  CHECK(refusal(chrono::hours(std::numeric_limits<std::int64_t>::max() / 3000)) ==
        "$: the duration is not finite or too long");
}

TEST_CASE("json: durations are read as Go's time.ParseDuration reads them") {
  CHECK(duration<chrono::nanoseconds>("\"0\"") == 0ns);
  CHECK(duration<chrono::nanoseconds>("\"1.5s\"") == 1500ms);
  CHECK(duration<chrono::nanoseconds>("\"-1h30m5.25s\"") == -(1h + 30min + 5250ms));
  CHECK(duration<chrono::nanoseconds>("\"+250ms\"") == 250ms);
  CHECK(duration<chrono::nanoseconds>("\"1us2\u00b5s3\u03bcs4ns\"") == 6004ns);
  CHECK(duration<chrono::nanoseconds>("\".5s\"") == 500ms);
  CHECK(duration<chrono::nanoseconds>("\"5.s\"") == 5s);
  CHECK(duration<chrono::nanoseconds>("\"1.500s\"") == 1500ms);
  CHECK(duration<chrono::milliseconds>("\"0.5h\"") == 30min);
  CHECK(duration<chrono::milliseconds>("\"1h1h\"") == 2h);
  CHECK(duration<chrono::hours>("\"7200s\"") == 2h);
  CHECK(duration<seconds_as_double>("\"0.1s\"").count() == doctest::Approx(0.1));
  CHECK(duration<chrono::nanoseconds>("\"9223372036.854775807s\"") == chrono::nanoseconds::max());
  CHECK(duration<chrono::nanoseconds>("\"-9223372036.854775808s\"") == chrono::nanoseconds::min());
  CHECK(duration<chrono::seconds>("\"-9223372036854775808s\"") == chrono::seconds::min());
  CHECK(duration<chrono::duration<std::uint8_t>>("\"255s\"").count() == 255);
}

TEST_CASE("json: durations that are none") {
  for (const char* bad : {"", "1", "s", "1.s.", "1x", "1 s", " 1s", "1s ", "-", "+", "1s-1s", ".s",
                          "1.5", "1e3s", "0x1s", "--1s", "one second", "1S", "1d"}) {
    CHECK(there_and_back<chrono::nanoseconds>('"' + std::string(bad) + '"') ==
          "$: expected duration such as 1.5s, got \"" + std::string(bad) + "\" at byte 0");
  }
  CHECK(there_and_back<chrono::seconds>("5") == "$: expected string, got number at byte 0");
}

TEST_CASE("json: durations that the type cannot hold") {
  const std::string fine = "$: finer than what the type can hold at byte 0";
  const std::string range = "$: out of the range of the type at byte 0";
  CHECK(there_and_back<chrono::seconds>("\"1.5s\"") == fine);
  CHECK(there_and_back<chrono::hours>("\"90m\"") == fine);
  CHECK(there_and_back<chrono::nanoseconds>("\"0.5ns\"") == fine);
  CHECK(there_and_back<chrono::nanoseconds>("\"0.0000000001s\"") == fine);
  CHECK(there_and_back<chrono::nanoseconds>("\"0.0000000010s\"") == "\"0.000000001s\"");
  CHECK(there_and_back<chrono::nanoseconds>("\"9223372036.854775808s\"") == range);
  CHECK(there_and_back<chrono::seconds>("\"9223372036854775808s\"") == range);
  CHECK(there_and_back<chrono::seconds>("\"-9223372036854775809s\"") == range);
  CHECK(there_and_back<chrono::seconds>("\"99999999999999999999999999s\"") == range);
  CHECK(there_and_back<chrono::hours>("\"9999999999999999h\"") == range);
  CHECK(there_and_back<chrono::duration<std::uint8_t>>("\"256s\"") == range);
  CHECK(there_and_back<chrono::duration<std::uint8_t>>("\"-1s\"") == range);
}

TEST_CASE("json: points in time are RFC 3339") {
  const auto at = [](const char* text) { return json::decode<moment>(text).value(); };
  CHECK(at("\"1970-01-01T00:00:00Z\"") == moment{});
  CHECK(at("\"1985-04-12T23:20:50.52Z\"") == moment(482196050520ms));
  CHECK(at("\"1996-12-19T16:39:57-08:00\"") == moment(851042397s));
  CHECK(at("\"1937-01-01T12:00:27.87+00:20\"") == moment(-1041337172130ms));
  CHECK(at("\"1990-12-31t23:59:60z\"") == moment(662688000s));  // a leap second
  CHECK(at("\"1990-12-31T15:59:60-08:00\"") == moment(662688000s));
  CHECK(at("\"2024-02-29T00:00:00.000000001Z\"") == moment(1709164800s + 1ns));
  for (const char* text : {"\"1970-01-01T00:00:00Z\"", "\"2024-02-29T23:59:59.999999999Z\"",
                           "\"1969-12-31T23:59:59.5Z\"", "\"1900-03-01T00:00:00.000001Z\"",
                           "\"2262-04-11T23:47:16Z\""}) {
    CHECK(there_and_back<moment>(text) == text);
  }
  CHECK(there_and_back<chrono::sys_seconds>("\"0000-01-01T00:00:00Z\"") ==
        "\"0000-01-01T00:00:00Z\"");
  CHECK(there_and_back<chrono::sys_seconds>("\"9999-12-31T23:59:59Z\"") ==
        "\"9999-12-31T23:59:59Z\"");
  CHECK(there_and_back<chrono::sys_days>("\"2024-02-29T00:00:00Z\"") == "\"2024-02-29T00:00:00Z\"");
}

TEST_CASE("json: texts that are no point in time") {
  for (const char* bad : {"",
                          "2024-01-01",
                          "2024-01-01T00:00:00",
                          "2024-01-01 00:00:00Z",
                          "2024-13-01T00:00:00Z",
                          "2024-00-01T00:00:00Z",
                          "2023-02-29T00:00:00Z",
                          "2024-01-32T00:00:00Z",
                          "2024-01-01T24:00:00Z",
                          "2024-01-01T00:60:00Z",
                          "2024-01-01T00:00:61Z",
                          "2024-01-01T00:00:60Z",
                          "2024-01-01T00:00:00.Z",
                          "2024-01-01T00:00:00+1:00",
                          "2024-01-01T00:00:00+24:00",
                          "2024-01-01T00:00:00+00:60",
                          "2024-01-01T00:00:00Zx",
                          "2024-01-01T00:00:00.5",
                          "24-01-01T00:00:00Z",
                          "2024-1-01T00:00:00Z",
                          "+024-01-01T00:00:00Z",
                          "2024-01-01T00:00:00,5Z",
                          "2024-01-01T00:00:00+0000"}) {
    CHECK(there_and_back<moment>('"' + std::string(bad) + '"') ==
          "$: expected RFC 3339 time, got \"" + std::string(bad) + "\" at byte 0");
  }
  CHECK(there_and_back<moment>("0") == "$: expected string, got number at byte 0");
}

TEST_CASE("json: points in time that the type cannot hold, or the text") {
  CHECK(there_and_back<chrono::sys_seconds>("\"2024-01-01T00:00:00.5Z\"") ==
        "$: finer than what the type can hold at byte 0");
  CHECK(there_and_back<chrono::sys_days>("\"2024-01-01T12:00:00Z\"") ==
        "$: finer than what the type can hold at byte 0");
  CHECK(there_and_back<moment>("\"2024-01-01T00:00:00.0000000001Z\"") ==
        "$: finer than what the type can hold at byte 0");
  CHECK(there_and_back<chrono::sys_time<chrono::nanoseconds>>("\"2263-01-01T00:00:00Z\"") ==
        "$: out of the range of the type at byte 0");
  CHECK(there_and_back<chrono::sys_seconds>("\"0000-01-01T00:00:00+00:01\"") ==
        "$: out of the range of the type at byte 0");
  CHECK(there_and_back<chrono::sys_seconds>("\"9999-12-31T23:59:59-00:01\"") ==
        "$: out of the range of the type at byte 0");
  CHECK(refusal(chrono::sys_seconds(253402300800s)) ==
        "$: the time is outside the years 0 to 9999");
  CHECK(refusal(chrono::sys_time<chrono::milliseconds>(-62167219200001ms)) ==
        "$: the time is outside the years 0 to 9999");
  CHECK(json::encode(chrono::sys_time<chrono::milliseconds>(-62167219199999ms)).value() ==
        "\"0000-01-01T00:00:00.001Z\"");
  CHECK(refusal(chrono::sys_days::max()) == "$: the time is outside the years 0 to 9999");
}
