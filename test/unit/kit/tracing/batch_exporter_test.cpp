#include <kit/tracing/batch_exporter.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/metrics/registry.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/mock_endpoint.hpp>

using namespace kit::tracing;
using namespace std::chrono_literals;
using kit::errc;
using kit::error;

namespace {

// A backend that answers what it is told, and an exporter that runs.
struct fixture {
  explicit fixture(batch_options o = {.max_queue = 10, .max_batch = 3, .max_delay = 1s}) {
    o.backoff = {.initial = 1s, .max = 10s, .multiplier = 2, .jitter = 0};
    o.random = kit::random_source(1);
    o.on_error = [this](const error& e) { errors.push_back(std::string(e.message())); };
    exporter = std::make_unique<batch_exporter>(
        [this](span_batch b) { return receive(*this, std::move(b)); }, std::move(o));
    running.emplace(loop.start(exporter->run()));
  }
  ~fixture() {
    if (running->pending()) stop();
  }

  static asio::awaitable<kit::result<export_result>> receive(fixture& f, span_batch b) {
    ++f.attempts;
    if (f.takes > 0s) co_await kit::sleep_for(f.takes);
    if (f.answer) co_return kit::fail(*f.answer);
    f.sizes.push_back(b.spans.size());
    for (const auto& s : b.spans)
      f.names += s->name;
    co_return export_result{.refused = f.refuses, .why = "too old"};
  }

  void add(const std::string& letters) {
    for (const char c : letters) {
      auto data = std::make_shared<span_data>();
      data->name = c;
      data->context = {.trace_id = {1, 1}, .span_id = {1}, .flags = trace_flags::sampled};
      exporter->on_end(data);
    }
    loop.run();
  }
  void stop() {
    running->cancel();
    loop.run();
  }

  kit::testing::loop loop;
  std::optional<error> answer;
  kit::duration takes{};
  std::size_t refuses = 0;
  int attempts = 0;
  std::vector<std::size_t> sizes;
  std::string names;
  std::vector<std::string> errors;
  std::unique_ptr<batch_exporter> exporter;
  std::optional<kit::testing::started<void>> running;
};

}  // namespace

TEST_CASE("batch_exporter: sends what has waited long enough, in order") {
  fixture f;
  f.add("a");
  f.loop.advance(900ms);
  f.add("b");
  CHECK(f.attempts == 0);
  CHECK(f.exporter->queued() == 2);
  f.loop.advance(100ms);
  CHECK(f.names == "ab");
  CHECK(f.sizes == std::vector<std::size_t>{2});
  f.add("c");
  f.loop.advance(999ms);
  CHECK(f.names == "ab");
  f.loop.advance(1ms);
  CHECK(f.names == "abc");
  CHECK(f.exporter->exported() == 3);
  CHECK(f.exporter->queued() == 0);
}

TEST_CASE("batch_exporter: sends a full batch at once") {
  fixture f;
  f.add("abcd");
  CHECK(f.names == "abc");
  f.add("efgh");
  CHECK(f.sizes == std::vector<std::size_t>{3, 3});
  f.loop.advance(1s);
  CHECK(f.sizes == std::vector<std::size_t>{3, 3, 2});
}

TEST_CASE("batch_exporter: takes no spans that are not sampled") {
  fixture f;
  auto data = std::make_shared<span_data>();
  f.exporter->on_end(data);
  CHECK(f.exporter->queued() == 0);
}

TEST_CASE("batch_exporter: while the backend is slow spans wait, then they are dropped") {
  fixture f;
  f.takes = 5s;
  f.add("abc");
  CHECK(f.attempts == 1);
  f.add("0123456789xy");
  CHECK(f.exporter->queued() == 10);
  CHECK(f.exporter->dropped() == 2);
  f.loop.advance(30s);
  CHECK(f.names == "abc0123456789");
}

TEST_CASE("batch_exporter: tries again what may pass, waiting longer each time") {
  fixture f;
  f.answer = error(errc::unavailable, "down");
  f.add("abc");
  CHECK(f.attempts == 1);
  f.loop.advance(1999ms);
  CHECK(f.attempts == 1);
  f.loop.advance(1ms);
  CHECK(f.attempts == 2);
  f.answer = error(errc::unavailable, "busy").with_retry_after(20s);
  f.loop.advance(4s);
  CHECK(f.attempts == 3);
  f.loop.advance(19'999ms);
  CHECK(f.attempts == 3);
  f.answer.reset();
  f.loop.advance(1ms);
  CHECK(f.names == "abc");
  CHECK(f.exporter->dropped() == 0);
  CHECK(f.errors.empty());
}

TEST_CASE("batch_exporter: gives a batch up after so many attempts, and goes on with the next") {
  fixture f({.max_queue = 10, .max_batch = 3, .max_attempts = 2});
  f.answer = error(errc::unavailable, "down");
  f.add("abc");
  f.add("de");
  f.loop.advance(2s);
  CHECK(f.attempts == 2);
  CHECK(f.exporter->dropped() == 3);
  CHECK(f.errors == std::vector<std::string>{"down"});
  f.answer.reset();
  f.loop.advance(1s);
  CHECK(f.names == "de");
}

TEST_CASE("batch_exporter: what the backend refuses is not sent again") {
  fixture f;
  f.answer = error(errc::invalid_argument, "no spans");
  f.add("abc");
  CHECK(f.attempts == 1);
  CHECK(f.exporter->dropped() == 3);
  CHECK(f.errors == std::vector<std::string>{"no spans"});
}

TEST_CASE("batch_exporter: what the backend refuses of a batch that it takes is counted") {
  fixture f;
  f.refuses = 2;
  f.add("abc");
  CHECK(f.exporter->exported() == 1);
  CHECK(f.exporter->dropped() == 2);
  CHECK(f.errors == std::vector<std::string>{"too old"});
  f.refuses = 7;  // more than there were
  f.add("def");
  CHECK(f.exporter->exported() == 1);
  CHECK(f.exporter->dropped() == 5);
}

TEST_CASE("batch_exporter: a backend cannot have it wait for ever") {
  fixture f({.max_queue = 10, .max_batch = 3, .max_retry_after = 30s});
  f.answer = error(errc::unavailable, "busy").with_retry_after(24h);
  f.add("abc");
  f.answer.reset();
  f.loop.advance(29'999ms);
  CHECK(f.attempts == 1);
  f.loop.advance(1ms);
  CHECK(f.names == "abc");
}

TEST_CASE("batch_exporter: an attempt that takes too long is given up, and tried again") {
  fixture f({.max_queue = 10, .max_batch = 1, .timeout = 500ms, .max_attempts = 2});
  f.takes = 1h;
  f.add("a");
  f.loop.advance(500ms);
  f.takes = 0s;
  CHECK(f.attempts == 1);
  f.loop.advance(2s);
  CHECK(f.names == "a");
}

TEST_CASE("batch_exporter: when stopped it sends what is there, and returns") {
  fixture f;
  f.add("ab");
  f.stop();
  CHECK_NOTHROW(f.running->value());
  CHECK(f.names == "ab");
}

TEST_CASE("batch_exporter: stopped while sending, or between attempts, it sends that batch, too") {
  for (const bool failing : {false, true}) {
    CAPTURE(failing);
    fixture f;
    if (failing) {
      f.answer = error(errc::unavailable, "down");
    } else {
      f.takes = 2s;
    }
    f.add("abcd");
    CHECK(f.attempts == 1);
    f.answer.reset();
    f.takes = 0s;
    f.stop();
    CHECK(f.names == "abcd");
    CHECK_FALSE(f.running->pending());
  }
}

TEST_CASE("batch_exporter: the end is not put off by a backend that is away") {
  fixture f;
  f.add("ab");
  f.takes = 1h;
  f.stop();
  CHECK(f.running->pending());
  f.loop.advance(4999ms);
  CHECK(f.running->pending());
  f.loop.advance(1ms);
  CHECK_FALSE(f.running->pending());
  CHECK_NOTHROW(f.running->value());
  CHECK(f.exporter->dropped() == 2);
}

TEST_CASE("batch_exporter: a second cancellation cuts the end short") {
  fixture f;
  f.add("ab");
  f.takes = 1h;
  f.stop();
  CHECK(f.running->pending());
  f.stop();
  CHECK_FALSE(f.running->pending());
  CHECK(f.exporter->dropped() == 2);
}

TEST_CASE("batch_exporter: what is lost is a metric") {
  fixture f;
  const kit::metrics::registry metrics;
  const auto lost = metrics.observe_counter({.name = "spans_lost_total"}, [&e = *f.exporter] {
    return static_cast<double>(e.dropped());
  });
  const auto value = [&] {
    return metrics.collect().find("spans_lost_total")->points.front().value;
  };
  CHECK(value() == 0);
  f.answer = error(errc::invalid_argument, "no spans");
  f.add("abc");
  CHECK(value() == 3);
}

TEST_CASE("batch_exporter: options out of range are refused, by name") {
  const auto message = [](batch_options o) {
    try {
      require_valid(o);
    } catch (const error& e) {
      return std::string(e.message());
    }
    return std::string();
  };
  CHECK(message({}) == "");
  CHECK(message({.max_queue = 0}).find("max_queue") != std::string::npos);
  CHECK(message({.max_batch = 0}).find("max_batch") != std::string::npos);
  CHECK(message({.max_delay = -1ms}).find("max_delay") != std::string::npos);
  CHECK(message({.timeout = -1ms}).find("timeout") != std::string::npos);
  CHECK(message({.max_attempts = 0}).find("max_attempts") != std::string::npos);
  CHECK(message({.backoff = {.initial = 0s}}).find("initial") != std::string::npos);
  CHECK(message({.max_retry_after = -1ms}).find("max_retry_after") != std::string::npos);
  CHECK(message({.drain_timeout = -1ms}).find("drain_timeout") != std::string::npos);
}
