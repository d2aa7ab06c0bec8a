#include <kit/testing/mock_endpoint.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>
#include <kit/timer.hpp>

using kit::errc;
using kit::error;
using kit::testing::mock_endpoint;
using namespace std::chrono_literals;

namespace {

struct ping {
  int n = 0;
  friend bool operator==(ping, ping) = default;
};
struct pong {
  std::unique_ptr<int> n;
};

}  // namespace

TEST_CASE("mock_endpoint: a call hangs until it is answered") {
  kit::testing::loop loop;
  auto [inner, handle] = mock_endpoint<ping, pong>();
  CHECK(handle.calls() == 0);
  const auto call = loop.start(inner(ping{7}));
  CHECK(handle.calls() == 1);
  CHECK(handle.waiting() == 1);
  const auto received = handle.next();
  CHECK(handle.waiting() == 0);
  CHECK(received.request() == ping{7});
  loop.advance(24h);
  CHECK(call.pending());
  CHECK(received.pending());

  received.answer(pong{std::make_unique<int>(8)});
  CHECK_FALSE(received.pending());
  CHECK(call.pending());
  loop.run();
  CHECK(*call.value().n == 8);
  CHECK_FALSE(received.cancelled());
}

TEST_CASE("loop: what a coroutine returned can be taken out of it") {
  kit::testing::loop loop;
  const std::string& text =
      loop.start([]() -> asio::awaitable<std::string> { co_return std::string(100, 'x'); }())
          .value();
  CHECK(text == std::string(100, 'x'));
  loop.start([]() -> asio::awaitable<void> { co_return; }()).value();
}

TEST_CASE("mock_endpoint: a call can be failed, by an error or any exception") {
  kit::testing::loop loop;
  auto [inner, handle] = mock_endpoint<ping, pong>();
  const auto first = loop.start(inner.try_call(ping{}));
  const auto second = loop.start(inner(ping{}));
  handle.next().fail(error(errc::unavailable, "down").with(5));
  handle.next().fail(std::make_exception_ptr(std::runtime_error("boom")));
  loop.run();
  CHECK(first.error() == error(errc::unavailable, "down"));
  CHECK(*first.error().get<int>() == 5);
  CHECK_THROWS_AS(second.value(), std::runtime_error);
}

TEST_CASE("mock_endpoint: calls are taken in order and answered in any") {
  kit::testing::loop loop;
  auto [inner, handle] = mock_endpoint<int, int>();
  const auto a = loop.start(inner(1));
  const auto b = loop.start(inner(2));
  const auto first = handle.next();
  const auto second = handle.next();
  CHECK(first.request() == 1);
  CHECK(second.request() == 2);
  second.answer(20);
  loop.run();
  CHECK(a.pending());
  CHECK(b.value() == 20);
}

TEST_CASE("mock_endpoint: a call tells that its caller was cancelled, and then takes any answer") {
  kit::testing::loop loop;
  auto [inner, handle] = mock_endpoint<int, int>();
  auto call = loop.start(inner(1));
  const auto received = handle.next();
  call.cancel();
  loop.run();
  CHECK(received.cancelled());
  CHECK_FALSE(received.pending());
  CHECK(call.error() == errc::canceled);
  received.answer(1);
  loop.run();
}

TEST_CASE("mock_endpoint: a call tells that its loop was destroyed") {
  auto [inner, handle] = mock_endpoint<int, int>();
  {
    kit::testing::loop loop;
    const auto call = loop.start(inner(1));
  }
  CHECK(handle.next().cancelled());
}

TEST_CASE("mock_endpoint: a call shows the context it was made in") {
  kit::testing::loop loop;
  auto [inner, handle] = mock_endpoint<int, int>();
  const auto call = loop.start(
      kit::with_timeout(50ms, kit::with_context(kit::context().with(ping{3}), inner(1))));
  CHECK(handle.next().context().get<ping>()->n == 3);
}

TEST_CASE("mock_endpoint: misuse is a logic_error") {
  kit::testing::loop loop;
  auto [inner, handle] = mock_endpoint<int, int>();
  CHECK_THROWS_AS(handle.next(), std::logic_error);
  const auto call = loop.start(inner(1));
  const auto received = handle.next();
  CHECK_THROWS_AS(handle.next(), std::logic_error);
  received.answer(1);
  CHECK_THROWS_AS(received.answer(2), std::logic_error);
  CHECK_THROWS_AS(received.fail(errc::internal), std::logic_error);
  loop.run();
  CHECK(call.value() == 1);
}

TEST_CASE("mock_endpoint: receive waits for the next call") {
  kit::testing::loop loop;
  auto [inner, handle] = mock_endpoint<int, int>();
  auto waiting = loop.start(handle.receive());
  CHECK(waiting.pending());
  const auto call = loop.start(inner(5));
  loop.run();
  waiting.value().answer(6);
  loop.run();
  CHECK(call.value() == 6);

  auto cancelled = loop.start(handle.receive());
  cancelled.cancel();
  loop.run();
  CHECK(cancelled.error() == errc::canceled);
}

TEST_CASE("mock_endpoint: without its handle calls fail, those that were taken don't") {
  kit::testing::loop loop;
  auto pair = std::make_unique<decltype(mock_endpoint<int, int>())>(mock_endpoint<int, int>());
  const auto inner = pair->endpoint;
  const auto taken = loop.start(inner(1));
  const auto received = pair->handle.next();
  const auto untaken = loop.start(inner(2));
  pair.reset();
  loop.run();
  CHECK(taken.pending());
  CHECK(untaken.error() == errc::unavailable);
  CHECK(loop.start(inner(3)).error() == errc::unavailable);
  received.answer(10);
  loop.run();
  CHECK(taken.value() == 10);
}
