#include <kit/metrics/push.hpp>

#include <atomic>
#include <chrono>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/error.hpp>

#include <kit/testing/metrics.hpp>
#include <kit/timer.hpp>

#include "pushing.hpp"
#include "refusal.hpp"

using namespace std::chrono_literals;
using kit::errc;
using kit::io_result;
using kit::testing::value_in;
using test::statsd;
using test::statsd_of;

namespace {

constexpr auto refused = asio::error::connection_refused;

// Fails so where the text has that in it.
auto failing_at(std::string_view part, std::error_code with) {
  return [part, with](std::string_view data) {
    return data.find(part) == std::string_view::npos ? io_result{{}, data.size()}
                                                     : io_result{with, 0};
  };
}

// Takes a line at a time, and 100 ms for it.
struct slow_sender final : kit::metrics::sender {
  std::size_t max_size() const noexcept override { return 1; }
  std::string address() const override { return "slow"; }
  asio::awaitable<std::error_code> open() override { co_return std::error_code(); }
  asio::awaitable<io_result> send(asio::const_buffer data) override {
    co_await kit::sleep_for(100ms);
    got.append(static_cast<const char*>(data.data()), data.size());
    co_return io_result{{}, data.size()};
  }
  asio::awaitable<void> close() override {
    ++waited_for_close;
    co_return;
  }

  std::string got;
  int waited_for_close = 0;
};

// Three counters that go to a slow sender.
struct slow_push {
  slow_push() {
    for (const char* name : {"a", "b", "c"})
      metrics.counter({.name = name}).add(1);
  }
  std::shared_ptr<slow_sender> to = std::make_shared<slow_sender>();
  kit::metrics::registry metrics;
  kit::metrics::statsd_exporter exporter{metrics, to, {.push = {.interval = 1s}}};
  kit::testing::loop loop;
};

kit::metrics::statsd_options every_second(std::vector<std::string>& errors) {
  return {.push = {.interval = 1s, .drain_timeout = 2s, .on_error = [&](const kit::error& e) {
                     errors.emplace_back(e.message());
                   }}};
}

}  // namespace

TEST_CASE("push: lines are packed into datagrams, and never split") {
  statsd s(statsd_of({}), 40);
  for (const char* name : {"a", "b", "c", "d"})
    s.metrics.counter({.name = name}).add(1);
  CHECK(s.loop.start(s.exporter.flush()).value().has_value());
  CHECK(s.to->sent() ==
        std::vector<std::string>{"a:1.000000|c\nb:1.000000|c\nc:1.000000|c\n", "d:1.000000|c\n"});
  CHECK(s.exporter.stats().values_sent == 4);
  CHECK(s.exporter.stats().bytes_sent == 52);
}

TEST_CASE("push: both lines of a negative gauge go together, a long line alone") {
  statsd s(statsd_of({}), 30);
  s.metrics.counter({.name = "a"}).add(1);
  s.metrics.counter({.name = std::string(40, 'b')}).add(1);
  s.metrics.counter({.name = "c"}).add(1);
  s.metrics.gauge({.name = "g"}).set(-1);
  CHECK(s.loop.start(s.exporter.flush()).value().has_value());
  CHECK(s.to->sent() ==
        std::vector<std::string>{"a:1.000000|c\n", std::string(40, 'b') + ":1.000000|c\n",
                                 "c:1.000000|c\n", "g:0.000000|g\ng:-1.000000|g\n"});
}

TEST_CASE("push: a datagram of 1432 bytes at most by default") {
  statsd s(statsd_of({}));
  const auto h = s.metrics.histogram({.name = "h"});
  for (int i = 0; i < 1'000; ++i)
    h.observe(i);
  CHECK(s.loop.start(s.exporter.flush()).value().has_value());
  std::string all;
  for (const auto& one : s.to->sent()) {
    CHECK(one.size() <= 1'432);
    CHECK(one.back() == '\n');
    all += one;
  }
  CHECK(s.to->sent().size() <= 14);
  CHECK(kit::testing::sum_lines(all, R"(h:(\d+\.0+)\|ms)") == 499'500);
}

TEST_CASE("push: nothing is sent when there is nothing") {
  statsd s(statsd_of({}));
  CHECK(s.flush() == "");
  CHECK(s.to->is_open());
  CHECK(s.exporter.stats().failures == 0);
}

TEST_CASE("push: while it can't be opened all waits, within bounds [metrics/statsd:7]") {
  auto options = statsd_of({});
  options.max_values = 3;
  statsd s(options);
  const auto c = s.metrics.counter({.name = "c"});
  const auto g = s.metrics.gauge({.name = "g"});
  const auto h = s.metrics.histogram({.name = "h"});
  s.to->fail_open();
  for (int i = 1; i <= 5; ++i) {
    c.add(1);
    g.set(i);
    h.observe(i);
    const auto e = s.failing();
    CHECK(e == errc::unavailable);
    CHECK(e.message() == "metrics to recording: Connection refused");
  }
  CHECK(s.exporter.stats().failures == 5);
  CHECK(s.exporter.stats().values_lost == 0);  // known when values are taken
  s.to->fail_open({});
  CHECK(s.flush() == "c:5.000000|c\ng:5.000000|g\nh:1.000000|ms\nh:2.000000|ms\nh:3.000000|ms\n");
  CHECK(s.exporter.stats().values_lost == 2);
  CHECK(s.exporter.stats().values_sent == 5);
  CHECK(s.flush() == "");
}

TEST_CASE("push: what a failed datagram says of a series is sent again [metrics/statsd:7]") {
  statsd s(statsd_of({}), 15);  // one line each
  const auto a = s.metrics.counter({.name = "a"});
  const auto b = s.metrics.counter({.name = "b"});
  const auto g = s.metrics.gauge({.name = "g"});
  const auto h = s.metrics.histogram({.name = "h"});
  a.add(1);
  b.add(1);
  CHECK(s.flush() == "a:1.000000|c\nb:1.000000|c\n");
  a.add(2);
  b.add(2);
  g.set(3);
  h.observe(4);
  h.observe(5);
  s.to->answer(failing_at("b:", asio::error::would_block));
  CHECK(s.failing().message().starts_with("metrics to recording: "));
  // A full buffer: the ones after it were tried.
  CHECK(s.to->take() == "a:2.000000|c\ng:3.000000|g\nh:4.000000|ms\nh:5.000000|ms\n");
  s.to->answer(nullptr);
  b.add(4);
  CHECK(s.flush() == "b:6.000000|c\n");
  CHECK(s.flush() == "");
  CHECK(s.exporter.stats().failures == 1);
  CHECK(s.exporter.stats().values_lost == 0);
  CHECK(s.exporter.stats().values_sent == 7);
}

TEST_CASE("push: a lost server ends the flush; single values are lost and counted") {
  statsd s(statsd_of({}), 15);
  const auto a = s.metrics.counter({.name = "a"});
  const auto b = s.metrics.counter({.name = "b"}, {"l"});
  const auto g = s.metrics.gauge({.name = "g"});
  const auto h = s.metrics.histogram({.name = "h"});
  a.add(1);
  b.with("x").add(1);
  g.set(1);
  h.observe(1);
  h.observe(2);
  s.to->answer(failing_at("b", refused));
  CHECK(s.failing().code() == errc::unavailable);
  CHECK(s.to->take() == "a:1.000000|c\n");
  CHECK(s.exporter.stats().values_lost == 2);
  b.with("y").add(1);
  s.to->answer(failing_at("b.l.y", refused));
  s.failing();
  CHECK(s.to->take() == "b.l.x:1.000000|c\n");
  s.to->answer(nullptr);
  CHECK(s.flush() == "b.l.y:1.000000|c\ng:1.000000|g\n");
  CHECK(s.flush() == "");
}

TEST_CASE("push: a series removed and made again while the server is down counts from zero") {
  statsd s(statsd_of({}));
  const auto c = s.metrics.counter({.name = "c"}, {"l"});
  c.with("x").add(5);
  CHECK(s.flush() == "c.l.x:5.000000|c\n");
  c.with("x").add(5);
  s.to->answer(failing_at("c", refused));
  s.failing();
  c.remove("x");
  s.now += 1s;
  c.with("x").add(7);
  s.failing();
  s.to->answer(nullptr);
  CHECK(s.flush() == "c.l.x:7.000000|c\n");
}

TEST_CASE("push: a line that is too long for the network is lost, and nothing else") {
  statsd s(statsd_of({}), 15);
  s.metrics.counter({.name = "long"}).add(1);
  s.metrics.counter({.name = "z"}).add(1);
  s.to->answer(failing_at("long", asio::error::message_size));
  s.failing();
  CHECK(s.to->take() == "z:1.000000|c\n");
  CHECK(s.exporter.stats().values_lost == 1);
  CHECK(s.flush() == "");
}

TEST_CASE("push: of a piece that went out in part only the rest is sent again") {
  statsd s(statsd_of({}));
  for (const char* name : {"a", "b", "c"})
    s.metrics.counter({.name = name}).add(1);
  s.to->answer([](std::string_view) { return io_result{asio::error::connection_reset, 30}; });
  s.failing();
  CHECK(s.to->take() == "a:1.000000|c\nb:1.000000|c\nc:1.");
  s.to->answer(nullptr);
  CHECK(s.flush() == "c:1.000000|c\n");
}

TEST_CASE("push: sends each interval, tells failures, and goes on [metrics/statsd:8]") {
  std::vector<std::string> errors;
  statsd s(every_second(errors));
  const auto c = s.metrics.counter({.name = "c"});
  c.add(1);
  const auto running = s.loop.start(s.exporter.run());
  CHECK(s.to->take() == "");
  s.loop.advance(1s);
  CHECK(s.to->take() == "c:1.000000|c\n");
  s.to->fail_open();
  c.add(1);
  s.loop.advance(2s);
  CHECK(errors == std::vector<std::string>(2, "metrics to recording: Connection refused"));
  CHECK(s.to->take() == "");
  s.to->fail_open({});
  s.loop.advance(1s);
  CHECK(s.to->take() == "c:1.000000|c\n");
  CHECK(running.pending());
}

TEST_CASE("push: stopped, it sends a last time and closes [metrics/statsd:8]") {
  std::vector<std::string> errors;
  statsd s(every_second(errors));
  const auto c = s.metrics.counter({.name = "c"});
  auto running = s.loop.start(s.exporter.run());
  s.loop.advance(1500ms);
  c.add(2);
  running.cancel();
  s.loop.run();
  CHECK_NOTHROW(running.value());
  CHECK(s.to->take() == "c:2.000000|c\n");
  CHECK_FALSE(s.to->is_open());

  auto again = s.loop.start(s.exporter.run());
  c.add(3);
  s.to->fail_open();
  again.cancel();
  s.loop.run();
  CHECK_NOTHROW(again.value());
  CHECK(errors == std::vector<std::string>{"metrics to recording: Connection refused"});
}

TEST_CASE("push: stopped while it sends, the last flush has the rest, and nothing twice") {
  slow_push f;
  f.metrics.histogram({.name = "h"}).observe(1);
  auto running = f.loop.start(f.exporter.run());
  f.loop.advance(1100ms);  // "a" is through
  running.cancel();
  f.loop.advance(1s);
  CHECK_NOTHROW(running.value());
  CHECK(f.to->got == "a:1.000000|c\nb:1.000000|c\nc:1.000000|c\n");
  CHECK(f.exporter.stats().values_lost == 1);
  CHECK(f.exporter.stats().values_sent == 3);
}

TEST_CASE("push: a second cancellation cuts the last flush short, but not the closing") {
  slow_push f;
  auto running = f.loop.start(f.exporter.run());
  f.loop.advance(500ms);
  running.cancel();
  f.loop.advance(150ms);
  running.cancel();
  f.loop.run();
  CHECK(running.done());
  CHECK_NOTHROW(running.value());
  CHECK(f.to->got == "a:1.000000|c\n");
  CHECK(f.to->waited_for_close == 1);
}

TEST_CASE("push: several exporters of one registry, each with all") {
  statsd one(statsd_of({}));
  const auto other_to = std::make_shared<kit::testing::recording_sender>();
  kit::metrics::statsd_exporter other(one.metrics, other_to, statsd_of({.prefix = "p."}));
  const auto c = one.metrics.counter({.name = "c"});
  const auto h = one.metrics.histogram({.name = "h"});
  c.add(1);
  h.observe(1);
  CHECK(one.flush() == "c:1.000000|c\nh:1.000000|ms\n");
  c.add(1);
  CHECK(one.loop.start(other.flush()).value().has_value());
  CHECK(other_to->take() == "p.c:2.000000|c\np.h:1.000000|ms\n");
  CHECK(one.flush() == "c:1.000000|c\n");
}

TEST_CASE("push: what threads count during flushes arrives once [metrics/labels:6,7]") {
  statsd s(statsd_of({}));
  const auto c = s.metrics.counter({.name = "c"}, {"l"});
  const auto h = s.metrics.histogram({.name = "h"});
  constexpr int threads = 4;
  constexpr int each = 5'000;
  std::atomic<int> running = threads;
  std::vector<std::thread> counting;
  for (int t = 0; t < threads; ++t) {
    counting.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        c.with(t % 2).add(1);
        h.observe(1);
      }
      --running;
    });
  }
  std::string all;
  while (running > 0) {
    all += s.flush();
    (void)s.exporter.stats();
  }
  for (auto& t : counting)
    t.join();
  all += s.flush();
  CHECK(kit::testing::sum_lines(all, R"(c\.l\.0:(.*)\|c)") == threads / 2 * each);
  CHECK(kit::testing::sum_lines(all, R"(c\.l\.1:(.*)\|c)") == threads / 2 * each);
  CHECK(kit::testing::sum_lines(all, R"(h:(.*)\|ms)") == threads * each);
  CHECK(s.exporter.stats().values_lost == 0);
}

TEST_CASE("push: what became of values are metrics, too") {
  statsd s(statsd_of({}), 15);
  const kit::metrics::registry about;
  const auto observed = s.exporter.observe(about);
  s.metrics.counter({.name = "c"}).add(1);
  s.metrics.histogram({.name = "h"}).observe(1);
  s.to->answer(failing_at("h", refused));
  s.failing();
  const auto seen = about.collect();
  const auto of = [&](const char* name) { return value_in(seen, name, {"recording"}); };
  CHECK(of("cokit_push_values_sent_total") == 1);
  CHECK(of("cokit_push_values_lost_total") == 1);
  CHECK(of("cokit_push_bytes_sent_total") == 13);
  CHECK(of("cokit_push_failures_total") == 1);
}

TEST_CASE("push: options out of range are refused") {
  using test::refusal;
  const auto refused_with = [](kit::metrics::push_options o) {
    return refusal([&] { statsd s(kit::metrics::statsd_options{.push = o}); });
  };
  CHECK(refused_with({.interval = 0s}) ==
        "invalid_argument: push_options::interval: must be positive");
  CHECK(refused_with({.drain_timeout = -1s}) ==
        "invalid_argument: push_options::drain_timeout: must not be negative");
  CHECK(refusal([] { kit::metrics::statsd_exporter e(kit::metrics::registry(), nullptr); }) ==
        "invalid_argument: a metrics exporter: has no sender");
}

TEST_CASE("push: a text by itself") {
  kit::testing::loop loop;
  kit::testing::recording_sender to;
  CHECK(loop.start(kit::metrics::send_text(to, "_e{1,0}:t|\n")).value().has_value());
  CHECK(to.take() == "_e{1,0}:t|\n");
  to.fail_open();
  CHECK(loop.start(kit::metrics::send_text(to, "x")).error().message() ==
        "recording: Connection refused");
}
