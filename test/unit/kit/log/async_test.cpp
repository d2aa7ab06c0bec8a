#include <kit/log/async.hpp>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/log/detail/byte_ring.hpp>
#include <kit/log/json.hpp>
#include <kit/metrics/registry.hpp>

#include "capture.hpp"

using namespace std::chrono_literals;
using kit::log::async_options;
using kit::log::async_sink;
using kit::log::level;
using kit::log::logger;
using log_test::capture;

namespace {

/// Holds up whoever writes, until it is opened.
class gated final : public kit::log::sink {
 public:
  void write(const kit::log::record& r) override {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    text += r.line;
  }
  void wait_until_entered() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_ > 0; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

  std::string text;  // to be read when the writer has gone

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int entered_ = 0;
  bool open_ = false;
};

std::string refusal(const async_options& options) {
  try {
    require_valid(options);
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::invalid_argument);
    return std::string(e.message());
  }
  return {};
}

}  // namespace

TEST_CASE("async_sink: records come behind in their order, whole and with their level") {
  const auto behind = std::make_shared<capture>();
  {
    const auto async = std::make_shared<async_sink>(behind);
    const logger log({.sink = async});
    for (int i = 0; i < 100; ++i)
      log.info("", "i", i);
    log.print("last");
    log.flush();
    const auto lines = behind->lines();
    REQUIRE(lines.size() == 101);
    for (int i = 0; i < 100; ++i)
      CHECK(lines[static_cast<std::size_t>(i)] == "level=info i=" + std::to_string(i) + "\n");
    CHECK(lines.back() == "msg=last\n");
    CHECK(behind->levels().front() == level::info);
    CHECK(behind->levels().back() == std::nullopt);
    CHECK(behind->flushes() > 0);
    CHECK(async->dropped() == 0);
  }
}

TEST_CASE("async_sink: what is queued when it is destroyed is written and flushed") {
  const auto behind = std::make_shared<capture>();
  {
    const logger log({.sink = std::make_shared<async_sink>(behind)});
    for (int i = 0; i < 1000; ++i)
      log.info("", "i", i);
  }
  CHECK(behind->lines().size() == 1000);
  CHECK(behind->flushes() > 0);
}

TEST_CASE("async_sink: when there is no room the oldest are lost, counted, and reported") {
  const auto behind = std::make_shared<gated>();
  std::string expected;
  {
    const auto async = std::make_shared<async_sink>(behind, async_options{.capacity = 1024});
    const logger log({.sink = async});
    log.print("", "i", "first");
    behind->wait_until_entered();  // it has left the queue, and holds up the thread
    const std::string fill(84, 'x');
    // 16 + 92 bytes each: nine have room.
    for (int i = 10; i < 30; ++i)
      log.print("", "i", i, "f", fill);
    CHECK(async->dropped() == 11);
    behind->open();
    expected = "i=first\nlevel=warn msg=\"log records lost\" lost=11 lost_total=11\n";
    for (int i = 21; i < 30; ++i)
      expected += "i=" + std::to_string(i) + " f=" + fill + "\n";
  }
  CHECK(behind->text == expected);
}

TEST_CASE(
    "async_sink: losses soon after a report are in the next one, at last in that of the end") {
  const auto behind = std::make_shared<capture>();
  {
    const auto async = std::make_shared<async_sink>(
        behind, async_options{.capacity = 1024, .encoder = kit::log::json, .report_interval = 24h});
    const logger log({.sink = async});
    const std::string too_long(2000, 'x');
    log.print(too_long);
    log.flush();
    CHECK(behind->take() == R"({"level":"warn","lost":1,"lost_total":1,"msg":"log records lost"})"
                            "\n");
    log.print(too_long);
    log.print(too_long);
    log.print("short");
    log.flush();
    CHECK(behind->take() == "msg=short\n");
    CHECK(async->dropped() == 3);
  }
  CHECK(behind->take() == R"({"level":"warn","lost":2,"lost_total":3,"msg":"log records lost"})"
                          "\n");
}

TEST_CASE("async_sink: a limit to flushing; on its own thread it doesn't wait for itself") {
  const auto behind = std::make_shared<gated>();
  const auto async = std::make_shared<async_sink>(behind);
  CHECK(async->flush_within(kit::duration::max()));  // nothing to do
  const logger log({.sink = async});
  log.print("stuck");
  behind->wait_until_entered();
  CHECK_FALSE(async->flush_within(0s));
  behind->open();
  CHECK(async->flush_within(std::chrono::hours(1)));

  struct recursive final : kit::log::sink {
    void write(const kit::log::record&) override { flushed = self->flush_within(1h); }
    async_sink* self = nullptr;
    bool flushed = true;
  };
  const auto inner = std::make_shared<recursive>();
  {
    async_sink outer(inner);
    inner->self = &outer;
    outer.write({.level = {}, .line = "a\n"});
    outer.flush();
  }
  CHECK_FALSE(inner->flushed);
}

TEST_CASE("async_sink: what the sink behind throws goes to the handler, and work goes on") {
  struct moody final : kit::log::sink {
    void write(const kit::log::record& r) override {
      if (r.line == "bad\n") throw std::runtime_error("full");
      text += r.line;
    }
    void flush() override { throw std::runtime_error("flush"); }
    std::string text;
  };
  const auto behind = std::make_shared<moody>();
  std::vector<std::string> errors;
  {
    async_sink async(behind, {.on_error = [&](const kit::error& e) {
                       errors.emplace_back(e.message());
                       throw std::runtime_error("the handler, too");
                     }});
    async.write({.level = {}, .line = "one\n"});
    async.write({.level = {}, .line = "bad\n"});
    async.write({.level = {}, .line = "two\n"});
  }
  CHECK(behind->text == "one\ntwo\n");
  CHECK(std::ranges::count(errors, "full") == 1);
  CHECK(std::ranges::count(errors, "flush") >= 1);
}

TEST_CASE("async_sink: what is lost is a metric") {
  const auto sink =
      std::make_shared<async_sink>(std::make_shared<capture>(), async_options{.capacity = 1024});
  const kit::metrics::registry metrics;
  const auto lost = metrics.observe_counter(
      {.name = "log_records_lost_total"}, [sink] { return static_cast<double>(sink->dropped()); });
  const auto value = [&] {
    return metrics.collect().find("log_records_lost_total")->points.front().value;
  };
  CHECK(value() == 0);
  const logger log({.sink = sink});
  log.print(std::string(2000, 'x'));
  log.print(std::string(2000, 'x'));
  CHECK(value() == 2);
}

TEST_CASE("async_sink: options that cannot be are refused by name") {
  CHECK(refusal({}) == "");
  CHECK(refusal({.capacity = 1000}) == "log::async_options::capacity is not in 1 KiB..1 GiB");
  CHECK(refusal({.encoder = nullptr}) == "log::async_options::encoder is empty");
  CHECK(refusal({.report_interval = -1ms}) == "log::async_options::report_interval is negative");
  CHECK_THROWS_AS(async_sink(nullptr), kit::error);
  CHECK_THROWS_AS(async_sink(std::make_shared<capture>(), {.capacity = 1}), kit::error);
}

TEST_CASE("byte_ring: records wrap around, whatever their sizes") {
  kit::log::detail::byte_ring<int> ring(100);
  const auto overhead = ring.size_of("");
  int pushed = 0, popped = 0;
  std::string text;
  const auto text_of = [](int i) { return std::string(static_cast<std::size_t>(i * 7 % 60), 'a'); };
  for (int round = 0; round < 500; ++round) {
    while (ring.has_room(text_of(pushed))) {
      ring.push(pushed, text_of(pushed));
      ++pushed;
    }
    REQUIRE_FALSE(ring.empty());
    CHECK(ring.used() <= ring.capacity());
    CHECK(ring.pop(text) == popped);
    CHECK(text == text_of(popped));
    ++popped;
  }
  while (!ring.empty())
    ring.drop();
  CHECK(ring.used() == 0);
  CHECK(ring.has_room(std::string(100 - overhead, 'x')));
  CHECK_FALSE(ring.has_room(std::string(101 - overhead, 'x')));
}
