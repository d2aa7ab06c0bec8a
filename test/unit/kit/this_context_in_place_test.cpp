// Contexts that only add values are entered without a coroutine of their own, on loops run by one
// thread. What must not be seen from outside.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <asio/experimental/awaitable_operators.hpp>

#include <kit/testing/loop.hpp>
#include <kit/testing/recording_log.hpp>
#include <kit/this_context.hpp>
#include "coroutines.hpp"

using asio::awaitable;
using kit::context;
using namespace asio::experimental::awaitable_operators;
using namespace coroutines;
using namespace std::chrono_literals;

namespace {

// As inside a request.
template <class T>
T in_job(awaitable<T> work) {
  kit::testing::loop loop;
  const auto call = loop.start(kit::with_context(context().with(user{100}), std::move(work)));
  loop.advance(24h);
  return std::move(call.value());
}

awaitable<context> with_user(int id) {
  co_return (co_await kit::this_context()).with(user{id});
}

}  // namespace

TEST_CASE("in place: only where values alone differ") {
  const auto seen = in_job([]() -> awaitable<std::string> {
    const auto entered = [](asio::any_io_executor ex, context ctx) {
      const kit::detail::context_scope scope(ex, ctx);
      return scope.entered() ? 'y' : 'n';
    };
    const auto here = co_await kit::this_context();
    const kit::cancel_source source(here);
    std::string r;
    r += entered(co_await asio::this_coro::executor, here.with(user{1}));
    r += entered(co_await asio::this_coro::executor, context());
    r += entered(co_await asio::this_coro::executor, source.context());
    // A copy of a copy may be anybody's.
    const auto ex = co_await asio::this_coro::executor;
    const auto copy = ex;
    r += entered(copy, here);
    // A child has its own executor.
    r += co_await asio::co_spawn(
        ex,
        [](auto enter, context ctx) -> awaitable<char> {
          co_return enter(co_await asio::this_coro::executor, ctx);
        }(entered, here),
        asio::use_awaitable);
    co_return r;
  }());
  CHECK(seen == "yynnn");
  // Outside of a job there is no place to enter.
  kit::testing::loop loop;
  const auto outside = loop.start([]() -> awaitable<bool> {
    auto ctx = context();
    const kit::detail::context_scope scope(co_await asio::this_coro::executor, ctx);
    co_return scope.entered();
  }());
  CHECK_FALSE(outside.value());
}

TEST_CASE("in place: nested, one after the other, and back after returns and exceptions") {
  const auto seen = in_job([]() -> awaitable<std::vector<int>> {
    auto nested = []() -> awaitable<std::vector<int>> {
      std::vector<int> v{co_await user_id_after_a_hop()};
      v.push_back(co_await kit::with_context(co_await with_user(2), user_id_after_a_hop()));
      v.push_back(co_await user_id());
      co_return v;
    };
    auto failing = []() -> awaitable<void> {
      co_await asio::post(asio::use_awaitable);
      throw std::runtime_error("boom");
    };
    auto v = co_await kit::with_context(co_await with_user(1), nested());
    v.push_back(co_await user_id());
    const auto ctx = co_await with_user(3);
    CHECK(co_await outcome(kit::with_context(ctx, failing())) == kit::errc::unknown);
    v.push_back(co_await user_id_after_a_hop());
    co_return v;
  }());
  CHECK(seen == std::vector{1, 2, 1, 100, 100});
}

TEST_CASE("in place: children keep the context in which they were spawned") {
  const kit::testing::recording_log log;
  in_job([](kit::testing::recording_log l) -> awaitable<int> {
    auto late = [](kit::testing::recording_log to) -> awaitable<void> {
      for (int i = 0; i < 3; ++i)
        co_await asio::post(asio::use_awaitable);
      to.add(std::to_string(co_await user_id()));
    };
    auto spawning = [late](kit::testing::recording_log to) -> awaitable<void> {
      asio::co_spawn(co_await asio::this_coro::executor, late(to), rethrow);
    };
    co_await kit::with_context(co_await with_user(1), spawning(l));
    co_await kit::with_context(co_await with_user(2), spawning(l));
    co_await spawning(l);
    co_return 0;
  }(log));
  CHECK(log.take() == std::vector<std::string>{"1", "2", "100"});
}

TEST_CASE("in place: both sides of && and || have contexts of their own") {
  const auto seen = in_job([]() -> awaitable<std::vector<int>> {
    auto side = [](int id) -> awaitable<int> {
      int n = 0;
      for (int i = 0; i < 5; ++i)
        n += co_await kit::with_context(co_await with_user(id), user_id_after_a_hop());
      co_return n;
    };
    auto both = [side]() -> awaitable<std::vector<int>> {
      const auto [a, b] = co_await (side(1) && side(10));
      const auto c = co_await (side(100) || forever());
      co_return std::vector{a, b, std::get<0>(c), co_await user_id()};
    };
    auto v = co_await kit::with_context(co_await with_user(7), both());
    v.push_back(co_await user_id());
    co_return v;
  }());
  CHECK(seen == std::vector{5, 50, 500, 7, 100});
}

TEST_CASE("in place: cancelling the context around it cancels the work, and so does the deadline") {
  kit::testing::loop loop;
  auto nested = []() -> awaitable<void> {
    co_await kit::with_context(co_await with_user(1), forever());
  };
  const kit::cancel_source source;
  const auto cancelled = loop.start(kit::with_context(source.context(), nested()));
  source.cancel();
  loop.run();
  CHECK(cancelled.error() == kit::errc::canceled);
  const auto late = loop.start(kit::with_timeout(1s, nested()));
  loop.advance(1s);
  CHECK(late.error() == kit::errc::deadline_exceeded);
}

TEST_CASE("in place: a loop can be destroyed while a coroutine is in it") {
  for (int i = 0; i < 2; ++i) {
    kit::testing::loop loop;
    auto waiting = []() -> awaitable<void> {
      co_await kit::with_context(co_await with_user(1), kit::sleep_for(1h));
    };
    const auto call = loop.start(kit::with_context(context(), waiting()));
    CHECK(call.pending());
  }
}
