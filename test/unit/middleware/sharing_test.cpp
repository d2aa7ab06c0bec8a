#include <middleware/cache.hpp>
#include <middleware/coalesce.hpp>
#include <middleware/idempotency.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/strand.hpp>
#include <asio/use_awaitable.hpp>

#include <kit/chain.hpp>
#include <kit/credentials.hpp>
#include <kit/decision_log.hpp>
#include <kit/identity.hpp>
#include <kit/metadata.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

#include "../../support/sharing.hpp"

// Layers by which several calls have one answer.

using namespace std::chrono_literals;
using kit::duration;
using kit::errc;
using kit::error;
using kit::middleware::cache;
using kit::middleware::cache_limits;
using kit::middleware::coalesce;
using kit::middleware::idempotency;
using test::sharing::ep;
using test::sharing::fixture;
using test::sharing::of;
using test::sharing::request;
using test::sharing::response;

// --- coalesce

TEST_CASE_FIXTURE(fixture, "coalesce: identical calls at the same time share one") {
  const auto call = kit::chain(coalesce())(handler, "sum");
  const auto ctx = kit::context().with(kit::decision_log());
  const auto one = ask(call), two = ask(call, "x", ctx), other = ask(call, "y");
  CHECK(calls == 2);
  loop.advance(10ms);
  CHECK(one.value()->n == 1);
  CHECK(two.value()->n == 1);
  CHECK(other.value()->n == 2);
  CHECK(n_of(call) == 3);
  CHECK(ctx.get<kit::decision_log>()->decisions().at(0).text() ==
        "coalesce shared: waits for the same call of another one");
}

TEST_CASE_FIXTURE(fixture, "coalesce: they share its error, too") {
  const auto call = kit::chain(coalesce())(handler);
  fails = error(errc::not_found, "nobody");
  const auto one = ask(call), two = ask(call);
  loop.advance(10ms);
  CHECK(one.error() == *fails);
  CHECK(two.error() == *fails);
  CHECK(calls == 1);
}

TEST_CASE_FIXTURE(fixture, "coalesce: nobody gets what is for another identity") {
  const auto call = kit::chain(coalesce())(handler);
  const auto a = ask(call, "x", of("alice")), b = ask(call, "x", of("bob")), none = ask(call);
  CHECK(calls == 3);
  loop.advance(10ms);
}

TEST_CASE_FIXTURE(fixture,
                  "coalesce: when the one who makes the call is cancelled, the next one "
                  "does") {
  const auto call = kit::chain(coalesce())(handler);
  auto one = ask(call), two = ask(call), three = ask(call);
  loop.advance(5ms);
  SUBCASE("as Asio cancels") {
    one.cancel();
    loop.run();
    CHECK(one.error() == errc::canceled);
  }
  SUBCASE("by a deadline of its own") {
    loop.advance(5ms);
    const kit::cancel_source source;
    one = ask(call, "z", source.context());
    two = ask(call, "z");
    three = ask(call, "z");
    calls = 1;
    source.cancel(errc::deadline_exceeded);
    loop.run();
    CHECK(one.error() == errc::deadline_exceeded);
  }
  CHECK(calls == 2);
  CHECK(running == 1);
  loop.advance(10ms);
  CHECK(two.value());
  CHECK(three.value());
  CHECK(calls == 2);
}

TEST_CASE_FIXTURE(fixture, "coalesce: one who waits may be cancelled") {
  const auto call = kit::chain(coalesce())(handler);
  auto one = ask(call), two = ask(call);
  two.cancel();
  loop.run();
  CHECK(two.error() == errc::canceled);
  loop.advance(10ms);
  CHECK(one.value());
  {
    kit::testing::loop other;
    (void)other.start(call.try_call(request{"x"}));
    two = ask(call);
    CHECK(running == 1);
  }
  loop.run();
  CHECK(running == 1);  // the other one's was destroyed, this one goes on
  loop.advance(10ms);
  CHECK(two.value());
}

TEST_CASE_FIXTURE(fixture, "coalesce: with too many calls at a time, further ones go alone") {
  const auto call = kit::chain(coalesce({.max_calls = 1}))(handler);
  const auto one = ask(call, "1"), two = ask(call, "2"), same = ask(call, "2");
  CHECK(calls == 3);
  loop.advance(10ms);
  CHECK(same.value());
  CHECK_THROWS_AS(coalesce({.max_calls = 0}), error);
}

TEST_CASE("coalesce: from several threads") {
  std::atomic<int> made = 0, answered = 0;
  const auto call = kit::chain(coalesce())(ep([&](request) -> asio::awaitable<response> {
    ++made;
    co_await kit::sleep_for(1ms);
    co_return response{};
  }));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      kit::testing::loop loop;
      for (int i = 0; i < 300; ++i) {
        auto c = loop.start(call.try_call(request{}));
        if ((i + t) % 5 == 0) c.cancel();
        for (; c.pending(); std::this_thread::yield())
          loop.advance(1ms);
        if (!c.failed() && c.value()) ++answered;
      }
    });
  }
  for (auto& t : threads)
    t.join();
  // Those who weren't cancelled, and some who were too late.
  const int n = answered;
  CHECK(n >= 4 * 300 * 4 / 5);
  CHECK(made <= 1200);
}

// --- cache

TEST_CASE_FIXTURE(fixture, "cache: an answer is good for a while") {
  const auto call = kit::chain(cache({.limits = cache_limits{.ttl = 1s}}))(handler, "sum");
  const auto ctx = kit::context().with(kit::decision_log());
  CHECK(n_of(call) == 1);
  loop.advance(500ms);
  CHECK(ask(call, "x", ctx).value()->n == 1);
  CHECK(ctx.get<kit::decision_log>()->decisions().at(0).text() ==
        "cache answered: what is 500 ms old");
  CHECK(n_of(call, "y") == 2);
  loop.advance(500ms);
  CHECK(n_of(call) == 3);
}

TEST_CASE_FIXTURE(fixture, "cache: keeps successes only, and everybody's own") {
  const auto call = kit::chain(cache())(handler);
  fails = error(errc::not_found);
  (void)ask(call);
  loop.advance(10ms);
  fails.reset();
  business = "no funds";
  CHECK(n_of(call) == 2);
  business.clear();
  CHECK(n_of(call) == 3);
  CHECK(n_of(call) == 3);
  CHECK(n_of(call, "x", of("alice")) == 4);
  CHECK(n_of(call, "x", of("bob")) == 5);
  CHECK(n_of(call, "x", of("alice")) == 4);
  const auto by = [](kit::identity who) { return kit::context().with(std::move(who)); };
  CHECK(n_of(call, "x", by({.subject = "alice", .issuer = "a"})) == 6);
  CHECK(n_of(call, "x", by({.subject = "alice", .issuer = "b"})) == 7);
  CHECK(n_of(call, "x", by({.subject = "alice", .method = "api_key"})) == 8);
  const auto with_key_of = [](const char* k) {
    return kit::context().with(kit::credentials{.api_key = k});
  };
  CHECK(n_of(call, "x", with_key_of("k1")) == 9);
  CHECK(n_of(call, "x", with_key_of("k2")) == 10);
  CHECK(n_of(call, "x", with_key_of("k1")) == 9);
  CHECK(n_of(call) == 3);
}

TEST_CASE_FIXTURE(fixture, "cache: a request's own text passes for nobody") {
  const auto call = kit::chain(cache(kit::middleware::cache_options{
      .key = [](const request& r) { return std::optional(r.text); }}))(handler);
  CHECK(n_of(call, "balance", of("alice")) == 1);
  CHECK(n_of(call, "0 0 0 5 alice\nbalance") == 2);
  CHECK(n_of(call, "y", kit::context().with(kit::identity{.subject = "s", .tenant = "acme\nx"})) ==
        3);
  CHECK(n_of(call, "x\ny", kit::context().with(kit::identity{.subject = "s", .tenant = "acme"})) ==
        4);
}

TEST_CASE_FIXTURE(fixture, "sharing layers: a key function that throws fails the call") {
  const auto thrown = error(errc::data_loss, "no key");
  const auto text = [=](const request&) -> std::optional<std::string> { throw thrown; };
  const auto key = [=](const kit::context&,
                       const request&) -> std::optional<kit::middleware::idempotency_key> {
    throw thrown;
  };
  CHECK(ask(kit::chain(cache(kit::middleware::cache_options{.key = text}))(handler)).error() ==
        thrown);
  CHECK(
      ask(kit::chain(coalesce(kit::middleware::coalesce_options{.key = text}))(handler)).error() ==
      thrown);
  CHECK(ask(kit::chain(idempotency(kit::middleware::idempotency_options{.key = key}))(handler))
            .error() == thrown);
  CHECK(calls == 0);
}

TEST_CASE_FIXTURE(fixture, "cache: what was refreshed on a strand may outlive the loop") {
  std::optional<ep> call;
  {
    kit::testing::loop other;
    const auto strand = asio::make_strand(other.get_executor());
    call = kit::chain(cache({.limits = cache_limits{.ttl = 1s, .stale_while_revalidate = 1h}}))(
        handler);
    for (int i = 0; i < 2; ++i) {
      (void)other.start_on(strand, call->try_call(request{"x"}));
      other.advance(10ms);
      other.advance(2s);
    }
    CHECK(calls == 2);
  }
  call.reset();
}

TEST_CASE_FIXTURE(fixture, "cache: what nobody has asked for for the longest time goes first") {
  takes = 0s;
  const auto call = kit::chain(cache({.max_entries = 2}))(handler);
  CHECK(n_of(call, "a") == 1);
  CHECK(n_of(call, "b") == 2);
  CHECK(n_of(call, "a") == 1);
  CHECK(n_of(call, "c") == 3);
  CHECK(n_of(call, "a") == 1);
  CHECK(n_of(call, "b") == 4);
  CHECK_THROWS_AS(cache({.max_entries = 0}), error);
}

TEST_CASE_FIXTURE(fixture, "cache: an old answer at once, while one call fetches a new one") {
  const auto call = kit::chain(
      cache({.limits = cache_limits{.ttl = 1s, .stale_while_revalidate = 10s}}))(handler);
  CHECK(n_of(call) == 1);
  loop.advance(2s);
  const kit::cancel_source source;
  CHECK(ask(call, "x", source.context()).value()->n == 1);
  CHECK(ask(call).value()->n == 1);
  CHECK(calls == 2);
  source.cancel();  // the caller's end isn't that of the new answer
  loop.advance(10ms);
  CHECK(ask(call).value()->n == 2);
  SUBCASE("a failure leaves the old one") {
    loop.advance(2s);
    fails = error(errc::unavailable);
    CHECK(ask(call).value()->n == 2);
    loop.advance(10ms);
    fails.reset();
    CHECK(ask(call).value()->n == 2);
    loop.advance(10ms);
    CHECK(ask(call).value()->n == 4);
  }
  SUBCASE("one too old isn't given") {
    loop.advance(11s);
    CHECK(n_of(call) == 3);
  }
  SUBCASE("its limits are turned at run time") {
    CHECK_THROWS_AS(require_valid(cache_limits{.ttl = -1s}), error);
    CHECK_THROWS_AS(require_valid(cache_limits{.stale_while_revalidate = -1s}), error);
  }
}

TEST_CASE_FIXTURE(fixture, "cache: what fetches a new answer ends with the endpoint, or its loop") {
  auto call = kit::chain(cache({.limits = cache_limits{.ttl = 1s, .stale_while_revalidate = 10s}}))(
      handler);
  CHECK(n_of(call) == 1);
  loop.advance(2s);
  takes = 1h;
  CHECK(ask(call).value()->n == 1);
  CHECK(running == 1);
  SUBCASE("the endpoint") {
    call = {};
    loop.run();
    CHECK(running == 0);
  }
  SUBCASE("another loop") {
    call = {};
    loop.run();
    kit::testing::loop* other = new kit::testing::loop;
    other->advance(1h);
    takes = 0s;
    call = kit::chain(cache({.limits = cache_limits{.ttl = 1s, .stale_while_revalidate = 10s}}))(
        handler);
    (void)other->start(call.try_call(request{}));
    other->advance(2s);
    takes = 1h;
    CHECK(other->start(call.try_call(request{})).value());
    CHECK(running == 1);
    delete other;
    CHECK(running == 0);
  }
}

namespace {

// Those that wait for ever: cancelled, they go on inside the call that cancels them.
using waiting_ones = std::vector<std::shared_ptr<void>>;
asio::awaitable<void> until_cancelled(waiting_ones& all) {
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(std::error_code)>(
      [&all](auto handler) {
        const auto own = std::make_shared<decltype(handler)>(std::move(handler));
        all.push_back(own);
        asio::get_associated_cancellation_slot(*own).assign(
            [weak = std::weak_ptr(own)](asio::cancellation_type) {
              const auto held = weak.lock();
              auto h = std::move(*held);
              std::move(h)(std::make_error_code(std::errc::operation_canceled));
            });
      },
      asio::use_awaitable);
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "cache: an old answer may go while a new one is fetched") {
  bool hangs = false;
  waiting_ones waiting;
  const auto call =
      kit::chain(cache({.limits = cache_limits{.ttl = 1s, .stale_while_revalidate = 10s},
                        .max_entries = 1}))(ep([&](request r) -> asio::awaitable<response> {
        if (hangs) co_await until_cancelled(waiting);
        co_return response{++calls, r.text == "x" ? "" : "no"};
      }));
  CHECK(n_of(call) == 1);
  loop.advance(2s);
  hangs = true;
  CHECK(ask(call).value()->n == 1);
  hangs = false;
  SUBCASE("as its time is over") {
    loop.advance(11s);
    CHECK(n_of(call) == 2);
  }
  SUBCASE("to make room") {
    const auto other = ask(call, "y");
    CHECK(other.value()->n == 2);  // isn't kept
    CHECK(n_of(call) == 1);
  }
}

TEST_CASE_FIXTURE(fixture, "cache: a new answer that takes too long is given up") {
  const auto call = kit::chain(cache(
      {.limits = cache_limits{.ttl = 1s, .stale_while_revalidate = 1h, .refresh_timeout = 5s}}))(
      handler);
  CHECK(n_of(call) == 1);
  loop.advance(2s);
  takes = 2h;
  CHECK(ask(call).value()->n == 1);
  loop.advance(4s);
  CHECK(ask(call).value()->n == 1);
  CHECK(calls == 2);
  loop.advance(1s);
  CHECK(running == 0);
  takes = 10ms;
  CHECK(ask(call).value()->n == 1);
  loop.advance(10ms);
  CHECK(ask(call).value()->n == 3);
  CHECK_THROWS_AS(require_valid(cache_limits{.refresh_timeout = 0s}), error);
}
