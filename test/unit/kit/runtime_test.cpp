#include <kit/runtime.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <pthread.h>
#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/detail/loop.hpp>
#include <kit/error.hpp>
#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

using namespace std::chrono_literals;
using kit::runtime;
using kit::wake;

namespace {

// Sets down where it ran.
struct places {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::set<std::string> names;
  std::atomic<int> calls = 0;

  static asio::awaitable<void> visit(places& p) {
    const auto ex = co_await asio::this_coro::executor;
    REQUIRE(kit::detail::loop::of(ex) != nullptr);
    CHECK(kit::detail::loop::of(ex)->runs_here());  // one for one thread
    char name[16] = {};
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
    const std::lock_guard lock(p.mutex);
    p.threads.insert(std::this_thread::get_id());
    p.names.insert(name);
    ++p.calls;
  }
};

asio::awaitable<void> wait_forever() {
  co_await kit::sleep_for(24h);
}

// Behaves like a server: drains when cancelled, until its context is.
struct drainer {
  std::atomic<int> started = 0, draining = 0, cut = 0;

  static asio::awaitable<void> run(drainer& d) {
    const auto ctx = co_await kit::this_context();
    co_await asio::this_coro::throw_if_cancelled(false);
    ++d.started;
    CHECK(co_await kit::wait_until(kit::time_point::max()) == wake::cancelled);
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    ++d.draining;
    while (!ctx.cancelled())
      co_await kit::wait_until(kit::time_point::max());
    ++d.cut;
  }
};

void wait_for(const std::atomic<int>& count, int value) {
  while (count < value)
    std::this_thread::yield();
}

asio::awaitable<void> fail_with(std::string what) {
  throw std::runtime_error(what);
  co_return;
}

}  // namespace

TEST_CASE("runtime: a coroutine runs on each loop, each on a thread, the first on the caller's") {
  runtime rt({.threads = 3, .thread_name = "a-rather-long-name"});
  CHECK(rt.size() == 3);
  places p;
  rt.on_each([&p] { return places::visit(p); });
  CHECK(p.calls == 0);
  CHECK(rt.run() == 0);
  CHECK(p.calls == 3);
  CHECK(p.threads.size() == 3);
  CHECK(p.threads.contains(std::this_thread::get_id()));
  CHECK(p.names.contains("a-rather-long-1"));
  CHECK(p.names.contains("a-rather-long-2"));
}

TEST_CASE("runtime: a coroutine runs on the loop that was named") {
  runtime rt({.threads = 2});
  struct helper {
    static asio::awaitable<void> compare(asio::any_io_executor expected, std::atomic<int>& equal) {
      const auto ex = co_await asio::this_coro::executor;
      if (kit::without_context(ex) == expected) ++equal;
    }
  };
  std::atomic<int> equal = 0;
  for (std::size_t i : {0U, 1U, 1U})
    rt.on(i, [&equal, ex = rt.executor(i)] { return helper::compare(ex, equal); });
  CHECK(rt.run() == 0);
  CHECK(equal == 3);
}

TEST_CASE("runtime: takes as many loops as there are processors when told 0") {
  runtime rt({.threads = 0});
  CHECK(rt.size() >= 1);
}

TEST_CASE("runtime: with nothing to do it returns at once") {
  CHECK(runtime({.threads = 2}).run() == 0);
}

TEST_CASE("runtime: runs until the last coroutine has ended, on whichever loop") {
  runtime rt({.threads = 2});
  std::atomic<int> done = 0;
  struct helper {
    static asio::awaitable<void> count_after(kit::duration wait, std::atomic<int>& count) {
      co_await kit::sleep_for(wait);
      ++count;
    }
  };
  rt.on(0, [&done] { return helper::count_after(0ms, done); });
  rt.on(1, [&done] { return helper::count_after(20ms, done); });
  CHECK(rt.run() == 0);
  CHECK(done == 2);
}

TEST_CASE("runtime: loops hand work to each other") {
  runtime rt({.threads = 2});
  std::atomic<int> on_second = 0;
  struct helper {
    static asio::awaitable<std::thread::id> where() { co_return std::this_thread::get_id(); }
    static asio::awaitable<void> ask(asio::any_io_executor other, std::atomic<int>& different) {
      const auto there = co_await asio::co_spawn(other, where(), asio::use_awaitable);
      if (there != std::this_thread::get_id()) ++different;
    }
  };
  rt.on(0, [&, other = rt.executor(1)] { return helper::ask(other, on_second); });
  CHECK(rt.run() == 0);
  CHECK(on_second == 1);
}

TEST_CASE("runtime: stop cancels each coroutine, cancel their context as well") {
  runtime rt({.threads = 2});
  drainer d;
  rt.on_each([&d] { return drainer::run(d); });
  std::thread controller([&] {
    wait_for(d.started, 2);
    rt.stop();
    wait_for(d.draining, 2);
    rt.stop();  // does nothing
    CHECK(d.cut == 0);
    rt.cancel();
    rt.cancel();
  });
  CHECK(rt.run() == 0);
  controller.join();
  CHECK(d.cut == 2);
}

TEST_CASE("runtime: cancel alone does both") {
  runtime rt;
  drainer d;
  rt.on(0, [&d] { return drainer::run(d); });
  std::thread controller([&] {
    wait_for(d.started, 1);
    rt.cancel();
  });
  CHECK(rt.run() == 0);
  controller.join();
  CHECK(d.draining == 1);
  CHECK(d.cut == 1);
}

TEST_CASE("runtime: stopped before it runs, it starts the coroutines and stops them") {
  runtime rt;
  drainer d;
  rt.on(0, [&d] { return drainer::run(d); });
  rt.cancel();
  CHECK(rt.run() == 0);
  CHECK(d.cut == 1);
}

TEST_CASE("runtime: a coroutine that gives up when stopped has not failed") {
  runtime rt({.threads = 2});
  rt.on_each(wait_forever);
  rt.stop();
  CHECK(rt.run() == 0);
}

TEST_CASE("runtime: a coroutine that gives up though nobody stopped it has failed") {
  runtime rt;
  struct helper {
    static asio::awaitable<void> give_up() {
      throw kit::error(kit::errc::canceled);
      co_return;
    }
  };
  rt.on(0, helper::give_up);
  CHECK_THROWS_AS(rt.run(), kit::error);
}

TEST_CASE("runtime: the first exception of a coroutine stops the rest, and run throws it") {
  runtime rt({.threads = 2});
  drainer d;
  struct helper {
    static asio::awaitable<void> fail_when_started(drainer& other) {
      while (other.started < 1)
        co_await kit::sleep_for(0s);
      throw std::runtime_error("first");
    }
    static asio::awaitable<void> fail_when_stopped(runtime& rt, drainer& other) {
      co_await asio::this_coro::throw_if_cancelled(false);
      co_await kit::wait_until(kit::time_point::max());
      while (other.draining < 1)
        std::this_thread::yield();
      rt.cancel();
      throw std::runtime_error("second");
    }
  };
  rt.on(0, [&d] { return drainer::run(d); });
  rt.on(1, [&d] { return helper::fail_when_started(d); });
  rt.on(1, [&rt, &d] { return helper::fail_when_stopped(rt, d); });
  CHECK_THROWS_WITH_AS(rt.run(), "first", std::runtime_error);
  CHECK(d.cut == 1);
}

TEST_CASE("runtime: so does an exception of another handler on its loops") {
  runtime rt({.threads = 2});
  rt.on_each(wait_forever);
  asio::post(rt.executor(1), [] { throw std::runtime_error("handler"); });
  CHECK_THROWS_WITH_AS(rt.run(), "handler", std::runtime_error);
}

TEST_CASE("runtime: an exception from what makes a coroutine is the coroutine's") {
  runtime rt;
  rt.on(0, []() -> asio::awaitable<void> { throw std::runtime_error("make"); });
  CHECK_THROWS_WITH_AS(rt.run(), "make", std::runtime_error);
}

TEST_CASE("runtime: runs once") {
  runtime rt;
  rt.on(0, [] { return fail_with("once"); });
  CHECK_THROWS_AS(rt.run(), std::runtime_error);
  try {
    rt.run();
    FAIL("ran twice");
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::failed_precondition);
  }
  CHECK_THROWS_AS(rt.on(0, wait_forever), kit::error);
}

TEST_CASE("runtime: a loop that there isn't is refused") {
  runtime rt({.threads = 2});
  CHECK_THROWS_AS(rt.on(2, wait_forever), kit::error);
  CHECK_THROWS_AS(rt.executor(2), kit::error);
}

namespace {

// A frame that keeps another loop busy, and looks at it when it is destroyed.
asio::awaitable<void> hold(std::shared_ptr<int> witness, asio::any_io_executor other) {
  const auto work = asio::make_work_guard(other);
  struct poster {
    asio::any_io_executor to;
    std::shared_ptr<int> something;
    ~poster() {
      asio::post(to, [s = something] { ++*s; });
    }
  } posts{other, witness};
  co_await kit::sleep_for(24h);
}

}  // namespace

TEST_CASE("runtime: what is left on its loops is destroyed with it, whatever refers to what") {
  auto witness = std::make_shared<int>();
  bool run = false;
  SUBCASE("run") {
    run = true;
  }
  SUBCASE("never run") {}
  {
    runtime rt({.threads = 2});
    for (std::size_t i : {0U, 1U}) {
      asio::co_spawn(rt.executor(i), hold(witness, rt.executor(1 - i)), [](std::exception_ptr) {});
      rt.on(i, [witness] { return kit::sleep_for(1ms); });
    }
    if (run) CHECK(rt.run() == 0);
  }
  CHECK(witness.use_count() == 1);
  CHECK(*witness == 0);
}
