#include <kit/log/spdlog.hpp>

#include <sstream>
#include <string>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <doctest/doctest.h>

#include "capture.hpp"

using kit::log::level;
using kit::log::logger;
using log_test::recorded;

namespace {

/// A logger of spdlog and what it wrote: level and message.
struct spd {
  spd() {
    log->set_pattern("[%l] %v");
    log->set_level(spdlog::level::trace);
  }
  std::string take() {
    auto text = out.str();
    out.str("");
    return text;
  }
  std::ostringstream out;
  std::shared_ptr<spdlog::logger> log = std::make_shared<spdlog::logger>(
      "theirs", std::make_shared<spdlog::sinks::ostream_sink_mt>(out));
};

}  // namespace

TEST_CASE("spdlog_sink: a record is one message with all pairs, at its level [log/adapters:1]") {
  spd theirs;
  const logger log({.sink = kit::log::spdlog_sink(theirs.log), .levels = level::debug});
  log.debug("hello", "a", 1);
  log.info("{} %v", "a");
  log.warn("");
  log.error("");
  CHECK(theirs.take() ==
        "[debug] level=debug msg=hello a=1\n"
        "[info] level=info msg=\"{} %v\" a=(MISSING)\n"
        "[warning] level=warn\n"
        "[error] level=error\n");
  log.print("", "a", 1);
  CHECK(theirs.take() == "[info] a=1\n");
  const logger other({.sink = kit::log::spdlog_sink(theirs.log, {.unlevelled = level::warn})});
  other.print("", "a", 1);
  CHECK(theirs.take() == "[warning] a=1\n");
  log.flush();
}

TEST_CASE("spdlog_sink: their level filters, too; without a logger it is refused") {
  spd theirs;
  theirs.log->set_level(spdlog::level::err);
  const logger log({.sink = kit::log::spdlog_sink(theirs.log)});
  log.info("no");
  log.error("yes");
  CHECK(theirs.take() == "[error] level=error msg=yes\n");
  CHECK_THROWS_AS(kit::log::spdlog_sink(nullptr), kit::error);
}

TEST_CASE("to_spdlog_sink: their messages are records of ours [log/adapters:2]") {
  const recorded r;
  spdlog::logger theirs("theirs", kit::log::to_spdlog_sink(r.log.with("svc", "x")));
  theirs.set_level(spdlog::level::trace);
  theirs.set_pattern("[%v]");  // has no say
  theirs.trace("a {}", 1);
  theirs.debug("b");
  theirs.info("c\nforged=1");
  theirs.warn("d");
  theirs.error("e");
  theirs.critical("f");
  CHECK(r.take() ==
        "level=debug svc=x msg=\"a 1\" logger=theirs\n"
        "level=debug svc=x msg=b logger=theirs\n"
        "level=info svc=x msg=\"c\\nforged=1\" logger=theirs\n"
        "level=warn svc=x msg=d logger=theirs\n"
        "level=error svc=x msg=e logger=theirs\n"
        "level=error svc=x msg=f logger=theirs\n");
  theirs.log(spdlog::source_loc("/src/main.cpp", 23, "main"), spdlog::level::info, "here");
  CHECK(r.take() == "level=info svc=x msg=here logger=theirs caller=main.cpp:23\n");
  theirs.flush();
  CHECK(r.out->flushes() == 1);
  spdlog::logger nameless("", kit::log::to_spdlog_sink(r.log));
  nameless.info("x");
  CHECK(r.take() == "level=info msg=x\n");
}
