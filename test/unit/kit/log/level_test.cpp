#include <kit/log/level.hpp>

#include <doctest/doctest.h>

#include <kit/log/json.hpp>

#include "capture.hpp"

using kit::log::level;
using kit::log::logger_options;
using kit::log::parse_level;
using log_test::recorded;

namespace {

struct filtered : recorded {
  explicit filtered(kit::log::levels minimum, logger_options options = {})
      : recorded([&] {
          options.levels = minimum;
          options.on_error = [this](const kit::error& e) { errors.emplace_back(e.message()); };
          return options;
        }()) {}

  std::string all() {
    log.debug("", "n", 1);
    log.info("", "n", 2);
    log.warn("", "n", 3);
    log.error("", "n", 4);
    return take();
  }

  std::vector<std::string> errors;
};

}  // namespace

TEST_CASE("level: lets its own and all that matters more through [log/level:1]") {
  const std::string lines[] = {"level=debug n=1\n", "level=info n=2\n", "level=warn n=3\n",
                               "level=error n=4\n"};
  const auto from = [&](int first) {
    std::string text;
    for (int i = first; i < 4; ++i)
      text += lines[i];
    return text;
  };
  CHECK(filtered(level::debug).all() == from(0));
  CHECK(filtered(level::info).all() == from(1));
  CHECK(filtered(level::warn).all() == from(2));
  CHECK(filtered(level::error).all() == from(3));
  CHECK(filtered(std::nullopt).all() == "");
}

TEST_CASE(
    "level: without a minimum only unlevelled records pass; by default info does [log/level:2]") {
  filtered none(std::nullopt);
  none.all();
  none.log.print("", "n", 5);
  CHECK(none.take() == "n=5\n");
  const recorded usual(logger_options{});
  usual.log.debug("no");
  usual.log.info("yes");
  CHECK(usual.take() == "level=info msg=yes\n");
}

TEST_CASE("level: a dropped record is no error, unless one was set for it [log/level:3]") {
  filtered silent(level::warn);
  silent.log.info("dropped");
  CHECK(silent.errors.empty());
  filtered told(level::warn, {.not_allowed = kit::error(kit::errc::aborted, "not allowed")});
  told.log.info("dropped");
  told.log.print("unlevelled");
  told.log.warn("let through");
  CHECK(told.errors == std::vector<std::string>{"not allowed"});
  CHECK(told.take() == "msg=unlevelled\nlevel=warn msg=\"let through\"\n");
}

TEST_CASE(
    "level: unlevelled records pass unless squelched, with the error set for it [log/level:4]") {
  filtered open(level::warn, {.no_level = kit::error(kit::errc::aborted, "no level")});
  open.log.print("kept");
  CHECK(open.take() == "msg=kept\n");
  CHECK(open.errors.empty());
  filtered silent(level::warn, {.squelch_unlevelled = true});
  silent.log.print("dropped");
  CHECK(silent.take() == "");
  CHECK(silent.errors.empty());
  filtered told(level::warn, {.squelch_unlevelled = true,
                              .no_level = kit::error(kit::errc::aborted, "no level")});
  told.log.print("dropped");
  told.log.error("let through");
  CHECK(told.errors == std::vector<std::string>{"no level"});
  CHECK(told.take() == "level=error msg=\"let through\"\n");
}

TEST_CASE("level: what is called decides, not the key nor the text of a pair [log/level:5]") {
  filtered f(level::error);
  f.log.info("", "level", "error");
  f.log.info("", "level", level::error);
  CHECK(f.take() == "");
  f.log.print("", "level", "undefined");
  CHECK(f.take() == "level=undefined\n");
  f.log.at(level::error, "", "n", 1);
  f.log.at(level::info, "", "n", 2);
  CHECK(f.take() == "level=error n=1\n");
}

TEST_CASE("level: comes first, however the logger was made [log/level:6]") {
  const recorded r;
  const auto where = [](const kit::log::record_info&) { return "x.cpp:1"; };
  r.log.with("caller", where).info("", "foo", "bar");
  CHECK(r.take() == "level=info caller=x.cpp:1 foo=bar\n");
  r.log.with_prefix("caller", where).info("", "foo", "bar");
  CHECK(r.take() == "level=info caller=x.cpp:1 foo=bar\n");
}

TEST_CASE("level: in logfmt and in JSON [log/level:7]") {
  const recorded logfmt;
  logfmt.log.info("", "foo", "bar");
  CHECK(logfmt.take() == "level=info foo=bar\n");
  const recorded json(kit::log::json);
  json.log.info("", "foo", "bar");
  CHECK(json.take() == R"({"foo":"bar","level":"info"})"
                       "\n");
}

TEST_CASE("level: a default one is given to records without, and to no others [log/level:8]") {
  filtered f(level::info, {.default_level = level::info});
  f.log.print("", "foo", "bar");
  f.log.error("", "foo", "bar");
  CHECK(f.take() == "level=info foo=bar\nlevel=error foo=bar\n");
  filtered above(level::warn, {.default_level = level::info});
  above.log.print("", "foo", "bar");
  CHECK(above.take() == "");
}

TEST_CASE("level: is read in either case and between white space [log/level:9]") {
  CHECK(parse_level(" Error ") == level::error);
  CHECK(parse_level("ErRoR") == level::error);
  CHECK(parse_level("debug\n") == level::debug);
  CHECK(parse_level("INFO") == level::info);
  CHECK(parse_level("warn") == level::warn);
  for (const char* text : {"", " ", "warning", "err", "info debug", "0"}) {
    CAPTURE(text);
    const auto l = parse_level(text);
    REQUIRE_FALSE(l);
    CHECK(l.error().message() == "invalid level string");
    CHECK(l.error() == kit::errc::invalid_argument);
    CHECK(parse_level(text, level::warn) == level::warn);
  }
  CHECK(parse_level("debug", level::warn) == level::debug);
}

TEST_CASE("level: its key and texts can be others [log/adapters:3]") {
  const recorded r(logger_options{.level_key = "severity",
                                  .level_names = {"DEBUG", "INFO", "WARNING", "ERROR"}});
  r.log.warn("", "err", "error");
  r.log.with("context", "foo").error("", "err", "error");
  CHECK(r.take() == "severity=WARNING err=error\nseverity=ERROR context=foo err=error\n");
  // A level that we don't have is a field of a logger.
  const auto crit = r.log.with_prefix("severity", "CRITICAL");
  crit.with("context", "foo").print("", "err", "error");
  CHECK(r.take() == "severity=CRITICAL context=foo err=error\n");
}
