// What the README shows of logs.
#include <chrono>
#include <memory>
#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <asio/awaitable.hpp>

#include <kit/log/async.hpp>
#include <kit/log/computed.hpp>
#include <kit/log/fields.hpp>
#include <kit/log/json.hpp>
#include <kit/log/logger.hpp>
#include <kit/log/sinks.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/tracing/span_context.hpp>

using namespace std::chrono_literals;

// [logs]
struct item {
  std::string name;
  double price = 0;
};

asio::awaitable<void> order(kit::log::logger log, item what) {
  log = co_await log.here();  // with the trace and the fields of the request's context
  log.info("ordered", "item", what, "took", 42ms);
}

kit::log::logger make_logger(std::ostream& out, kit::log::levels levels) {
  const auto queue = std::make_shared<kit::log::async_sink>(kit::log::ostream_sink(out));
  return kit::log::logger({.sink = queue, .encoder = kit::log::json, .levels = levels})
      .with("ts", kit::log::timestamp_utc, "caller", kit::log::caller);
}

asio::awaitable<void> handle(kit::log::logger log) {
  const auto ctx = kit::log::with_fields(co_await kit::this_context(), "user", 7);
  co_await kit::with_context(ctx, order(log, {"tea", 2.5}));
}
// [end]

TEST_CASE("log: what the README shows") {
  std::ostringstream out;
  {
    const auto log = make_logger(out, kit::log::level::info);
    kit::testing::loop loop;
    const auto traced = kit::tracing::with_span_context({}, {.trace_id = {1, 2}, .span_id = {3}});
    loop.start(kit::with_context(traced, handle(log)));
  }
  const auto line = out.str();
  CAPTURE(line);
  CHECK(line.starts_with(R"({"caller":"readme_test.cpp:)"));
  const auto rest = line.find(R"(,"item":)");
  REQUIRE(rest != line.npos);
  CHECK(line.substr(rest).starts_with(
      R"(,"item":{"name":"tea","price":2.5},"level":"info","msg":"ordered",)"
      R"("span_id":"0000000000000003","took":"42ms","trace_id":"00000000000000010000000000000002",)"
      R"("ts":"2)"));
  CHECK(line.ends_with("Z\",\"user\":7}\n"));
}
