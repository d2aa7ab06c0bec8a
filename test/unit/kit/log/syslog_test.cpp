#include <kit/log/syslog.hpp>

#include <chrono>
#include <string>

#include <unistd.h>

#include <doctest/doctest.h>

#include "capture.hpp"

using namespace std::chrono_literals;
using kit::log::event;
using kit::log::level;
using kit::log::logfmt;
using kit::log::severity;
using kit::log::syslog;
using kit::log::syslog_format;
using kit::log::syslog_options;
using log_test::recorded;

namespace {

syslog_options at_noon(syslog_format format) {
  return {.tag = "svc", .format = format, .host = "box", .process_id = "7", .clock = [] {
            return std::chrono::system_clock::time_point(1'714'564'800s + 5us);
          }};
}

recorded logging(syslog_options options) {
  return recorded(kit::log::logger_options{.encoder = syslog(logfmt, std::move(options)),
                                           .levels = level::debug});
}

/// The number between < and >.
std::string priority(const std::string& line) {
  return line.substr(1, line.find('>') - 1);
}

std::string refusal(syslog_options options) {
  try {
    (void)syslog(logfmt, std::move(options));
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::invalid_argument);
    return std::string(e.message());
  }
  return {};
}

}  // namespace

TEST_CASE("syslog: the body is what the encoder wrote, its line's end, too [log/syslog:1]") {
  const auto r = logging(at_noon(syslog_format::local));
  r.log.info("hello", "a", 1);
  CHECK(r.take().ends_with("svc[7]: level=info msg=hello a=1\n"));
}

TEST_CASE("syslog: the severity is that of the level, else informational [log/syslog:2]") {
  const auto r = logging(at_noon(syslog_format::local));
  const auto sent = [&](auto f) {
    f(r.log);
    return priority(r.take());
  };
  // 8 for the facility user
  CHECK(sent([](auto& log) { log.debug(""); }) == "15");
  CHECK(sent([](auto& log) { log.info(""); }) == "14");
  CHECK(sent([](auto& log) { log.warn(""); }) == "12");
  CHECK(sent([](auto& log) { log.error(""); }) == "11");
  CHECK(sent([](auto& log) { log.print(""); }) == "14");
  CHECK(sent([](auto& log) { log.print("", "level", "error"); }) == "14");
  CHECK(sent([](auto& log) { log.print("", "level"); }) == "14");
}

TEST_CASE("syslog: a key without a value [log/syslog:3]") {
  const auto r = logging(at_noon(syslog_format::local));
  r.log.error("", "msg");
  CHECK(r.take().ends_with(": level=error msg=(MISSING)\n"));
}

TEST_CASE("syslog: a function of one's own may choose any severity [log/syslog:4]") {
  for (int s = 0; s < 8; ++s) {
    auto options = at_noon(syslog_format::local);
    options.facility = kit::log::facility::local7;
    options.severity_of = [s](const event& e) {
      CHECK(e.fields.back().key == "a");
      return static_cast<severity>(s);
    };
    const auto r = logging(std::move(options));
    r.log.print("", "a", 1);
    CHECK(priority(r.take()) == std::to_string(23 * 8 + s));
  }
}

TEST_CASE("syslog: the forms of the header [log/syslog:5]") {
  ::setenv("TZ", "Europe/Berlin", 1);
  ::tzset();
  const auto line = [](syslog_format format) {
    const auto r = logging(at_noon(format));
    r.log.print("x");
    return r.take();
  };
  const auto local = line(syslog_format::local), network = line(syslog_format::network);
  ::unsetenv("TZ");
  ::tzset();
  // Without time zone data Berlin is in UTC.
  CAPTURE(local);
  CAPTURE(network);
  CHECK((local == "<14>May  1 14:00:00 svc[7]: msg=x\n" ||
         local == "<14>May  1 12:00:00 svc[7]: msg=x\n"));
  CHECK((network == "<14>2024-05-01T14:00:00+02:00 box svc[7]: msg=x\n" ||
         network == "<14>2024-05-01T12:00:00Z box svc[7]: msg=x\n"));
  CHECK(line(syslog_format::rfc5424) == "<14>1 2024-05-01T12:00:00.000005Z box svc 7 - - msg=x\n");
}

TEST_CASE("syslog: structured data of RFC 5424") {
  auto options = at_noon(syslog_format::rfc5424);
  options.structured_data = "fields@32473";
  const auto r = logging(std::move(options));
  r.log.info("hi", "a b=", "quote \" slash \\ bracket ]\n", "", std::vector<int>{1},
             std::string(40, 'k'), 1ms);
  CHECK(
      r.take().starts_with("<14>1 2024-05-01T12:00:00.000005Z box svc 7 - "
                           "[fields@32473 level=\"info\" msg=\"hi\" "
                           "ab=\"quote \\\" slash \\\\ bracket \\]\\n\" (EMPTY)=\"[1\\]\" " +
                           std::string(32, 'k') + "=\"1ms\"] level=info msg=hi "));
}

TEST_CASE("syslog: host and process are this machine's by default") {
  const auto r = logging({.tag = "svc", .format = syslog_format::rfc5424});
  r.log.print("");
  const auto line = r.take();
  CHECK(line.find(" svc " + std::to_string(::getpid()) + " - - ") != line.npos);
}

TEST_CASE("syslog: options that cannot be are refused by name") {
  CHECK(refusal({.tag = "svc"}) == "");
  CHECK(refusal({}) == "log::syslog_options::tag is not 1 to 48 visible characters");
  CHECK(refusal({.tag = "a b"}) == "log::syslog_options::tag is not 1 to 48 visible characters");
  CHECK(refusal({.tag = "a", .host = "b\n"}) ==
        "log::syslog_options::host is not up to 255 visible characters");
  CHECK(refusal({.tag = "a", .process_id = " "}) ==
        "log::syslog_options::process_id is not up to 128 visible characters");
  CHECK(refusal({.tag = "a", .structured_data = "a=b"}) ==
        "log::syslog_options::structured_data is no name");
  CHECK(refusal({.tag = "a", .severity_of = nullptr}) ==
        "log::syslog_options::severity_of is empty");
  CHECK(refusal({.tag = "a", .clock = nullptr}) == "log::syslog_options::clock is empty");
  CHECK_THROWS_AS(syslog(nullptr, {.tag = "a"}), kit::error);
}

TEST_CASE("syslog_sink: addresses that are none are refused") {
  const auto refused = [](std::string address) {
    try {
      const kit::log::syslog_sink sink({.address = std::move(address)});
    } catch (const kit::error& e) {
      CHECK(e == kit::errc::invalid_argument);
      return true;
    }
    return false;
  };
  CHECK(refused(""));
  CHECK(refused("/dev/log"));
  CHECK(refused("unix:"));
  CHECK(refused("unix:" + std::string(200, 'x')));
  CHECK(refused("udp://127.0.0.1"));
  CHECK(refused("tcp://:514"));
  CHECK_THROWS_AS(kit::log::require_valid({.max_pending = 1}), kit::error);
  CHECK_THROWS_AS(kit::log::require_valid({.flush_limit = -1ms}), kit::error);
}
