#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/strand.hpp>
#include <asio/thread_pool.hpp>

#include <kit/timer.hpp>

// Several threads run one loop. What counts is that ThreadSanitizer finds nothing.

using namespace std::chrono_literals;

namespace {

template <class F>
void run_threads(int count, F f) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&f, i] { f(i); });
  for (auto& t : threads)
    t.join();
}

asio::awaitable<void> sleep_many(int times, std::atomic<int>& done) {
  for (int i = 0; i < times; ++i)
    co_await kit::sleep_for(std::chrono::microseconds(100 * i));
  ++done;
}

// An owner that is destroyed while its function may be running on another thread.
struct owner {
  owner(kit::timer_wheel& wheel, std::atomic<int>& counter)
      : runs(counter), timer(wheel, kit::on_due<&owner::due>, *this) {}
  void due() {
    value = 2;  // a race with the destruction if that doesn't wait
    ++runs;
  }
  std::atomic<int>& runs;
  int value = 1;
  kit::timer timer;  // last: destroyed first
};

}  // namespace

TEST_CASE("timer: arming and destroying on several threads, each function runs once or never") {
  asio::io_context context;
  auto work = asio::make_work_guard(context);
  auto& wheel = kit::timer_wheel::of(context);
  std::atomic<int> runs = 0, prevented = 0, armed = 0, busy = 4;
  run_threads(8, [&](int thread) {
    if (thread >= 4) {
      context.run();
      return;
    }
    std::mt19937 random(static_cast<unsigned>(thread));
    for (int round = 0; round < 500; ++round) {
      std::vector<std::unique_ptr<owner>> owners;
      for (int i = 0; i < 10; ++i) {
        owners.push_back(std::make_unique<owner>(wheel, runs));
        owners.back()->timer.arm_after(std::chrono::microseconds(random() % 300));
        ++armed;
      }
      while (!owners.empty()) {
        if (owners.back()->timer.quiesce()) ++prevented;
        owners.pop_back();
      }
    }
    if (--busy == 0) work.reset();
  });
  CHECK(runs + prevented == armed);
  CHECK(wheel.armed() == 0);
}

TEST_CASE("timer: disarm races with the function, and one of them wins") {
  asio::io_context context;
  auto work = asio::make_work_guard(context);
  auto& wheel = kit::timer_wheel::of(context);
  std::atomic<int> runs = 0;
  int prevented = 0;
  constexpr int rounds = 300;
  run_threads(3, [&](int thread) {
    if (thread > 0) {
      context.run();
      return;
    }
    owner o(wheel, runs);
    for (int i = 0; i < rounds; ++i) {
      const int before = runs;
      o.timer.arm_after(0s);
      if (i % 2 == 0) std::this_thread::yield();
      if (o.timer.disarm()) {
        ++prevented;
        continue;
      }
      while (runs == before)
        std::this_thread::yield();
    }
    o.timer.quiesce();
    work.reset();
  });
  CHECK(runs + prevented == rounds);
}

TEST_CASE("sleep: on strands of a loop that several threads run") {
  asio::io_context context;
  std::atomic<int> done = 0;
  for (int i = 0; i < 20; ++i) {
    asio::co_spawn(asio::make_strand(context), sleep_many(10, done), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  }
  run_threads(4, [&](int) { context.run(); });
  CHECK(done == 20);
}

TEST_CASE("sleep: on a thread pool") {
  std::atomic<int> done = 0;
  asio::thread_pool pool(3);
  for (int i = 0; i < 10; ++i) {
    asio::co_spawn(pool, sleep_many(10, done), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  }
  pool.join();
  CHECK(done == 10);
}
