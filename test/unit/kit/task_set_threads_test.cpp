#include <atomic>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/this_coro.hpp>
#include <asio/thread_pool.hpp>

#include <kit/task_set.hpp>
#include <kit/timer.hpp>

// Loops that several threads run. What counts is that ThreadSanitizer finds nothing, too.

using namespace std::chrono_literals;
using kit::task_set;

namespace {

void run_threads(asio::io_context& context, int count) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&] { context.run(); });
  for (auto& t : threads)
    t.join();
}

asio::awaitable<void> count_up(std::atomic<int>& sum) {
  ++sum;
  co_await kit::sleep_for(0s);
  ++sum;
}

// Unsynchronized: a race unless everything is on one strand.
asio::awaitable<void> count_up_plainly(int& sum) {
  ++sum;
  co_await kit::sleep_for(0s);
  ++sum;
}

asio::awaitable<void> spawn_many(task_set& tasks, std::atomic<int>& sum, int times) {
  for (int i = 0; i < times; ++i)
    co_await tasks.spawn("t", count_up(sum));
}

asio::awaitable<void> join(task_set& tasks, kit::task_report& report) {
  report = co_await tasks.join();
}

asio::awaitable<void> spawn_and_join(task_set& tasks, std::atomic<int>& sum, int times,
                                     kit::task_report& report) {
  co_await spawn_many(tasks, sum, times);
  report = co_await tasks.join();
}

void must_not_throw(std::exception_ptr e) {
  if (e) std::rethrow_exception(e);
}

}  // namespace

TEST_CASE("task_set: several coroutines fill one set, within its limit, on several threads") {
  asio::io_context context;
  task_set tasks(context.get_executor(), {.limit = 5});
  std::atomic<int> sum = 0;
  for (int i = 0; i < 4; ++i)
    asio::co_spawn(asio::make_strand(context), spawn_many(tasks, sum, 200), must_not_throw);
  run_threads(context, 4);
  CHECK(sum == 4 * 200 * 2);
  CHECK(tasks.size() == 0);
}

TEST_CASE("task_set: on a strand all tasks are on it") {
  asio::io_context context;
  task_set tasks(asio::make_strand(context));
  int sum = 0;
  for (int i = 0; i < 500; ++i)
    CHECK(tasks.try_spawn("t", count_up_plainly(sum)));
  run_threads(context, 4);
  CHECK(sum == 1000);
}

TEST_CASE("task_set: on a thread pool") {
  asio::thread_pool pool(3);
  task_set tasks(pool.get_executor());
  std::atomic<int> sum = 0;
  kit::task_report report;
  asio::co_spawn(pool, spawn_and_join(tasks, sum, 200, report), must_not_throw);
  pool.join();
  CHECK(sum == 400);
  CHECK(report.all_ended());
}

TEST_CASE("task_set: cancelled from another thread, whatever its tasks are at") {
  for (int round = 0; round < 30; ++round) {
    asio::io_context context;
    task_set tasks(context.get_executor());
    std::atomic<int> started = 0;
    kit::task_report report;
    struct helper {
      static asio::awaitable<void> nap_forever(std::atomic<int>& count) {
        ++count;
        for (;;)
          co_await kit::sleep_for(100us);
      }
    };
    for (int i = 0; i < 20; ++i)
      CHECK(tasks.try_spawn("t", helper::nap_forever(started)));
    asio::co_spawn(asio::make_strand(context), join(tasks, report), must_not_throw);
    std::thread canceller([&] {
      while (started < 10)
        std::this_thread::yield();
      tasks.cancel();
    });
    run_threads(context, 3);
    canceller.join();
    CHECK(report.failed == 0);
    CHECK(tasks.size() == 0);
  }
}

TEST_CASE("task_set: filled from outside of its loop, of one thread and of several") {
  for (int threads : {1, 3}) {
    asio::io_context context(threads);
    task_set tasks(context.get_executor());
    std::atomic<int> sum = 0;
    std::thread filler([&] {
      for (int i = 0; i < 300; ++i)
        if (!tasks.try_spawn("t", count_up(sum))) std::terminate();
    });
    auto work = asio::make_work_guard(context);
    std::thread ender([&] {
      filler.join();
      while (tasks.size() > 0)
        std::this_thread::yield();
      work.reset();
    });
    run_threads(context, threads);
    ender.join();
    CHECK(sum == 600);
  }
}
