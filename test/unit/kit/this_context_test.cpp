#include <kit/this_context.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <asio/co_spawn.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/use_future.hpp>
#include <doctest/doctest.h>

using asio::awaitable;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

struct user {
  int id = 0;
};

awaitable<int> user_id() {
  const kit::context& ctx = co_await kit::this_context();
  const auto* u = ctx.get<user>();
  co_return u ? u->id : -1;
}

awaitable<int> user_id_after_a_hop() {
  co_await asio::post(asio::use_awaitable);
  co_return co_await user_id();
}

awaitable<void> forever() {
  asio::steady_timer t(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
  co_await t.async_wait(asio::use_awaitable);
}

// Runs a coroutine to its end on every kind of executor Cokit is used on.
template <class F>
void on_each_executor(F start) {
  SUBCASE("io_context for one thread") {
    asio::io_context io(1);
    auto done = asio::co_spawn(io, start(), asio::use_future);
    io.run();
    done.get();
  }
  SUBCASE("io_context") {
    asio::io_context io;
    auto done = asio::co_spawn(io, start(), asio::use_future);
    io.run();
    done.get();
  }
  SUBCASE("strand of an io_context run by several threads") {
    asio::io_context io;
    auto done = asio::co_spawn(asio::make_strand(io), start(), asio::use_future);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&] { io.run(); });
    threads.clear();
    done.get();
  }
  SUBCASE("strand of a thread pool") {
    asio::thread_pool pool(2);
    auto done = asio::co_spawn(asio::make_strand(pool), start(), asio::use_future);
    done.get();
  }
}

kit::errc code_of(const std::exception_ptr& e) { return kit::to_error(e).code(); }

template <class T>
awaitable<kit::errc> outcome(awaitable<T> work) {
  try {
    co_await std::move(work);
    co_return kit::errc::ok;
  } catch (...) {
    co_return code_of(std::current_exception());
  }
}

}  // namespace

TEST_CASE("without a context a coroutine is in the background context") {
  on_each_executor([]() -> awaitable<void> {
    CHECK(co_await kit::this_context() == kit::context{});
    CHECK(co_await user_id() == -1);
  });
}

TEST_CASE("with_context: nested coroutines see the value, also after suspensions, and the caller doesn't") {
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
      const int strand =
          co_await asio::co_spawn(asio::make_strand(ex), user_id_after_a_hop(), asio::use_awaitable);
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
    for (int i = 0; i < 5; ++i) co_await asio::post(asio::use_awaitable);
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
  asio::co_spawn(io, all(), asio::use_future);
  io.run();
  CHECK(seen == std::vector{0, 1, 2, 3});
}

TEST_CASE("two requests at once never see each other's context") {
  on_each_executor([]() -> awaitable<void> {
    auto request = [](int id) -> awaitable<bool> {
      bool right = true;
      for (int i = 0; i < 20; ++i) {
        right = right && co_await user_id_after_a_hop() == id;
        right = right && co_await kit::with_context(
                             (co_await kit::this_context()).with(user{id + 1000}),
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
      CHECK(co_await outcome(kit::with_context(source.context(), forever())) == kit::errc::canceled);
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

TEST_CASE("with_timeout: time running out is deadline_exceeded, a cancelled caller is canceled") {
  on_each_executor([]() -> awaitable<void> {
    CHECK(co_await outcome(kit::with_timeout(1ms, forever())) == kit::errc::deadline_exceeded);
    kit::cancel_source source;
    std::jthread other([&] { source.cancel(); });
    auto waits = []() -> awaitable<void> { co_await kit::with_timeout(1h, forever()); };
    CHECK(co_await outcome(kit::with_context(source.context(), waits())) == kit::errc::canceled);
    CHECK(co_await kit::with_timeout(1h, user_id()) == -1);
  });
}

TEST_CASE("with_timeout tightens a deadline and never loosens it") {
  on_each_executor([]() -> awaitable<void> {
    auto deadline = []() -> awaitable<kit::time_point> {
      co_return (co_await kit::this_context()).deadline().value_or(kit::time_point::max());
    };
    auto nested = [&deadline]() -> awaitable<bool> {
      const auto outer = co_await deadline();
      const auto looser = co_await kit::with_timeout(2h, deadline());
      const auto tighter = co_await kit::with_timeout(1min, deadline());
      co_return outer == looser && tighter < outer;
    };
    CHECK(co_await kit::with_timeout(1h, nested()));
    CHECK(co_await deadline() == kit::time_point::max());
  });
}

TEST_CASE("with_timeout on work that yields a result returns the error instead of throwing") {
  on_each_executor([]() -> awaitable<void> {
    auto work = []() -> awaitable<kit::result<int>> {
      try {
        co_await forever();
      } catch (...) {
        co_return kit::fail(kit::to_error(std::current_exception()));
      }
      co_return 1;
    };
    auto r = co_await kit::with_timeout(1ms, work());
    REQUIRE(!r);
    CHECK(r.error() == kit::errc::deadline_exceeded);
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

TEST_CASE("a loop with suspended work below a context can be destroyed") {
  for (int hint : {1, 2}) {
    asio::io_context io(hint);
    kit::cancel_source source;
    auto nested = [&]() -> awaitable<void> {
      co_await kit::with_context(source.context(), kit::with_timeout(1h, forever()));
    };
    asio::co_spawn(io, nested(), [](std::exception_ptr) {});
    io.poll();
  }
}

TEST_CASE("an idle loop ends: contexts and timeouts leave nothing behind that keeps it running") {
  asio::io_context io(1);
  auto all = []() -> awaitable<void> {
    for (int i = 0; i < 100; ++i) {
      co_await kit::with_timeout(1h, kit::with_context(kit::context{}.with(user{i}), user_id_after_a_hop()));
    }
  };
  asio::co_spawn(io, all(), asio::use_future);
  const auto before = std::chrono::steady_clock::now();
  io.run();
  CHECK(std::chrono::steady_clock::now() - before < 10s);
}
