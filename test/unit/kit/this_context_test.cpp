#include <kit/this_context.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/local/connect_pair.hpp>
#include <asio/local/stream_protocol.hpp>

#include <kit/detail/loop.hpp>
#include <kit/monitor.hpp>
#include "coroutines.hpp"

using asio::awaitable;
using namespace asio::experimental::awaitable_operators;
using namespace coroutines;
using namespace std::chrono_literals;

TEST_CASE("without a context a coroutine is in the background context") {
  on_each_executor([]() -> awaitable<void> {
    CHECK(co_await kit::this_context() == kit::context{});
    CHECK(co_await user_id() == -1);
  });
}

TEST_CASE(
    "with_context: nested coroutines see the value, also after suspensions, and the caller "
    "doesn't") {
  on_each_executor([]() -> awaitable<void> {
    kit::context ctx = co_await kit::this_context();
    CHECK(co_await kit::with_context(ctx.with(user{7}), user_id()) == 7);
    CHECK(co_await kit::with_context(ctx.with(user{8}), user_id_after_a_hop()) == 8);
    CHECK(co_await user_id() == -1);
  });
}

TEST_CASE("the context survives && and ||") {
  on_each_executor([]() -> awaitable<void> {
    auto both = []() -> awaitable<int> {
      auto [a, b] = co_await (user_id_after_a_hop() && user_id());
      co_return a * 100 + b;
    };
    auto either = []() -> awaitable<int> {
      auto r = co_await (user_id_after_a_hop() || forever());
      co_return std::get<0>(r);
    };
    CHECK(co_await kit::with_context(kit::context{}.with(user{3}), both()) == 303);
    CHECK(co_await kit::with_context(kit::context{}.with(user{4}), either()) == 4);
  });
}

TEST_CASE("the context survives child spawns, strands and thread pools") {
  on_each_executor([]() -> awaitable<void> {
    auto spawning = []() -> awaitable<int> {
      auto ex = co_await asio::this_coro::executor;
      const int child = co_await asio::co_spawn(ex, user_id_after_a_hop(), asio::use_awaitable);
      const int strand = co_await asio::co_spawn(asio::make_strand(ex), user_id_after_a_hop(),
                                                 asio::use_awaitable);
      asio::thread_pool pool(1);
      const int elsewhere = co_await asio::co_spawn(
          kit::bind_context(pool.get_executor(), co_await kit::this_context()),
          user_id_after_a_hop(), asio::use_awaitable);
      co_return child * 10000 + strand * 100 + elsewhere;
    };
    CHECK(co_await kit::with_context(kit::context{}.with(user{11}), spawning()) == 111111);
  });
}

TEST_CASE("a child that outlives its request keeps the request's context, whatever runs after it") {
  asio::io_context io(1);
  std::vector<int> seen;
  auto late = [](std::vector<int>& out) -> awaitable<void> {
    for (int i = 0; i < 5; ++i)
      co_await asio::post(asio::use_awaitable);
    out.push_back(co_await user_id());
  };
  auto request = [&late](std::vector<int>& out) -> awaitable<void> {
    asio::co_spawn(co_await asio::this_coro::executor, late(out), [](std::exception_ptr) {});
  };
  auto all = [&]() -> awaitable<void> {
    for (int i = 0; i < 4; ++i) {
      co_await kit::with_context(kit::context{}.with(user{i}), request(seen));
    }
  };
  asio::co_spawn(io, all(), rethrow);
  io.run();
  CHECK(seen == std::vector{0, 1, 2, 3});
}

TEST_CASE("two requests at once never see each other's context") {
  on_each_executor([]() -> awaitable<void> {
    auto request = [](int id) -> awaitable<bool> {
      bool right = true;
      for (int i = 0; i < 20; ++i) {
        right = right && co_await user_id_after_a_hop() == id;
        right = right &&
                co_await kit::with_context((co_await kit::this_context()).with(user{id + 1000}),
                                           user_id_after_a_hop()) == id + 1000;
      }
      co_return right;
    };
    auto [a, b, c] = co_await (kit::with_context(kit::context{}.with(user{1}), request(1)) &&
                               kit::with_context(kit::context{}.with(user{2}), request(2)) &&
                               kit::with_context(kit::context{}.with(user{3}), request(3)));
    CHECK((a && b && c));
  });
}

TEST_CASE("cancelling a context cancels the pending operation below it, at any depth") {
  on_each_executor([]() -> awaitable<void> {
    auto source = std::make_shared<kit::cancel_source>();
    auto deep = []() -> awaitable<void> {
      kit::context ctx = co_await kit::this_context();
      co_await kit::with_context(ctx.with(user{1}), forever());
    };
    asio::co_spawn(
        co_await asio::this_coro::executor,
        [](auto s) -> awaitable<void> {
          co_await asio::post(asio::use_awaitable);
          s->cancel();
        }(source),
        [](std::exception_ptr) {});
    CHECK(co_await outcome(kit::with_context(source->context(), deep())) == kit::errc::canceled);
  });
}

TEST_CASE("a context can be cancelled from another thread") {
  on_each_executor([]() -> awaitable<void> {
    kit::cancel_source source;
    std::jthread other([&] { source.cancel(); });
    CHECK(co_await outcome(kit::with_context(source.context(), forever())) == kit::errc::canceled);
  });
}

TEST_CASE("work in a context that was cancelled before does not wait") {
  on_each_executor([]() -> awaitable<void> {
    kit::cancel_source source;
    source.cancel();
    for (int i = 0; i < 3; ++i) {
      CHECK(co_await outcome(kit::with_context(source.context(), forever())) ==
            kit::errc::canceled);
    }
    CHECK(co_await kit::with_context(kit::context{}.with(user{5}), user_id_after_a_hop()) == 5);
  });
}

TEST_CASE("cancelling the caller cancels the work") {
  on_each_executor([]() -> awaitable<void> {
    auto tick = []() -> awaitable<void> { co_await asio::post(asio::use_awaitable); };
    auto r = co_await (kit::with_context(kit::context{}.with(user{1}), forever()) || tick());
    CHECK(r.index() == 1);
  });
}

TEST_CASE("with_context moves values that can only be moved and have no default") {
  struct odd {
    explicit odd(int v) : value(std::make_unique<int>(v)) {}
    std::unique_ptr<int> value;
  };
  on_each_executor([]() -> awaitable<void> {
    auto make = []() -> awaitable<odd> { co_return odd(9); };
    CHECK(*(co_await kit::with_context(kit::context{}.with(user{1}), make())).value == 9);
  });
}

TEST_CASE("a coroutine that changed its cancellation state leaves no trace for the next one") {
  asio::io_context io(1);
  auto stubborn = []() -> awaitable<void> {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await asio::this_coro::throw_if_cancelled(false);
  };
  auto all = [&]() -> awaitable<void> {
    co_await kit::with_context(kit::context{}, stubborn());
    kit::cancel_source source;
    std::jthread other([&] { source.cancel(); });
    CHECK(co_await outcome(kit::with_context(source.context(), forever())) == kit::errc::canceled);
  };
  auto done = asio::co_spawn(io, all(), asio::use_future);
  io.run();
  done.get();
}

TEST_CASE(
    "with_context: what the work throws comes through, and the context is the caller's again") {
  on_each_executor([]() -> awaitable<void> {
    auto failing = []() -> awaitable<void> {
      co_await asio::post(asio::use_awaitable);
      throw std::runtime_error("boom");
    };
    const auto ctx = (co_await kit::this_context()).with(user{1});
    try {
      co_await kit::with_context(ctx, failing());
      FAIL("nothing thrown");
    } catch (const std::runtime_error& e) {
      CHECK(e.what() == std::string("boom"));
    }
    CHECK(co_await user_id() == -1);
  });
}

TEST_CASE("cancelling a context cancels timers, socket reads, monitor waits and nested contexts") {
  on_each_executor([]() -> awaitable<void> {
    auto sleeping = []() -> awaitable<void> { co_await kit::sleep_for(1h); };
    auto reading = []() -> awaitable<void> {
      auto ex = co_await asio::this_coro::executor;
      asio::local::stream_protocol::socket a(ex), b(ex);
      asio::local::connect_pair(a, b);
      char byte;
      co_await a.async_read_some(asio::buffer(&byte, 1), asio::use_awaitable);
    };
    auto waiting = []() -> awaitable<void> {
      kit::monitor m;
      if (co_await m.wait(m.lock()) == kit::wake::cancelled) throw kit::error(kit::errc::canceled);
    };
    auto nested = [](awaitable<void> work) -> awaitable<void> {
      const kit::cancel_source inner(co_await kit::this_context());
      co_await kit::with_context(inner.context().with(user{1}),
                                 kit::with_timeout(1h, std::move(work)));
    };
    auto cancelled = [](awaitable<void> work) -> awaitable<kit::errc> {
      auto source = std::make_shared<kit::cancel_source>();
      const auto ctx = source->context();
      asio::co_spawn(
          co_await asio::this_coro::executor,
          [](auto s) -> awaitable<void> {
            co_await asio::post(asio::use_awaitable);
            s->cancel();
          }(std::move(source)),
          rethrow);
      co_return co_await outcome(kit::with_context(ctx, std::move(work)));
    };
    CHECK(co_await cancelled(sleeping()) == kit::errc::canceled);
    CHECK(co_await cancelled(reading()) == kit::errc::canceled);
    CHECK(co_await cancelled(waiting()) == kit::errc::canceled);
    CHECK(co_await cancelled(nested(sleeping())) == kit::errc::canceled);
    CHECK(co_await cancelled(nested(reading())) == kit::errc::canceled);
    CHECK(co_await cancelled(nested(waiting())) == kit::errc::canceled);
  });
}

TEST_CASE("bind_context replaces a context, without_context takes it away, on any executor") {
  asio::io_context io;
  asio::thread_pool pool(1);
  const auto one = kit::context().with(user{1});
  const auto two = kit::context().with(user{2});
  for (const asio::any_io_executor& plain :
       {asio::any_io_executor(io.get_executor()), asio::any_io_executor(pool.get_executor()),
        asio::any_io_executor(asio::make_strand(io)),
        asio::any_io_executor(asio::make_strand(asio::any_io_executor(pool.get_executor())))}) {
    CHECK(kit::context_of(plain) == kit::context());
    const auto bound = kit::bind_context(plain, one);
    CHECK(kit::context_of(bound) == one);
    CHECK(bound != plain);
    CHECK(bound == kit::bind_context(plain, one));
    const auto again = kit::bind_context(bound, two);
    CHECK(kit::context_of(again) == two);
    CHECK(again != bound);
    CHECK(kit::without_context(again) == plain);
    CHECK(kit::context_of(asio::make_strand(bound)) == one);
    CHECK(kit::context_of(kit::bind_context(asio::make_strand(bound), two)) == two);
    CHECK(kit::context_of(kit::on_strand(bound)) == kit::context());
    const auto never = asio::require(bound, asio::execution::blocking.never);
    CHECK(kit::context_of(never) == one);
    CHECK(kit::context_of(asio::prefer(never, asio::execution::outstanding_work.tracked)) == one);
  }
}

TEST_CASE("a context's executor that is tracked keeps the loop running, and only that one") {
  asio::io_context io(1);
  const asio::any_io_executor bound = kit::bind_context(io.get_executor(), kit::context());
  io.poll();
  CHECK(io.stopped());
  io.restart();
  {
    const auto tracked = asio::prefer(bound, asio::execution::outstanding_work.tracked);
    const auto copy = tracked;
    const auto untracked = asio::prefer(copy, asio::execution::outstanding_work.untracked);
    io.poll();
    CHECK_FALSE(io.stopped());
  }
  io.poll();
  CHECK(io.stopped());
}
