#include <kit/log/levels.hpp>

#include <string>

#include <doctest/doctest.h>

#include "capture.hpp"

using kit::log::level;
using kit::log::levels;
using log_test::recorded;

TEST_CASE("levels: a name has what was set for it, or for the names above") {
  levels table(level::warn);
  CHECK(table.get("") == level::warn);
  CHECK(table.get("http.client") == level::warn);
  table.set("http", level::debug);
  CHECK(table.get("http") == level::debug);
  CHECK(table.get("http.client") == level::debug);
  CHECK(table.get("http.client.pool") == level::debug);
  CHECK(table.get("httpd") == level::warn);
  table.set("http.client", std::nullopt);
  CHECK(table.get("http.client.pool") == std::nullopt);
  CHECK(table.get("http.server") == level::debug);
  table.reset("http");
  CHECK(table.get("http") == level::warn);
  CHECK(table.get("http.client") == std::nullopt);
  table.reset("");
  CHECK(table.get("http") == level::info);
  CHECK(levels(std::nullopt).get("x") == std::nullopt);
}

TEST_CASE("levels: loggers see a change at once, those made before, too") {
  levels table(level::info);
  const recorded r(kit::log::logger_options{.levels = table});
  const auto http = r.log.named("http");
  const auto client = http.named("client").with("a", 1);
  client.debug("no");
  table.set("http", level::debug);
  client.debug("yes");
  r.log.debug("no");
  CHECK(r.take() == "level=debug logger=http.client a=1 msg=yes\n");
  table.set("http.client", level::error);
  client.warn("no");
  http.debug("yes");
  CHECK(r.take() == "level=debug logger=http msg=yes\n");
  table.set("", std::nullopt);
  r.log.error("no");
  r.log.print("unlevelled");
  CHECK(r.take() == "msg=unlevelled\n");
}

TEST_CASE("levels: copies are the same table") {
  levels table(level::info);
  levels copy = table;
  copy.set("a", level::error);
  CHECK(table.get("a") == level::error);
  const auto set = table.settings();
  CHECK(set.size() == 2);
  CHECK(set.at("") == level::info);
  CHECK(set.at("a") == level::error);
}

TEST_CASE("levels: are set from a text, all or none") {
  levels table(level::info);
  CHECK(table.apply("warn, http=DEBUG ,http.client=None,"));
  CHECK(table.get("") == level::warn);
  CHECK(table.get("http") == level::debug);
  CHECK(table.get("http.client") == std::nullopt);
  CHECK(table.apply(""));
  CHECK(table.apply("none"));
  CHECK(table.get("") == std::nullopt);

  const auto refused = [&](std::string_view text) {
    const auto done = table.apply(text);
    REQUIRE_FALSE(done);
    CHECK(done.error() == kit::errc::invalid_argument);
    return std::string(done.error().message());
  };
  CHECK(refused("http=info,db=loud") == "log levels: no level: loud");
  CHECK(table.get("http") == level::debug);
  CHECK(refused("=info") == "log levels: no name: =info");
  CHECK(refused("http") == "log levels: no level: http");
}

TEST_CASE("levels: loggers of many names come and go") {
  levels table(level::info);
  const recorded r(kit::log::logger_options{.levels = table});
  const auto kept = r.log.named("kept");
  for (int i = 0; i < 1000; ++i)
    r.log.named(std::to_string(i)).debug("no");
  table.set("kept", level::debug);
  kept.debug("yes");
  CHECK(r.take() == "level=debug logger=kept msg=yes\n");
}
