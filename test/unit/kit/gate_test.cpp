#include <kit/gate.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/strand.hpp>

#include <kit/error.hpp>
#include <kit/testing/loop.hpp>

using namespace std::chrono_literals;
using kit::gate;

TEST_CASE("gate: closing an empty one waits for nobody") {
  kit::testing::loop loop;
  gate g;
  CHECK(loop.start(g.close()).value());
  CHECK(g.closed());
}

TEST_CASE("gate: closing waits until the last has left") {
  kit::testing::loop loop;
  gate g;
  auto first = g.enter();
  auto second = g.try_enter();
  CHECK(g.size() == 2);
  auto closing = loop.start(g.close());
  CHECK(closing.pending());
  first = {};
  loop.run();
  CHECK(closing.pending());
  CHECK(g.size() == 1);
  second = {};
  loop.run();
  CHECK(closing.value());
}

TEST_CASE("gate: nobody enters a closed one") {
  gate g;
  auto inside = g.enter();
  {
    const auto not_awaited = g.close();
  }
  CHECK_FALSE(g.try_enter());
  try {
    auto late = g.enter();
    FAIL("entered");
  } catch (const kit::error& e) {
    CHECK(e == kit::errc::unavailable);
    CHECK(e.message() == "the gate is closed");
  }
  CHECK(g.size() == 1);
}

TEST_CASE("gate: a holder that moved leaves once") {
  gate g;
  auto a = g.enter();
  auto b = std::move(a);
  CHECK_FALSE(a);
  CHECK(b);
  CHECK(g.size() == 1);
  b = g.enter();
  CHECK(g.size() == 1);
  b = gate::holder();
  CHECK(g.size() == 0);
}

TEST_CASE("gate: closing tells when its time is over, and may be waited for again") {
  kit::testing::loop loop;
  gate g;
  auto inside = g.enter();
  auto closing = loop.start(g.close(5s));
  loop.advance(4999ms);
  CHECK(closing.pending());
  loop.advance(1ms);
  CHECK_FALSE(closing.value());
  auto again = loop.start(g.close(5s));
  inside = {};
  loop.run();
  CHECK(again.value());
}

TEST_CASE("gate: several may wait for it to be empty") {
  kit::testing::loop loop;
  gate g;
  auto inside = g.enter();
  auto one = loop.start(g.close());
  auto two = loop.start(g.close());
  inside = {};
  loop.run();
  CHECK(one.value());
  CHECK(two.value());
}

TEST_CASE("gate: a cancelled wait throws, and leaves it closed") {
  kit::testing::loop loop;
  gate g;
  auto inside = g.enter();
  auto closing = loop.start(g.close());
  closing.cancel();
  loop.run();
  CHECK(closing.error() == kit::errc::canceled);
  CHECK(g.closed());
}

TEST_CASE("gate: may go while somebody is inside, and while one waits for that") {
  kit::testing::loop loop;
  std::optional<gate> g(std::in_place);
  auto inside = g->enter();
  auto closing = loop.start(g->close());
  g.reset();
  loop.run();
  CHECK(closing.pending());
  inside = {};
  loop.run();
  CHECK(closing.value());
}

namespace {

asio::awaitable<void> come_and_go(gate& g, std::atomic<int>& inside, std::atomic<int>& entered) {
  for (;;) {
    auto h = g.try_enter();
    if (!h) co_return;
    ++inside;
    ++entered;
    co_await kit::sleep_for(0s);
    --inside;
  }
}

asio::awaitable<void> close_when(gate& g, std::atomic<int>& entered, int enough,
                                 std::atomic<int>& inside, int& left) {
  while (entered < enough)
    co_await kit::sleep_for(0s);
  CHECK(co_await g.close());
  left = inside;
}

}  // namespace

TEST_CASE("gate: after closing nobody is inside, whatever thread they are on") {
  asio::io_context context;
  gate g;
  std::atomic<int> inside = 0, entered = 0;
  int left = -1;
  for (int i = 0; i < 8; ++i) {
    asio::co_spawn(asio::make_strand(context), come_and_go(g, inside, entered),
                   [](std::exception_ptr e) { CHECK(e == nullptr); });
  }
  asio::co_spawn(asio::make_strand(context), close_when(g, entered, 200, inside, left),
                 [](std::exception_ptr e) { CHECK(e == nullptr); });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i)
    threads.emplace_back([&] { context.run(); });
  for (auto& t : threads)
    t.join();
  CHECK(left == 0);
}
