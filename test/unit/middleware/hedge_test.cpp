#include <middleware/hedge.hpp>

#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <middleware/retry.hpp>

using namespace std::chrono_literals;
using kit::duration;
using kit::errc;
using kit::error;
using kit::middleware::hedge;
using kit::middleware::hedge_limits;
using kit::middleware::hedge_options;

namespace {

struct request {
  std::string text;
};
using ep = kit::endpoint<request, int>;

// Each call takes its turn's time, and fails or answers its number.
struct callee {
  struct turn {
    duration takes{};
    bool fails = false;
    bool stubborn = false;  // takes no notice of being cancelled
  };
  std::vector<turn> turns;
  int calls = 0;
  int running = 0;

  ep endpoint() {
    return [this](request) { return call(*this); };
  }
  static asio::awaitable<kit::result<int>> call(callee& self) {
    const int n = self.calls++;
    const auto turn = self.turns.at(static_cast<std::size_t>(n) % self.turns.size());
    struct inside {
      int& n;
      explicit inside(int& count) : n(++count) {}
      ~inside() { --n; }
    } const in(self.running);
    if (turn.stubborn) {
      co_await asio::this_coro::throw_if_cancelled(false);
      co_await kit::wait_until(kit::timer_wheel::of(co_await asio::this_coro::executor).now() +
                               turn.takes);
      co_await kit::sleep_for(turn.takes);
    } else if (turn.takes > duration::zero()) {
      co_await kit::sleep_for(turn.takes);
    }
    if (turn.fails) co_return kit::fail(errc::internal, "turn " + std::to_string(n));
    co_return n;
  }
};

struct fixture {
  kit::testing::loop loop;
  callee to;
  hedge_options options{.limits = hedge_limits{.delay = 10ms}, .idempotent = true};
  kit::context log = kit::context().with(kit::decision_log());

  auto ask() {
    const auto call = kit::chain(hedge(options))(to.endpoint(), "sum");
    return loop.start(kit::with_context(log, call.try_call(request{})));
  }
  std::string said() const {
    std::string all;
    for (const auto& d : log.get<kit::decision_log>()->decisions())
      all += std::string(d.kind->verb) + " ";
    return all;
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "hedge: what is quick is asked once") {
  to.turns = {{9ms}};
  const auto c = ask();
  loop.advance(9ms);
  CHECK(c.value() == 0);
  CHECK(to.calls == 1);
  CHECK(said().empty());
}

TEST_CASE_FIXTURE(fixture, "hedge: a second request, and the answer that comes first") {
  SUBCASE("of the second; the first is cancelled") {
    to.turns = {{1h}, {5ms}};
    const auto c = ask();
    loop.advance(10ms);
    CHECK(to.calls == 2);
    loop.advance(5ms);
    CHECK(c.value() == 1);
    CHECK(said() == "hedged second_won ");
  }
  SUBCASE("of the first") {
    to.turns = {{12ms}, {1h}};
    const auto c = ask();
    loop.advance(10ms);
    loop.advance(2ms);
    CHECK(c.value() == 0);
    CHECK(said() == "hedged ");
  }
  CHECK(to.running == 0);
}

TEST_CASE_FIXTURE(fixture, "hedge: the loser is waited for") {
  to.turns = {{20ms, false, true}, {1ms}};
  const auto c = ask();
  loop.advance(10ms);
  loop.advance(1ms);
  CHECK(c.pending());
  CHECK(to.running == 1);
  loop.advance(20ms);
  loop.advance(20ms);
  CHECK(c.value() == 1);
  CHECK(to.running == 0);
}

TEST_CASE_FIXTURE(fixture, "hedge: failures") {
  SUBCASE("before the second is sent, it is the call's") {
    to.turns = {{5ms, true}};
    const auto c = ask();
    loop.advance(5ms);
    CHECK(c.error() == error(errc::internal, "turn 0"));
    CHECK(to.calls == 1);
  }
  SUBCASE("of one, the other one's answer counts") {
    to.turns = {{12ms, true}, {30ms}};
    const auto c = ask();
    loop.advance(10ms);
    loop.advance(2ms);
    CHECK(c.pending());
    loop.advance(30ms);
    CHECK(c.value() == 1);
  }
  SUBCASE("of both, it's the first one's") {
    to.turns = {{12ms, true}, {30ms, true}};
    const auto c = ask();
    loop.advance(10ms);
    loop.advance(30ms);
    CHECK(c.error() == error(errc::internal, "turn 0"));
  }
  CHECK(to.running == 0);
}

TEST_CASE_FIXTURE(fixture, "hedge: an answer that the classifier calls a failure doesn't win") {
  options.classify = [](const kit::outcome& o) {
    return kit::classification{.failure = o.ok() && *o.response<int>() == 1};
  };
  to.turns = {{20ms}, {1ms}};
  auto c = ask();
  loop.advance(10ms);
  loop.advance(1ms);
  CHECK(c.pending());
  loop.advance(9ms);
  CHECK(c.value() == 0);
}

TEST_CASE_FIXTURE(fixture, "hedge: a call that is cancelled cancels both, and waits for them") {
  to.turns = {{1h}};
  auto c = ask();
  SUBCASE("before the second") {}
  SUBCASE("after it") {
    loop.advance(10ms);
  }
  SUBCASE("when they take their time") {
    to.turns = {{20ms, false, true}};
    c = ask();
    loop.advance(10ms);
    c.cancel();
    loop.run();
    CHECK(c.pending());
    loop.advance(20ms);
    loop.advance(20ms);
    loop.advance(20ms);
    CHECK(c.done());
    return;
  }
  c.cancel();
  loop.run();
  CHECK(c.error() == errc::canceled);
  CHECK(to.running == 0);
}

TEST_CASE_FIXTURE(fixture, "hedge: by the context's deadline") {
  to.turns = {{1h}};
  const auto call = kit::chain(hedge(options))(to.endpoint());
  const auto c = loop.start(kit::with_timeout(50ms, call.try_call(request{})));
  loop.advance(10ms);
  loop.advance(40ms);
  CHECK(c.error() == errc::deadline_exceeded);
  CHECK(to.running == 0);
}

TEST_CASE_FIXTURE(fixture, "hedge: second requests come out of a budget") {
  options.budget = kit::retry_budget(kit::retry_budget_limits{.ratio = 0.1, .min_per_second = 0});
  to.turns = {{50ms}};
  const auto call = kit::chain(hedge(options))(to.endpoint(), "sum");
  for (int i = 0; i < 50; ++i)
    (void)loop.start(call.try_call(request{}));
  loop.advance(10ms);
  CHECK(to.calls == 55);
  loop.advance(100ms);
}

TEST_CASE_FIXTURE(fixture, "hedge: without a delay it waits as long as most calls take") {
  options.limits = hedge_limits{.min_delay = 2ms};
  const auto call = kit::chain(hedge(options))(to.endpoint(), "sum");
  const auto ask_it = [&] { return loop.start(call.try_call(request{})); };
  to.turns = {{1h}};
  auto c = ask_it();
  loop.advance(10s);
  CHECK(to.calls == 1);  // it doesn't know yet
  c.cancel();
  loop.run();

  to.turns = {{20ms}};
  for (int i = 0; i < 20; ++i)
    (void)ask_it();
  loop.advance(20ms);
  to = {.turns = {{1h}, {1ms}}};
  c = ask_it();
  loop.advance(19ms);
  CHECK(to.calls == 1);
  loop.advance(1ms);
  CHECK(to.calls == 2);
  loop.advance(1ms);
  CHECK(c.value() == 1);
}

namespace {
struct picky {
  bool once = false;
  bool idempotent() const { return !once; }
};
}  // namespace

TEST_CASE_FIXTURE(fixture, "hedge: only calls that may be made twice") {
  options.idempotent = false;
  CHECK_THROWS_AS(kit::chain(hedge(options))(to.endpoint()), error);
  int calls = 0;
  const kit::endpoint<picky, int> slow = [&](picky) -> asio::awaitable<int> {
    const int n = ++calls;
    co_await kit::sleep_for(15ms);
    co_return n;
  };
  const auto call = kit::chain(hedge(options))(slow);
  (void)loop.start(call.try_call(picky{.once = true}));
  loop.advance(15ms);
  CHECK(calls == 1);
  (void)loop.start(call.try_call(picky{}));
  loop.advance(10ms);
  CHECK(calls == 3);
}

TEST_CASE_FIXTURE(fixture, "hedge: a call whose loop goes") {
  to.turns = {{1h}};
  const auto call = kit::chain(hedge(options))(to.endpoint());
  {
    kit::testing::loop other;
    auto c = other.start(call.try_call(request{}));
    other.advance(10ms);
    CHECK(to.running == 2);
  }
  CHECK(to.running == 0);
}

TEST_CASE("hedge: limits out of range") {
  CHECK_THROWS_AS(require_valid(hedge_limits{.delay = -1s}), error);
  CHECK_THROWS_AS(require_valid(hedge_limits{.min_delay = -1s}), error);
}

TEST_CASE_FIXTURE(fixture, "hedge: a call counts once for a budget that a retry shares") {
  to.turns = {{}};
  options.budget = kit::retry_budget(kit::retry_budget_limits{.ratio = 0.2, .min_per_second = 0});
  const auto call = kit::chain(kit::middleware::retry({.budget = options.budget}), hedge(options))(
      to.endpoint(), "sum");
  for (int i = 0; i < 100; ++i)
    CHECK(loop.start(call.try_call(request{})).value());
  CHECK(options.budget->left(loop.now()) == doctest::Approx(20));
}
