#include <kit/codec/text.hpp>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>

#include <doctest/doctest.h>

namespace text = kit::text;

namespace {

enum class color : std::uint8_t { red, green };

/// The value, or `expected ...`.
template <class T>
std::string read(std::string_view from) {
  T v{};
  std::string expected;
  if (!text::parse(from, v, expected)) return "expected " + expected;
  std::string out, problem;
  return text::append(out, v, problem) ? out : problem;
}

template <class T>
std::string write(const T& v) {
  std::string out, problem;
  return text::append(out, v, problem) ? out : "problem: " + problem;
}

}  // namespace

TEST_CASE("text: integers are decimal, and in the range of their type") {
  CHECK(read<int>("42") == "42");
  CHECK(read<int>("-7") == "-7");
  CHECK(read<int>("007") == "7");
  CHECK(read<std::int64_t>("-9223372036854775808") == "-9223372036854775808");
  CHECK(read<std::uint64_t>("18446744073709551615") == "18446744073709551615");
  CHECK(read<std::uint8_t>("255") == "255");
}

TEST_CASE("text: what is no integer is told from what is out of range") {
  for (const char* bad : {"", "x", "1x", " 1", "1 ", "+1", "1.0", "1e3", "0x10", "-", "--1"}) {
    CAPTURE(bad);
    CHECK(read<int>(bad) == "expected integer");
  }
  CHECK(read<std::uint8_t>("256") == "expected integer from 0 to 255");
  CHECK(read<unsigned char>("-1") == "expected integer from 0 to 255");
  CHECK(read<std::int8_t>("-129") == "expected integer from -128 to 127");
  CHECK(read<std::int8_t>("99999999999999999999") == "expected integer from -128 to 127");
}

TEST_CASE("text: floats have JSON's form and are written as short as can be") {
  CHECK(read<double>("0.1") == "0.1");
  CHECK(read<float>("0.1") == "0.1");
  CHECK(read<double>("-1e3") == "-1000");
  CHECK(read<double>("12") == "12");
  for (const char* bad : {"", "x", "+1", ".5", "5.", "inf", "nan", "1e", "0x1p3", "1,5", "1 "}) {
    CAPTURE(bad);
    CHECK(read<double>(bad) == "expected number");
  }
  CHECK(read<double>("1e999") == "expected number in range");
  CHECK(read<float>("1e39") == "expected number in range");
}

TEST_CASE("text: a bool is true, 1, false or 0, and true where only the name is given") {
  CHECK(read<bool>("true") == "true");
  CHECK(read<bool>("1") == "true");
  CHECK(read<bool>("") == "true");
  CHECK(read<bool>("false") == "false");
  CHECK(read<bool>("0") == "false");
  CHECK(read<bool>("yes") == "expected true or false");
  CHECK(read<bool>("TRUE") == "expected true or false");
}

TEST_CASE("text: a string is what it is, as long as it is UTF-8") {
  CHECK(read<std::string>("") == "");
  CHECK(read<std::string>("a b\xc3\xa9") == "a b\xc3\xa9");
  CHECK(read<std::string>("\xff") == "expected valid UTF-8");
}

TEST_CASE("text: an enum is one of its names") {
  CHECK(read<color>("green") == "green");
  CHECK(read<color>("blue") == "expected one of \"red\", \"green\"");
  CHECK(read<color>("1") == "expected one of \"red\", \"green\"");
}

TEST_CASE("text: durations are numbers with units") {
  using namespace std::chrono_literals;
  CHECK(read<std::chrono::milliseconds>("1.5s") == "1.5s");
  CHECK(read<std::chrono::milliseconds>("1h30m") == "5400s");
  CHECK(read<std::chrono::milliseconds>("-20ms") == "-0.02s");
  CHECK(read<std::chrono::seconds>("") == "expected duration such as 1.5s");
  CHECK(read<std::chrono::seconds>("5") == "expected duration such as 1.5s");
  CHECK(read<std::chrono::seconds>("1.5s") ==
        "expected duration such as 1.5s, no finer than the type can hold");
  CHECK(read<std::chrono::nanoseconds>("9999999h") == "expected duration such as 1.5s, in range");
}

TEST_CASE("text: times are RFC 3339") {
  using seconds = std::chrono::sys_seconds;
  CHECK(read<seconds>("2006-01-02T15:04:05Z") == "2006-01-02T15:04:05Z");
  CHECK(read<seconds>("2006-01-02T15:04:05+01:00") == "2006-01-02T14:04:05Z");
  CHECK(read<seconds>("2006-01-02") == "expected RFC 3339 time");
  CHECK(read<seconds>("2006-01-02T15:04:05.5Z") ==
        "expected RFC 3339 time, no finer than the type can hold");
}

TEST_CASE("text: values without a text are refused") {
  CHECK(write(std::numeric_limits<double>::quiet_NaN()) == "problem: not a number");
  CHECK(write(-std::numeric_limits<float>::infinity()) == "problem: infinity");
  CHECK(write(color{9}) == "problem: the enum has no name for its value");
  CHECK(write(std::string("\xc3")) == "problem: not valid UTF-8");
  CHECK(write(std::chrono::duration<double>(std::numeric_limits<double>::infinity())) ==
        "problem: the duration is not finite or too long");
  CHECK(write(std::chrono::sys_seconds(std::chrono::hours(24 * 366 * 9000))) ==
        "problem: the time is outside the years 0 to 9999");
}

TEST_CASE("text: only single values are scalars") {
  CHECK(text::scalar<unsigned char>);
  CHECK_FALSE(text::scalar<char>);
  CHECK_FALSE(text::scalar<char32_t>);
  CHECK_FALSE(text::scalar<std::byte>);
  CHECK_FALSE(text::scalar<const char*>);
  CHECK_FALSE(text::scalar<std::string_view>);
}
