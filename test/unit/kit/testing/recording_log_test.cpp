#include <kit/testing/recording_log.hpp>

#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/log/json.hpp>
#include <kit/log/logger.hpp>

using kit::testing::recording_log;
using lines = std::vector<std::string>;

TEST_CASE("recording_log: keeps events in order, copies write into the same log") {
  const recording_log log;
  const auto copy = log;
  log.add("first");
  copy.add("second", {{"code", "unavailable"}, {"attempt", "2"}});
  log.add(recording_log::record{"third", {}});
  CHECK(log.lines() == lines{"first", "second code=unavailable attempt=2", "third"});
  CHECK(copy.lines() == log.lines());
}

TEST_CASE("recording_log: records are looked into by key") {
  const recording_log log;
  log.add("call", {{"method", "sum"}, {"took", "5"}, {"took", "6"}});
  const auto r = log.records().at(0);
  CHECK(r.event == "call");
  CHECK(r["method"] == "sum");
  CHECK(r["took"] == "5");
  CHECK(r["err"].empty());
  CHECK(r == recording_log::record{"call", {{"method", "sum"}, {"took", "5"}, {"took", "6"}}});
}

TEST_CASE("recording_log: what would be ambiguous in a line is quoted") {
  const recording_log log;
  log.add("e", {{"a", ""}, {"b", "x y"}, {"c", "k=v"}, {"d", "say \"hi\""}, {"e", "two\nlines"}});
  CHECK(log.lines() == lines{R"(e a= b="x y" c="k=v" d="say \"hi\"" e="two\nlines")"});
}

TEST_CASE("recording_log: counts by name, and is empty once taken") {
  const recording_log log;
  log.add("retry");
  log.add("retry", {{"n", "2"}});
  log.add("give up");
  CHECK(log.count("retry") == 2);
  CHECK(log.count("other") == 0);
  CHECK(log.take() == lines{"retry", "retry n=2", "give up"});
  CHECK(log.take().empty());
  CHECK(log.records().empty());
}

TEST_CASE("recording_log: takes records of several threads") {
  const recording_log log;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([log] {
        for (int i = 0; i < 100; ++i)
          log.add("event");
      });
    }
  }
  CHECK(log.count("event") == 400);
}

TEST_CASE("recording_log: records what loggers write") {
  const recording_log log;
  const kit::log::logger logger({.sink = log.sink()});
  logger.with("svc", "add").info("took long", "what", "a \"b\"\n", "n", 3, "k");
  logger.print("", "only", "fields");
  logger.debug("not let through");
  CHECK(log.lines() ==
        lines{R"(took long level=info svc=add what="a \"b\"\n" n=3 k=(MISSING))", " only=fields"});
  CHECK(log.records().at(0)["what"] == "a \"b\"\n");
  CHECK(log.count("took long") == 1);
}

TEST_CASE("recording_log: a record that is no logfmt is kept as a whole") {
  const recording_log log;
  const kit::log::logger logger({.sink = log.sink(), .encoder = kit::log::json});
  logger.info("x");
  CHECK(log.records().at(0) == recording_log::record{R"({"level":"info","msg":"x"})", {}});
}
