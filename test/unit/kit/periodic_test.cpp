#include <kit/periodic.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

using namespace std::chrono_literals;
using kit::errc;
using kit::error;

namespace {

struct fixture {
  explicit fixture(kit::periodic_options o = {.period = 10s, .drain_timeout = 5s}) {
    o.on_error = [this](const error& e) { errors.emplace_back(e.message()); };
    running.emplace(loop.start(kit::run_periodically([this] { return work(*this); }, o)));
  }

  static asio::awaitable<void> work(fixture& f) {
    ++f.begun;
    if (f.takes > 0s) co_await kit::sleep_for(f.takes);
    if (f.failing) throw error(errc::unavailable, "down");
    ++f.done;
  }
  void stop() {
    running->cancel();
    loop.run();
  }

  kit::testing::loop loop;
  kit::duration takes{};
  bool failing = false;
  int begun = 0, done = 0;
  std::vector<std::string> errors;
  std::optional<kit::testing::started<void>> running;
};

}  // namespace

TEST_CASE("periodic: works once a period, first after one") {
  fixture f;
  CHECK(f.begun == 0);
  f.loop.advance(9999ms);
  CHECK(f.begun == 0);
  f.loop.advance(1ms);
  CHECK(f.done == 1);
  f.loop.advance(30s);
  CHECK(f.done == 4);
  CHECK(f.running->pending());
}

TEST_CASE("periodic: the time that work takes counts, and rounds that were missed are left out") {
  fixture f;
  f.takes = 4s;
  f.loop.advance(20s);
  CHECK(f.begun == 2);  // at 10 and 20
  f.takes = 25s;
  f.loop.advance(10s);
  CHECK(f.begun == 3);  // at 30, until 55
  f.loop.advance(29'999ms);
  CHECK(f.begun == 3);
  f.loop.advance(1ms);
  CHECK(f.begun == 4);  // at 60
}

TEST_CASE("periodic: a failure is told, and work goes on") {
  fixture f;
  f.failing = true;
  f.loop.advance(20s);
  CHECK(f.errors == std::vector<std::string>{"down", "down"});
  f.failing = false;
  f.loop.advance(10s);
  CHECK(f.done == 1);
}

TEST_CASE("periodic: a last round when it is stopped") {
  fixture f;
  f.loop.advance(3s);
  f.stop();
  CHECK(f.done == 1);
  CHECK_NOTHROW(f.running->value());
  CHECK(f.errors.empty());
}

TEST_CASE("periodic: stopped during a round, that is cancelled, and there is a last one") {
  fixture f;
  f.takes = 2s;
  f.loop.advance(11s);
  CHECK(f.begun == 1);
  f.stop();
  CHECK(f.begun == 2);
  CHECK(f.done == 0);
  f.loop.advance(2s);
  CHECK(f.done == 1);
  CHECK_FALSE(f.running->pending());
  CHECK(f.errors.empty());
}

TEST_CASE("periodic: stopped when a round is due, before it has begun") {
  struct stopper {
    fixture& f;
    kit::timer due{kit::timer_wheel::of(f.loop.get_executor()), kit::on_due<&stopper::stop>, *this};
    void stop() { f.running->cancel(); }
  };
  fixture f;
  f.takes = 1h;
  stopper s{f};
  s.due.arm(f.loop.now() + 10s);  // at the same time, after the other
  f.loop.advance(10s);
  CHECK(f.begun == 1);  // the last
  f.loop.advance(5s);
  CHECK_FALSE(f.running->pending());
}

TEST_CASE("periodic: the last round has a limit, and can be cut short") {
  {
    fixture f;
    f.takes = 1h;
    f.stop();
    f.loop.advance(4999ms);
    CHECK(f.running->pending());
    f.loop.advance(1ms);
    CHECK_NOTHROW(f.running->value());
    CHECK(f.errors.size() == 1);
  }
  fixture f;
  f.takes = 1h;
  f.stop();
  f.stop();
  CHECK_NOTHROW(f.running->value());
  CHECK(f.errors.size() == 1);
}

TEST_CASE("periodic: no last round where none is wanted") {
  fixture f({.period = 10s, .drain_timeout = 0s});
  f.stop();
  CHECK_FALSE(f.running->pending());
  CHECK(f.begun == 0);
}

TEST_CASE("periodic: options out of range are refused") {
  kit::testing::loop loop;
  const auto nothing = []() -> asio::awaitable<void> { co_return; };
  CHECK(loop.start(kit::run_periodically(nothing, {.period = 0s})).error() ==
        errc::invalid_argument);
  CHECK(loop.start(kit::run_periodically(nothing, {.drain_timeout = -1s})).error() ==
        errc::invalid_argument);
}
