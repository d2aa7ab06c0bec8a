#include <kit/log/computed.hpp>

#include <chrono>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include <kit/codec/text.hpp>
#include <kit/log/json.hpp>

#include "capture.hpp"

using namespace std::chrono_literals;
using kit::log::timestamp;
using log_test::recorded;
using std::chrono::system_clock;

namespace {

/// A clock that moves by a second with each look.
struct ticking {
  std::shared_ptr<int> seconds = std::make_shared<int>(0);
  system_clock::time_point operator()() const { return system_clock::time_point(1s * ++*seconds); }
};

system_clock::time_point at(std::chrono::nanoseconds since_epoch) {
  return system_clock::time_point(std::chrono::duration_cast<system_clock::duration>(since_epoch));
}

}  // namespace

TEST_CASE("computed: a clock is a computed value, its times are times [log/context:11]") {
  const recorded r(kit::log::json);
  static_assert(std::is_same_v<decltype(kit::log::timestamp_utc()), system_clock::time_point>);
  const auto log = r.log.with("ts", ticking());
  log.print("");
  log.print("");
  CHECK(r.take() == "{\"ts\":\"1970-01-01T00:00:01Z\"}\n{\"ts\":\"1970-01-01T00:00:02Z\"}\n");
}

TEST_CASE("computed: the times of the system, in UTC and local, are RFC 3339") {
  const recorded r;
  const auto before = std::chrono::floor<std::chrono::seconds>(system_clock::now());
  for (const auto& log :
       {r.log.with("ts", kit::log::timestamp_utc), r.log.with("ts", kit::log::timestamp_local)}) {
    log.print("");
    const auto line = r.take();
    REQUIRE(line.starts_with("ts="));
    std::string expected;
    system_clock::time_point t;
    CAPTURE(line);
    REQUIRE(kit::text::parse(line.substr(3, line.size() - 4), t, expected));
    CHECK(t >= before);
    CHECK(t <= system_clock::now());
  }
}

TEST_CASE("computed: a local time says its offset") {
  const auto t = at(1'700'000'000s + 50ms);
  std::string expected;
  system_clock::time_point read;
  REQUIRE(kit::text::parse(kit::log::local_text(t), read, expected));
  CHECK(read == t);
}

TEST_CASE("computed: a time in a layout of one's own") {
  const auto t = at(1'714'562'345s + 1'234us);
  const auto show = [&](std::string layout) {
    return timestamp([t] { return t; }, std::move(layout))();
  };
  CHECK(show("%Y-%m-%d %H:%M:%S.%f") == "2024-05-01 11:19:05.001234");
  CHECK(show("%%f %d%") == "%f 01%");
  CHECK(show("") == "");
  CHECK(timestamp([] { return at(-1us); }, "%H:%M:%S.%f")() == "23:59:59.999999");
  const timestamp local([t] { return t; }, "%Y", kit::log::zone::local);
  CHECK(local() == "2024");
  CHECK_THROWS_AS(show(std::string(300, 'x')), kit::error);
  CHECK_THROWS_AS(timestamp(nullptr, "%Y"), kit::error);
  const recorded r;
  r.log.with("ts", timestamp([t] { return t; }, "%H:%M")).print("");
  CHECK(r.take() == "ts=11:19\n");
}

TEST_CASE("computed: the caller is a file without its folders, and a line") {
  const kit::context none;
  const auto here = std::source_location::current();
  const auto text = kit::log::caller({.level = {}, .location = here, .context = none});
  CHECK(text == "computed_test.cpp:" + std::to_string(here.line()));
}
