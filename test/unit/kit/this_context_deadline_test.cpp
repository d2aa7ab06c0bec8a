// with_deadline and with_timeout, by a clock that the test moves.
#include <optional>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>
#include <asio/experimental/awaitable_operators.hpp>

#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include "coroutines.hpp"

using asio::awaitable;
using kit::errc;
using kit::result;
using kit::with_context;
using kit::with_deadline;
using kit::with_timeout;
using namespace asio::experimental::awaitable_operators;
using namespace coroutines;
using namespace std::chrono_literals;

namespace {

awaitable<int> takes(kit::duration span) {
  co_await kit::sleep_for(span);
  co_return 7;
}
awaitable<result<int>> result_takes(kit::duration span) {
  try {
    co_await kit::sleep_for(span);
  } catch (...) {
    co_return kit::fail(kit::to_error(std::current_exception()));
  }
  co_return 7;
}
awaitable<std::optional<kit::time_point>> deadline() {
  co_return (co_await kit::this_context()).deadline();
}

}  // namespace

TEST_CASE("with_timeout: work that ends in time is none the wiser") {
  kit::testing::loop loop;
  const auto call = loop.start(with_timeout(50ms, takes(49ms)));
  loop.advance(48ms);
  CHECK(call.pending());
  loop.advance(1ms);
  CHECK(call.value() == 7);
  CHECK(loop.wheel().armed() == 0);
}

TEST_CASE("with_timeout: at its end the work is cancelled and the error is deadline_exceeded") {
  kit::testing::loop loop;
  const auto call = loop.start(with_timeout(50ms, takes(1h)));
  loop.advance(49ms);
  CHECK(call.pending());
  loop.advance(1ms);
  CHECK(call.failed());
  CHECK(call.error() == errc::deadline_exceeded);
  CHECK(kit::to_error(call.error().cause()) == errc::canceled);
}

TEST_CASE("with_timeout: a caller that gives up is canceled, not late") {
  kit::testing::loop loop;
  auto by_asio = loop.start(with_timeout(50ms, takes(1h)));
  by_asio.cancel();
  loop.run();
  CHECK(by_asio.error() == errc::canceled);

  const kit::cancel_source source;
  const auto by_context = loop.start(with_context(source.context(), with_timeout(50ms, takes(1h))));
  source.cancel();
  loop.run();
  CHECK(by_context.error() == errc::canceled);
}

TEST_CASE("with_timeout: of work that yields a result the error is returned") {
  kit::testing::loop loop;
  const auto late = loop.start(with_timeout(50ms, result_takes(1h)));
  loop.advance(50ms);
  CHECK_FALSE(late.failed());
  CHECK(late.error() == errc::deadline_exceeded);
  auto cancelled = loop.start(with_timeout(50ms, result_takes(1h)));
  cancelled.cancel();
  loop.run();
  CHECK_FALSE(cancelled.failed());
  CHECK(cancelled.error() == errc::canceled);
  const auto good = loop.start(with_timeout(50ms, result_takes(0s)));
  CHECK(good.value() == 7);
}

TEST_CASE("with_timeout: of work that yields a result nothing is thrown") {
  kit::testing::loop loop;
  auto throwing = []() -> awaitable<result<int>> {
    throw std::runtime_error("boom");
    co_return 1;
  };
  const auto call = loop.start(with_timeout(50ms, throwing()));
  CHECK_FALSE(call.failed());
  CHECK(call.error() == kit::error(errc::unknown, "boom"));
}

TEST_CASE("with_timeout: other errors of the work stay as they are, even late") {
  kit::testing::loop loop;
  auto stubborn = []() -> awaitable<int> {
    co_await outcome(takes(1h));
    throw std::runtime_error("boom");
    co_return 1;
  };
  const auto call = loop.start(with_timeout(50ms, stubborn()));
  loop.advance(50ms);
  CHECK_THROWS_AS(call.value(), std::runtime_error);
}

TEST_CASE("with_timeout: a value that the work yields all the same is returned") {
  kit::testing::loop loop;
  auto stubborn = []() -> awaitable<int> {
    co_await outcome(takes(1h));
    co_return 3;
  };
  const auto call = loop.start(with_timeout(50ms, stubborn()));
  loop.advance(50ms);
  CHECK(call.value() == 3);
}

TEST_CASE("with_timeout: an && that was late is late, though Asio reports several exceptions") {
  kit::testing::loop loop;
  auto both = []() -> awaitable<int> {
    const auto [a, b] = co_await (takes(1h) && takes(2h));
    co_return a + b;
  };
  const auto call = loop.start(with_timeout(50ms, both()));
  loop.advance(50ms);
  CHECK(call.error() == errc::deadline_exceeded);
}

TEST_CASE("with_deadline: in the past the work doesn't start") {
  kit::testing::loop loop;
  auto started = [](bool& flag) -> awaitable<int> {
    flag = true;
    co_return 1;
  };
  auto result_started = [](bool& flag) -> awaitable<result<int>> {
    flag = true;
    co_return 1;
  };
  bool flag = false;
  CHECK(loop.start(with_deadline(loop.now() - 1s, started(flag))).error() ==
        errc::deadline_exceeded);
  CHECK(loop.start(with_deadline(loop.now(), started(flag))).error() == errc::deadline_exceeded);
  CHECK(loop.start(with_timeout(0s, started(flag))).error() == errc::deadline_exceeded);
  CHECK(loop.start(with_timeout(-1s, started(flag))).error() == errc::deadline_exceeded);
  const auto returned = loop.start(with_timeout(0s, result_started(flag)));
  CHECK_FALSE(returned.failed());
  CHECK(returned.error() == errc::deadline_exceeded);
  CHECK_FALSE(flag);
}

TEST_CASE("with_timeout: the longest one is no limit") {
  kit::testing::loop loop;
  const auto call = loop.start(with_timeout(kit::duration::max(), deadline()));
  CHECK(call.value() == std::nullopt);
}

TEST_CASE("with_timeout: tightens a deadline and never loosens it") {
  kit::testing::loop loop;
  const auto start = loop.now();
  CHECK(loop.start(deadline()).value() == std::nullopt);
  CHECK(loop.start(with_timeout(1h, deadline())).value() == start + 1h);
  CHECK(loop.start(with_timeout(1h, with_timeout(2h, deadline()))).value() == start + 1h);
  CHECK(loop.start(with_timeout(1h, with_timeout(1min, deadline()))).value() == start + 1min);
  CHECK(loop.start(with_deadline(start + 5s, with_deadline(start + 5s, deadline()))).value() ==
        start + 5s);

  const auto call = loop.start(with_timeout(50ms, with_timeout(1h, takes(2h))));
  loop.advance(50ms);
  CHECK(call.error() == errc::deadline_exceeded);
}

TEST_CASE("with_timeout: who is late inside doesn't make the caller late") {
  kit::testing::loop loop;
  auto caller = []() -> awaitable<int> {
    CHECK(co_await outcome(with_timeout(50ms, takes(1h))) == errc::deadline_exceeded);
    CHECK_FALSE((co_await kit::this_context()).cancelled());
    co_return co_await takes(1s);
  };
  const auto call = loop.start(with_timeout(1h, caller()));
  loop.advance(50ms);
  CHECK(call.pending());
  loop.advance(1s);
  CHECK(call.value() == 7);
}

TEST_CASE("with_timeout: lets a coroutine that was cancelled clean up, if it has said so") {
  kit::testing::loop loop;
  auto cleaning = [](std::string& log) -> awaitable<void> {
    co_await outcome(takes(1h));
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await takes(10ms);
    log += "cleaned";
    if (co_await outcome(with_timeout(1s, takes(1h))) == errc::deadline_exceeded) log += ", late";
  };
  std::string log;
  auto call = loop.start(cleaning(log));
  call.cancel();
  loop.run();
  loop.advance(10ms);
  CHECK(log == "cleaned");
  loop.advance(1s);
  CHECK(log == "cleaned, late");
  CHECK(call.done());
}

TEST_CASE("with_timeout: a loop can be destroyed before the time is up") {
  for (const bool in_request : {true, false}) {
    kit::testing::loop loop;
    auto work = with_timeout(1h, with_timeout(1min, takes(2h)));
    if (in_request) work = with_context(kit::context(), std::move(work));
    const auto call = loop.start(std::move(work));
    CHECK(call.pending());
  }
}

TEST_CASE(
    "with_timeout: in real time it ends by itself, and leaves nothing that keeps a loop running") {
  on_each_executor([]() -> awaitable<void> {
    CHECK(co_await outcome(with_timeout(1ms, forever())) == errc::deadline_exceeded);
    for (int i = 0; i < 100; ++i) {
      const auto seen = co_await with_timeout(
          1h, with_context(kit::context().with(user{i}), user_id_after_a_hop()));
      CHECK(seen == i);
    }
  });
}
