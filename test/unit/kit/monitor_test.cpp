#include <kit/monitor.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <kit/testing/loop.hpp>

using namespace std::chrono_literals;
using kit::monitor;
using kit::wake;

namespace {

asio::awaitable<wake> wait(monitor& m, kit::time_point limit = kit::time_point::max()) {
  co_return co_await m.wait(m.lock(), limit);
}

// Waits inside an object that its own frame holds.
asio::awaitable<void> wait_in_own_frame(std::shared_ptr<int> witness) {
  monitor m;
  co_await m.wait(m.lock());
  (void)witness;
}

void notify(monitor& m, bool all) {
  const auto lock = m.lock();
  all ? m.notify_all() : m.notify_one();
}

// A queue of numbers with one monitor.
struct channel {
  asio::awaitable<int> take() {
    auto lock = guard.lock();
    while (items.empty()) {
      co_await guard.wait(std::move(lock));
      lock = guard.lock();
    }
    const int i = items.back();
    items.pop_back();
    co_return i;
  }
  void put(int i) {
    const auto lock = guard.lock();
    items.push_back(i);
    guard.notify_one();
  }
  monitor guard;
  std::vector<int> items;
};

asio::awaitable<void> take_all(channel& from, std::atomic<int>& sum, int count) {
  for (int i = 0; i < count; ++i)
    sum += co_await from.take();
}

}  // namespace

TEST_CASE("monitor: notify_one wakes the first that waits, in a later round") {
  kit::testing::loop loop;
  monitor m;
  auto first = loop.start(wait(m)), second = loop.start(wait(m));
  notify(m, false);
  CHECK(first.pending());
  loop.run();
  CHECK(first.value() == wake::notified);
  CHECK(second.pending());
  notify(m, false);
  notify(m, false);  // nobody is left
  loop.run();
  CHECK(second.value() == wake::notified);
  auto third = loop.start(wait(m));
  CHECK(third.pending());
}

TEST_CASE("monitor: notify_all wakes all that wait") {
  kit::testing::loop loop;
  monitor m;
  auto first = loop.start(wait(m)), second = loop.start(wait(m));
  notify(m, true);
  loop.run();
  CHECK(first.value() == wake::notified);
  CHECK(second.value() == wake::notified);
}

TEST_CASE("monitor: a limit ends the wait, and the coroutine is forgotten") {
  kit::testing::loop loop;
  monitor m;
  auto first = loop.start(wait(m, loop.now() + 50ms)), second = loop.start(wait(m));
  loop.advance(49ms);
  CHECK(first.pending());
  loop.advance(1ms);
  CHECK(first.value() == wake::timed_out);
  notify(m, false);
  loop.run();
  CHECK(second.value() == wake::notified);
}

TEST_CASE("monitor: cancellation ends the wait, and the next notification reaches the next") {
  kit::testing::loop loop;
  monitor m;
  auto first = loop.start(wait(m)), second = loop.start(wait(m));
  first.cancel();
  notify(m, false);
  loop.run();
  CHECK(first.value() == wake::cancelled);
  CHECK(second.value() == wake::notified);
}

TEST_CASE("monitor: destroying it wakes all as cancelled") {
  kit::testing::loop loop;
  std::optional<monitor> m(std::in_place);
  auto first = loop.start(wait(*m)), second = loop.start(wait(*m));
  m.reset();
  loop.run();
  CHECK(first.value() == wake::cancelled);
  CHECK(second.value() == wake::cancelled);
}

TEST_CASE("monitor: a coroutine that waits on what its own frame holds ends with the loop") {
  auto witness = std::make_shared<int>();
  {
    kit::testing::loop loop;
    auto call = loop.start(wait_in_own_frame(witness));
    CHECK(witness.use_count() == 2);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("monitor: the lock is free again when a cancelled coroutine never got to wait") {
  struct scenario {
    static asio::awaitable<void> run(monitor& m, asio::cancellation_signal& self) {
      auto lock = m.lock();
      self.emit(asio::cancellation_type::terminal);
      co_await m.wait(std::move(lock));  // throws
    }
  };
  kit::testing::loop loop;
  monitor m;
  asio::cancellation_signal signal;
  bool threw = false;
  asio::co_spawn(loop.context(), scenario::run(m, signal),
                 asio::bind_cancellation_slot(signal.slot(),
                                              [&](std::exception_ptr e) { threw = e != nullptr; }));
  loop.run();
  CHECK(threw);
  std::thread([&] { CHECK(m.lock().owns_lock()); }).join();
}

TEST_CASE("monitor: no notification is lost between threads") {
  asio::io_context context;
  channel c;
  std::atomic<int> sum = 0;
  constexpr int takers = 4, each = 500;
  for (int i = 0; i < takers; ++i) {
    asio::co_spawn(context, take_all(c, sum, each), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] { context.run(); });
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < takers * each / 2; ++i)
        c.put(1);
    });
  }
  for (auto& t : threads)
    t.join();
  CHECK(sum == takers * each);
}
