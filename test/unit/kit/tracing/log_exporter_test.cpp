#include <kit/tracing/log_exporter.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/log/json.hpp>
#include <kit/testing/manual_clock.hpp>
#include <kit/testing/recording_log.hpp>

using namespace kit::tracing;
using namespace std::chrono_literals;

namespace {

struct fixture {
  explicit fixture(log_exporter_options o = {}, sampler s = always_sample(),
                   kit::log::levels levels = kit::log::level::info)
      : exporter(std::make_shared<log_exporter>(
            kit::log::logger({.sink = records.sink(), .levels = std::move(levels)}), o)),
        tracer({.sampler = std::move(s),
                .processors = {exporter},
                .random = kit::random_source(1),
                .clock = &clock}) {}

  kit::testing::recording_log records;
  kit::testing::manual_clock clock;
  std::shared_ptr<log_exporter> exporter;
  kit::tracing::tracer tracer;
};

}  // namespace

TEST_CASE("log_exporter: a span that ends is a record") {
  fixture f;
  const auto root = f.tracer.start("GET /users", {}, {.kind = span_kind::server});
  const auto child = f.tracer.start("load", with_span({}, root),
                                    {.attributes = {{"db.system", "sqlite"},
                                                    {"rows", 3},
                                                    {"share", 0.5},
                                                    {"cached", false},
                                                    {"tags", attribute::list_of_text{"a", "b"}}}});
  f.clock.advance(1500us);
  child.end();
  const auto id = to_string(root.context().trace_id);
  CHECK(f.records.take() ==
        std::vector<std::string>{
            "span level=info name=load trace_id=" + id + " span_id=" +
            to_string(child.context().span_id) + " parent_id=" + to_string(root.context().span_id) +
            " kind=internal took=1.5ms status=unset db.system=sqlite rows=3 share=0.5 "
            R"(cached=false tags="[\"a\",\"b\"]")"});
  root.set_status(span_status::ok);
  root.end();
  CHECK(f.records.take() ==
        std::vector<std::string>{"span level=info name=\"GET /users\" trace_id=" + id +
                                 " span_id=" + to_string(root.context().span_id) +
                                 " kind=server took=1.5ms status=ok"});
}

TEST_CASE("log_exporter: a failed span has its error, and a level of its own") {
  fixture f;
  f.tracer.start("a", {}).set_error(kit::error(kit::errc::not_found, "no user 7"));
  const auto record = f.records.records().at(0);
  CHECK(record["level"] == "warn");
  CHECK(record["status"] == "error");
  CHECK(record["error"] == "no user 7");
  CHECK(record["error.type"] == "not_found");

  fixture quiet({}, always_sample(), kit::log::level::warn);
  quiet.tracer.start("a", {}).end();
  CHECK(quiet.records.records().empty());
}

TEST_CASE("log_exporter: an attribute cannot pass for what the record has anyway") {
  fixture f;
  f.tracer
      .start("a", {},
             {.attributes = {{"trace_id", "0"}, {"level", "debug"}, {"a b=\"c\"\n", "x\ny"}}})
      .end();
  const auto record = f.records.records().at(0);
  CHECK(record["attribute.trace_id"] == "0");
  CHECK(record["attribute.level"] == "debug");
  CHECK(record["level"] == "info");
  CHECK(record["abc"] == "x\ny");
}

TEST_CASE("log_exporter: spans that aren't sampled are left out, unless they are wanted") {
  fixture f({}, never_sample());
  f.tracer.start("a", {}).end();
  CHECK(f.records.records().empty());
  fixture all({.unsampled = true}, never_sample());
  all.tracer.start("a", {}).end();
  CHECK(all.records.count("span") == 1);
}
