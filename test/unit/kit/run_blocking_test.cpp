#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>

#include <kit/run_blocking.hpp>
#include <kit/this_context.hpp>

#include "coroutines.hpp"

namespace {

struct tenant {
  int id;
};

using coroutines::rethrow;

}  // namespace

TEST_CASE("run_blocking: on a thread of the pool, and back in the caller's context") {
  asio::io_context io(1);
  asio::thread_pool pool(2);
  bool over = false;
  auto all = [&]() -> asio::awaitable<void> {
    const auto here = std::this_thread::get_id();
    const auto ex = pool.get_executor();
    const auto there = co_await kit::run_blocking(ex, [] { return std::this_thread::get_id(); });
    CHECK(there != here);
    CHECK(std::this_thread::get_id() == here);
    CHECK((co_await kit::this_context()).get<tenant>()->id == 7);

    auto text = std::make_unique<std::string>("only moves");
    auto back =
        co_await kit::run_blocking(ex, [t = std::move(text)]() mutable { return std::move(t); });
    CHECK(*back == "only moves");

    int changed = 0;
    co_await kit::run_blocking(ex, [&] { changed = 1; });
    CHECK(changed == 1);

    bool caught = false;
    try {
      co_await kit::run_blocking(ex, [] { throw std::runtime_error("in the pool"); });
    } catch (const std::runtime_error& e) {
      caught = std::string(e.what()) == "in the pool";
    }
    CHECK(caught);
    over = true;
  };
  asio::co_spawn(io, kit::with_context(kit::context().with(tenant{7}), all()), rethrow);
  io.run();
  CHECK(over);
  pool.join();
}

TEST_CASE("run_blocking: the loop waits for it, and so does a caller that is cancelled") {
  asio::io_context io(1);
  asio::thread_pool pool(1);
  std::atomic<bool> go = false;
  bool finished = false;
  asio::cancellation_signal cancel;
  auto wait = [&]() -> asio::awaitable<void> {
    const int n = co_await kit::run_blocking(pool.get_executor(), [&] {
      go.wait(false);
      return 5;
    });
    CHECK(n == 5);
    finished = true;
  };
  asio::co_spawn(io, wait(), asio::bind_cancellation_slot(cancel.slot(), rethrow));
  asio::post(io, [&] {
    cancel.emit(asio::cancellation_type::terminal);
    CHECK_FALSE(finished);
    go = true;
    go.notify_all();
  });
  io.run();
  CHECK(finished);
  pool.join();
}

TEST_CASE("run_blocking: from many coroutines on several threads") {
  asio::io_context io;
  asio::thread_pool pool(3);
  std::atomic<int> sum = 0;
  auto add = [&](int n) -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i)
      sum += co_await kit::run_blocking(pool.get_executor(), [n] { return n; });
  };
  for (int n = 1; n <= 50; ++n)
    asio::co_spawn(io, add(n), rethrow);
  std::thread other([&] { io.run(); });
  io.run();
  other.join();
  CHECK(sum == 20 * 50 * 51 / 2);
  pool.join();
}
