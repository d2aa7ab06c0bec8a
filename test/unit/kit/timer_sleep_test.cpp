#include <memory>

#include <doctest/doctest.h>
#include <asio/cancellation_state.hpp>
#include <asio/co_spawn.hpp>
#include <asio/strand.hpp>
#include <asio/system_error.hpp>
#include <asio/this_coro.hpp>

#include <kit/testing/loop.hpp>
#include <kit/timer.hpp>
#include "timers.hpp"

using namespace std::chrono_literals;
using namespace timers;
using kit::duration;
using kit::time_point;

namespace {

asio::awaitable<int> sleep_and_count(int times, duration span) {
  int n = 0;
  for (; n < times; ++n)
    co_await kit::sleep_for(span);
  co_return n;
}

asio::awaitable<void> sleep_uncancelled_below_total() {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await kit::sleep_for(1h);
}

// Sets a flag when its frame is destroyed.
asio::awaitable<void> sleep_with_witness(std::shared_ptr<int> witness) {
  co_await kit::sleep_for(1h);
  (void)witness;
}

bool aborted(const kit::testing::started<void>& s) {
  try {
    s.value();
    return false;
  } catch (const asio::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  }
}

}  // namespace

TEST_CASE("sleep: resumes at its time") {
  kit::testing::loop loop;
  auto three = loop.start(sleep_and_count(3, 100ms));
  loop.advance(299ms);
  CHECK(three.pending());
  loop.advance(1ms);
  CHECK(three.value() == 3);
}

TEST_CASE("sleep: works on a strand") {
  kit::testing::loop loop;
  auto three = loop.start_on(asio::make_strand(loop.get_executor()), sleep_and_count(3, 100ms));
  CHECK(three.pending());
  loop.advance(300ms);
  CHECK(three.value() == 3);
}

TEST_CASE("sleep: a span of zero yields to the loop") {
  kit::testing::loop loop;
  auto call = loop.start(sleep_and_count(1000, -1s));
  CHECK(call.value() == 1000);
}

TEST_CASE("sleep: until the end of time stays asleep, and ends with the loop") {
  auto witness = std::make_shared<int>();
  {
    kit::testing::loop loop;
    auto call = loop.start(kit::sleep_until(time_point::max()));
    auto other = loop.start(sleep_with_witness(witness));
    CHECK(witness.use_count() == 2);
    loop.advance(10min);
    CHECK(call.pending());
    CHECK(other.pending());
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("sleep: ends with a loop under the real clock, too") {
  auto witness = std::make_shared<int>();
  {
    asio::io_context context;
    asio::co_spawn(context, sleep_with_witness(witness), [](std::exception_ptr) {});
    context.poll();
    CHECK(witness.use_count() == 2);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("sleep: cancellation throws operation_aborted and disarms") {
  kit::testing::loop loop;
  auto call = loop.start(kit::sleep_for(1h));
  CHECK(loop.wheel().armed() == 1);
  call.cancel();
  loop.run();
  CHECK(aborted(call));
  CHECK(call.error() == kit::errc::canceled);
  CHECK(loop.wheel().armed() == 0);
}

TEST_CASE("sleep: is cancelled by the lesser kinds as well, when the coroutine lets them through") {
  for (auto type : {asio::cancellation_type::partial, asio::cancellation_type::total}) {
    kit::testing::loop loop;
    auto deaf = loop.start(kit::sleep_for(1h));
    auto call = loop.start(sleep_uncancelled_below_total());
    deaf.cancel(type);
    call.cancel(type);
    loop.run();
    CHECK(deaf.pending());
    CHECK(aborted(call));
  }
}

TEST_CASE("sleep: a cancellation that comes when it is already due changes nothing") {
  kit::testing::loop loop;
  auto call = loop.start(kit::sleep_for(5ms));
  acting at_the_same_time(loop.wheel(), [&] { call.cancel(); });
  at_the_same_time.timer.arm_after(5ms);
  loop.advance(5ms);
  CHECK(call.done());
  CHECK_FALSE(call.failed());
}
