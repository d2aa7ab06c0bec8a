#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <transports/http/server_tracing.hpp>

#include "collector.hpp"
#include "test/support/http_client/served.hpp"
#include "test/support/http_server/blocking_client.hpp"

using namespace std::chrono_literals;
namespace http = kit::http;
using clock_type = std::chrono::steady_clock;
using test::collector;
using test::exporting;
using test::mood;
using test::until;

TEST_CASE("batch_exporter: what waits for a collector that is not there yet is delivered") {
  std::optional<test::served> server(std::in_place, collector().handler());
  const auto url = server->url("/v1/traces");
  const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  server.reset();
  exporting e(url, {.max_batch = 50, .max_delay = 1h, .max_attempts = 1'000});
  e.spans(100);
  REQUIRE(until([&] { return e.exporter->queued() == 50; }));
  const collector c;
  server.emplace(c.handler(), http::server_options{.port = port});
  REQUIRE(until([&] { return e.exporter->exported() == 100; }));
  CHECK(c.names().size() == 100);
  CHECK(e.exporter->dropped() == 0);
}

TEST_CASE("batch_exporter: comes again when a busy collector says") {
  collector c;
  const test::served server(c.handler());
  exporting e(server.url("/v1/traces"), {.max_batch = 10, .max_delay = 1h});
  c.become(mood::busy);
  const auto began = clock_type::now();
  e.spans(10);
  REQUIRE(until([&] { return c.requests() > 0; }));
  c.become(mood::fine);
  REQUIRE(until([&] { return e.exporter->exported() == 10; }));
  CHECK(clock_type::now() - began >= 1s);
  CHECK(c.requests() == 2);
  CHECK(c.names().size() == 10);
}

TEST_CASE("batch_exporter: what a collector refuses is counted, and the rest delivered") {
  collector c;
  const test::served server(c.handler());
  exporting e(server.url("/v1/traces"), {.max_batch = 10, .max_delay = 1h});
  c.become(mood::refuses);
  e.spans(10);
  REQUIRE(until([&] { return e.exporter->dropped() == 10; }));
  CHECK(e.errors().at(0) == "400 no spans today");
  c.become(mood::fine);
  e.spans(10);
  REQUIRE(until([&] { return e.exporter->exported() == 10; }));
  CHECK(c.names().size() == 10);
  CHECK(e.exporter->dropped() == 10);
}

TEST_CASE("batch_exporter: an answer that breaks off is no answer") {
  collector c;
  const test::served server(c.handler());
  exporting e(server.url("/v1/traces"), {.max_batch = 10, .max_delay = 1h, .max_attempts = 1'000});
  c.become(mood::breaks);
  e.spans(10);
  REQUIRE(until([&] { return c.requests() >= 3; }));
  CHECK(e.exporter->exported() == 0);
  c.become(mood::fine);
  REQUIRE(until([&] { return e.exporter->exported() == 10; }));
  CHECK(c.names().size() == 10);
  CHECK(e.exporter->dropped() == 0);
}

TEST_CASE("batch_exporter: a collector that is too slow is left, and tried again") {
  collector c;
  const test::served server(c.handler());
  exporting e(server.url("/v1/traces"),
              {.max_batch = 5, .max_delay = 1h, .timeout = 50ms, .max_attempts = 2});
  c.become(mood::hangs);
  e.spans(5);
  REQUIRE(until([&] { return e.exporter->dropped() == 5; }));
  CHECK(c.requests() == 2);
  c.become(mood::fine);
  e.spans(5);
  REQUIRE(until([&] { return e.exporter->exported() == 5; }));
}

TEST_CASE("batch_exporter: calls don't wait for a collector that hangs, nor is any lost") {
  collector c;
  const test::served backend(c.handler());
  c.become(mood::hangs);
  constexpr std::size_t max_queue = 64;
  constexpr int clients = 4, calls = 500;
  // One attempt without a limit: whoever waited for it would wait for ever.
  exporting e(backend.url("/v1/traces"), {.max_queue = max_queue,
                                          .max_batch = 16,
                                          .max_delay = 1ms,
                                          .timeout = 0ms,
                                          .drain_timeout = 50ms});
  const auto hello = [](http::request) -> asio::awaitable<http::response> {
    co_return http::response::text(http::status::ok, "hello");
  };
  const test::served server(http::server_tracing(e.tracer)(hello));
  struct outcome {
    int answered = 0;
    std::size_t most_queued = 0;
    clock_type::duration slowest{};
  };
  const auto port = static_cast<std::uint16_t>(
      std::stoi(server.address().substr(server.address().rfind(':') + 1)));
  const auto call = [&](outcome& o) {
    test::blocking_client client(port);
    for (int i = 0; i < calls; ++i) {
      const auto began = clock_type::now();
      client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
      const auto answer = client.answer();
      if (answer && answer->status == 200) ++o.answered;
      o.slowest = std::max(o.slowest, clock_type::now() - began);
      o.most_queued = std::max(o.most_queued, e.exporter->queued());
    }
  };
  std::vector<outcome> outcomes(clients);
  std::vector<std::thread> threads;
  for (auto& o : outcomes)
    threads.emplace_back(call, std::ref(o));
  for (auto& t : threads)
    t.join();
  for (const auto& o : outcomes) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(o.slowest).count();
    MESSAGE("the slowest call took " << ms << " ms");
    CHECK(ms < 5'000);
    CHECK(o.answered == calls);
    CHECK(o.most_queued <= max_queue);
  }
  CHECK(c.requests() == 1);
  e.stop();
  CHECK(e.exporter->exported() == 0);
  CHECK(e.exporter->dropped() == clients * calls);
}
