#include <csignal>
#include <string>

#include <doctest/doctest.h>
#include <unistd.h>
#include <asio/cancellation_state.hpp>
#include <asio/this_coro.hpp>

#include <kit/monitor.hpp>
#include <kit/runtime.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

#include "test/support/process.hpp"

// Real signals, sent to a process of its own.

namespace {

// What the process tells.
constexpr char started = 's', draining = 'd', cut = 'c', left = 'l';

struct behaviour {
  kit::runtime_options runtime;
  bool drains_at_once = false;
  bool deaf = false;
};

// A server: drains when cancelled, until its context is.
asio::awaitable<void> serve(const behaviour& b, test::process::teller tell) {
  const auto ctx = co_await kit::this_context();
  co_await asio::this_coro::throw_if_cancelled(false);
  tell(started);
  co_await kit::wait_until(kit::time_point::max());
  co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  tell(draining);
  if (b.drains_at_once) co_return;
  while (!ctx.cancelled())
    co_await kit::wait_until(kit::time_point::max());
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  tell(cut);
  if (b.deaf) co_await kit::wait_until(kit::time_point::max());
}

auto program(behaviour b) {
  return [b](test::process::teller tell) {
    kit::runtime rt(b.runtime);
    rt.on_each([&b, tell] { return serve(b, tell); });
    const int code = rt.run();
    tell(left);
    return code;
  };
}

}  // namespace

TEST_CASE("runtime: the first signal drains, and the exit code is 0") {
  for (int number : {SIGINT, SIGTERM}) {
    test::process p(
        program({.runtime = {.threads = 2, .handle_signals = true}, .drains_at_once = true}));
    CHECK(p.told(2) == std::string(2, started));
    p.send(number);
    CHECK(p.told(2) == std::string(2, draining));
    CHECK(p.told(2) == std::string(1, left));
    CHECK(p.wait() == 0);
  }
}

TEST_CASE("runtime: the second signal cuts the drain short, which the exit code tells") {
  for (std::size_t threads : {1U, 2U}) {
    test::process p(program({.runtime = {.threads = threads, .handle_signals = true}}));
    CHECK(p.told(threads) == std::string(threads, started));
    p.send(SIGTERM);
    CHECK(p.told(threads) == std::string(threads, draining));
    p.send(SIGINT);
    CHECK(p.told(threads) == std::string(threads, cut));
    CHECK(p.told(2) == std::string(1, left));
    CHECK(p.wait() == 128 + SIGINT);
  }
}

TEST_CASE("runtime: the third signal kills who doesn't listen") {
  test::process p(program({.runtime = {.handle_signals = true}, .deaf = true}));
  CHECK(p.told() == std::string(1, started));
  p.send(SIGTERM);
  CHECK(p.told() == std::string(1, draining));
  p.send(SIGTERM);
  CHECK(p.told() == std::string(1, cut));
  p.send(SIGTERM);
  CHECK(p.told().empty());
  CHECK(p.wait() == -SIGTERM);
}

TEST_CASE("runtime: leaves signals alone unless told to handle them, and once it has run") {
  test::process unhandled(program({}));
  CHECK(unhandled.told() == std::string(1, started));
  unhandled.send(SIGTERM);
  CHECK(unhandled.told().empty());
  CHECK(unhandled.wait() == -SIGTERM);

  test::process has_run([](test::process::teller tell) {
    kit::runtime rt({.handle_signals = true});
    rt.on(0, [] { return kit::sleep_for(kit::duration::zero()); });
    rt.run();
    tell(left);
    ::pause();
    return 0;
  });
  CHECK(has_run.told() == std::string(1, left));
  has_run.send(SIGTERM);
  CHECK(has_run.wait() == -SIGTERM);
}
