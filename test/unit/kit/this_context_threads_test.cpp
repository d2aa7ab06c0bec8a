// Cancelling from outside races with everything that a coroutine does: for the thread sanitizer.
#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/executor_work_guard.hpp>

#include <kit/monitor.hpp>
#include <kit/this_context.hpp>
#include "coroutines.hpp"

using asio::awaitable;
using kit::errc;
using namespace coroutines;
using namespace std::chrono_literals;

namespace {

constexpr int calls = 300;

// Waits in one of several ways, or hardly at all.
awaitable<void> work(int i) {
  switch (i % 4) {
    case 0:
      return kit::sleep_for(1h);
    case 1:
      return kit::sleep_for(0s);
    case 2:
      return [](int n) -> awaitable<void> {
        const kit::cancel_source inner(co_await kit::this_context());
        co_await kit::with_context(inner.context().with(user{n}), forever());
      }(i);
    default:
      return [](int n) -> awaitable<void> {
        // Not inside CHECK, which would take being cancelled for a failure.
        const int id = co_await kit::with_context((co_await kit::this_context()).with(user{n}),
                                                  user_id_after_a_hop());
        CHECK(id == n);
      }(i);
  }
}

awaitable<void> request(std::shared_ptr<kit::cancel_source> source, int i, std::atomic<int>& done) {
  const auto how = co_await outcome(
      kit::with_context(source->context(), kit::with_timeout(i % 3 == 0 ? 1ms : 1h, work(i))));
  CHECK((how == errc::ok || how == errc::canceled || how == errc::deadline_exceeded));
  ++done;
}

// Starts requests on the executor that `next` gives, and cancels each from this thread.
template <class Next>
void storm(Next next) {
  std::atomic<int> done = 0;
  std::vector<std::shared_ptr<kit::cancel_source>> sources;
  for (int i = 0; i < calls; ++i) {
    sources.push_back(std::make_shared<kit::cancel_source>());
    asio::co_spawn(next(), request(sources.back(), i, done), rethrow);
    if (i >= 5) sources[static_cast<std::size_t>(i) - 5]->cancel();
  }
  for (const auto& s : sources)
    s->cancel(errc::deadline_exceeded);
  while (done < calls)
    std::this_thread::yield();
}

}  // namespace

TEST_CASE("cancelling from another thread: a loop for one thread") {
  asio::io_context io(1);
  auto work_guard = asio::make_work_guard(io);
  std::jthread runs([&] { io.run(); });
  storm([&] { return io.get_executor(); });
  work_guard.reset();
}

TEST_CASE("cancelling from another thread: a loop run by several threads") {
  asio::io_context io;
  auto work_guard = asio::make_work_guard(io);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] { io.run(); });
  SUBCASE("each request on a strand") {
    storm([&] { return asio::make_strand(io.get_executor()); });
  }
  SUBCASE("requests without a strand") {
    storm([&] { return io.get_executor(); });
  }
  work_guard.reset();
}

TEST_CASE("cancelling from another thread: a thread pool") {
  asio::thread_pool pool(3);
  storm([&] { return asio::make_strand(pool); });
  pool.join();
}

TEST_CASE("one context cancels requests on several loops at once") {
  constexpr int rounds = 20;
  for (int round = 0; round < rounds; ++round) {
    const kit::cancel_source source;
    std::atomic<int> cancelled = 0;
    auto waiting = [](kit::context ctx, std::atomic<int>& n) -> awaitable<void> {
      if (co_await outcome(kit::with_context(ctx, forever())) == errc::canceled) ++n;
    };
    std::array<asio::io_context, 3> loops{asio::io_context(1), asio::io_context(1),
                                          asio::io_context()};
    std::vector<std::jthread> threads;
    for (auto& io : loops) {
      asio::co_spawn(io, waiting(source.context(), cancelled), rethrow);
      threads.emplace_back([&] { io.run(); });
    }
    source.cancel();
    threads.clear();
    CHECK(cancelled == 3);
  }
}

TEST_CASE("a loop is destroyed, or never run, while its requests' contexts are cancelled later") {
  std::vector<std::unique_ptr<kit::cancel_source>> sources;
  for (const int hint : {1, 2}) {
    asio::io_context io(hint);
    for (int i = 0; i < 10; ++i) {
      sources.push_back(std::make_unique<kit::cancel_source>());
      asio::co_spawn(io, kit::with_context(sources.back()->context(), forever()), rethrow);
    }
    io.poll();
  }
  for (const auto& s : sources)
    s->cancel();
}
