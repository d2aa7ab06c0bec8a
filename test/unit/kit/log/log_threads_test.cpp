// Loggers used by several threads at once: for the thread sanitizer to look at, too.
#include <algorithm>
#include <atomic>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <kit/codec/json_raw.hpp>
#include <kit/log/async.hpp>
#include <kit/log/computed.hpp>
#include <kit/log/json.hpp>
#include <kit/log/sinks.hpp>
#include <kit/log/terminal.hpp>

#include "capture.hpp"

using kit::log::level;
using kit::log::logger;
using kit::log::logger_options;
using log_test::capture;
using log_test::recorded;

namespace {

constexpr int threads = 8;
constexpr int records = 10'000;

/// Runs `f(thread)` on several threads at once.
template <class F>
void together(F f, int n = threads) {
  std::vector<std::jthread> running;
  for (int i = 0; i < n; ++i)
    running.emplace_back([&f, i] { f(i); });
}

struct counting final : kit::log::sink {
  void write(const kit::log::record& r) override {
    if (!r.line.ends_with('\n')) std::abort();
    ++lines;
  }
  std::atomic<int> lines = 0;
};

}  // namespace

TEST_CASE("log threads: records are never mixed [log/context:10]") {
  const auto out = std::make_shared<capture>();
  const auto log = logger({.sink = out}).with("a", 1).with_suffix("z", [] { return 2; });
  together([&](int thread) {
    const auto own = log.with("thread", thread);
    for (int i = 0; i < records; ++i)
      own.info("", "goroutine", thread, "i", i);
  });
  const auto lines = out->lines();
  REQUIRE(lines.size() == threads * records);
  std::vector<int> next(threads, 0);
  for (const auto& line : lines) {
    const auto thread = static_cast<std::size_t>(line[line.find("thread=") + 7] - '0');
    REQUIRE(thread < threads);
    const auto t = std::to_string(thread);
    REQUIRE(line == "level=info a=1 thread=" + t + " goroutine=" + t +
                        " i=" + std::to_string(next[thread]++) + " z=2\n");
  }
}

TEST_CASE("log threads: a target is exchanged while it is logged to [log/sync:2]") {
  const auto swap = std::make_shared<kit::log::swap_sink>();
  const auto a = std::make_shared<counting>(), b = std::make_shared<counting>();
  const logger log({.sink = swap});
  std::atomic<bool> stop = false;
  std::jthread swapping([&] {
    while (!stop) {
      swap->swap(a);
      swap->swap(nullptr);
      swap->swap(b);
    }
  });
  together(
      [&](int) {
        for (int i = 0; i < records; ++i)
          log.info("", "i", i);
      },
      2);
  stop = true;
  swapping.join();
  CHECK(a->lines + b->lines <= 2 * records);
}

TEST_CASE("log threads: every encoder and sink stands many records at once [log/sync:5]") {
  std::ostringstream stream;
  std::atomic<int> errors = 0;
  const auto out = std::make_shared<counting>();
  const auto swap = std::make_shared<kit::log::swap_sink>(out);
  const auto fail = [&](const kit::error&) { ++errors; };
  const std::vector<logger> loggers{
      logger({.sink = out, .on_error = fail}),
      logger({.sink = out, .encoder = kit::log::json, .on_error = fail}),
      logger({.sink = out, .encoder = kit::log::colored(kit::log::logfmt), .on_error = fail}),
      logger({.sink = swap, .on_error = fail}),
      logger({.sink = kit::log::ostream_sink(stream), .on_error = fail}),
      logger({.sink = std::make_shared<kit::log::async_sink>(out), .on_error = fail})};
  for (const auto& log : loggers) {
    out->lines = 0;
    together([&](int) {
      for (int i = 0; i < records / threads; ++i)
        log.info("", "i", i);
    });
    log.flush();
    const bool counted = &log != &loggers[4];  // that one writes to the stream
    CHECK(out->lines == (counted ? records : 0));
  }
  CHECK(errors == 0);
  const auto text = stream.str();
  CHECK(std::ranges::count(text, '\n') == records);
}

TEST_CASE("log threads: levels change while records are made") {
  kit::log::levels table(level::info);
  const auto out = std::make_shared<counting>();
  const logger log({.sink = out, .levels = table});
  std::atomic<bool> stop = false;
  std::jthread changing([&] {
    while (!stop) {
      table.set("a", level::error);
      table.set("a", level::debug);
      table.reset("a");
      (void)table.settings();
    }
  });
  together(
      [&](int thread) {
        for (int i = 0; i < records / 10; ++i) {
          const auto named = log.named(thread == 0 ? "a" : "b");
          named.debug("maybe");
          named.error("always");
        }
      },
      2);
  stop = true;
  changing.join();
  CHECK(out->lines >= 2 * records / 10);
}

TEST_CASE("log threads: nothing is lost or counted twice in an asynchronous sink") {
  const auto behind = std::make_shared<counting>();
  std::uint64_t dropped = 0;
  int reports = 0;
  {
    const auto async = std::make_shared<kit::log::async_sink>(
        behind, kit::log::async_options{.capacity = 4096,
                                        .encoder =
                                            [&](std::string& out, const kit::log::event& e) {
                                              ++reports;  // on the sink's thread only
                                              kit::log::logfmt(out, e);
                                            },
                                        .report_interval = std::chrono::milliseconds(0)});
    const logger log({.sink = async});
    together(
        [&](int thread) {
          for (int i = 0; i < records; ++i) {
            log.info("", "thread", thread, "i", i);
            if (i % 1000 == 0) log.flush();
          }
        },
        4);
    log.flush();
    dropped = async->dropped();
  }
  CHECK(static_cast<std::uint64_t>(behind->lines - reports) + dropped == 4 * records);
}

TEST_CASE("log threads: a computed value is computed on all of them") {
  const recorded r(kit::log::json);
  const auto log = r.log.with("ts", kit::log::timestamp_local, "caller", kit::log::caller);
  together([&](int) {
    for (int i = 0; i < 500; ++i)
      log.info("x");
  });
  for (const auto& line : r.out->lines())
    REQUIRE(kit::json::raw::parse(line));
}
