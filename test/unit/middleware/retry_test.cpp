#include <middleware/retry.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/attempts.hpp>
#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/http/classify.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>
#include <middleware/timeout.hpp>

using namespace std::chrono_literals;
using kit::duration;
using kit::errc;
using kit::error;
using kit::retry_limits;
using kit::middleware::retry;
using kit::middleware::retry_options;

namespace {

struct request {
  std::string text;
};
using ep = kit::endpoint<request, std::string>;

// Fails so often, with that, and then answers which attempt it was.
struct flaky {
  int failures = 0;
  error with = error(errc::unavailable, "away");
  duration takes{};
  int calls = 0;
  std::vector<std::uint32_t> numbers{};

  ep endpoint() {
    return [this](request) { return call(*this); };
  }
  static asio::awaitable<kit::result<std::string>> call(flaky& self) {
    ++self.calls;
    self.numbers.push_back(kit::attempt_number_of(co_await kit::this_context()).value_or(0));
    const auto n = self.calls;
    if (self.takes > duration::zero()) co_await kit::sleep_for(self.takes);
    if (n <= self.failures) co_return kit::fail(self.with);
    co_return std::to_string(n);
  }
};

struct fixture {
  kit::testing::loop loop;
  flaky callee;
  retry_options options{.random = kit::random_source(1)};
  kit::context log = kit::context().with(kit::decision_log());

  auto start(const kit::context& ctx = {}) {
    const auto call = kit::chain(retry(options))(callee.endpoint(), "sum");
    return loop.start(kit::with_context(ctx, call.try_call(request{"x"})));
  }
  kit::result<std::string> call(const kit::context& ctx = {}) {
    auto c = start(ctx);
    for (int i = 0; i < 10'000 && c.pending(); ++i)
      loop.advance(10ms);
    return c.value();
  }
  std::vector<std::string> said() const {
    std::vector<std::string> all;
    for (const auto& d : log.get<kit::decision_log>()->decisions())
      all.push_back(d.text());
    return all;
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "retry: goes on until an attempt succeeds, and numbers them") {
  callee.failures = 2;
  CHECK(call() == "3");
  CHECK(callee.numbers == std::vector<std::uint32_t>{1, 2, 3});
}

TEST_CASE_FIXTURE(fixture, "retry: gives up after so many, with all errors") {
  callee.failures = 5;
  const auto e = call(log).error();
  CHECK(callee.calls == 3);
  CHECK(e == error(errc::unavailable, "away (previously: away; away)"));
  REQUIRE(e.get<kit::attempts>());
  CHECK(e.get<kit::attempts>()->errors.size() == 3);
  REQUIRE(said().size() == 3);
  CHECK(said()[0].starts_with("retry retried unavailable: attempt 1 of 3 failed, the next in "));
  CHECK(said()[2] == "retry gave_up unavailable: after 3 attempts of 3");
}

TEST_CASE_FIXTURE(fixture, "retry: an error that another attempt can't mend is returned as it is") {
  callee.failures = 5;
  callee.with = error(errc::invalid_argument, "no");
  const auto e = call(log).error();
  CHECK(callee.calls == 1);
  CHECK(e == error(errc::invalid_argument, "no"));
  CHECK_FALSE(e.get<kit::attempts>());
  CHECK(said().empty());
}

TEST_CASE_FIXTURE(fixture, "retry: one attempt means none is repeated") {
  for (const std::uint32_t n : {0U, 1U}) {
    callee = {.failures = 1};
    options.limits = retry_limits{.max_attempts = n};
    CHECK(call().error().message() == "away");
    CHECK(callee.calls == 1);
  }
}

TEST_CASE_FIXTURE(fixture, "retry: comes again when the callee says, or not at all") {
  callee.failures = 1;
  SUBCASE("in so long") {
    callee.with = error(errc::failed_precondition).with_retry_after(700ms);
    auto c = start();
    loop.advance(699ms);
    CHECK(c.pending());
    loop.advance(1ms);
    CHECK(c.value() == "2");
  }
  SUBCASE("never") {
    callee.with = callee.with.with_retry_forbidden();
    CHECK(call(log).error().message() == "away");
    CHECK(callee.calls == 1);
    CHECK(said().front() == "retry forbidden unavailable: after 1 attempts of 3");
  }
  SUBCASE("in so long that it isn't waited for") {
    callee.with = callee.with.with_retry_after(6s);
    CHECK(start(log).error().message() == "away");
    CHECK(said().front() == "retry no_time unavailable: after 1 attempts of 3");
  }
  SUBCASE("in so long that it is too late") {
    callee.with = callee.with.with_retry_after(700ms);
    const kit::cancel_source source(log, loop.now() + 500ms);
    auto c = start(source.context());
    CHECK(c.error() == errc::unavailable);
    CHECK(said().front() == "retry no_time unavailable: after 1 attempts of 3");
  }
}

TEST_CASE_FIXTURE(fixture, "retry: only the uppermost of two layers tries again") {
  callee.failures = 1;
  CHECK(call(kit::with_attempt_number(log, 2)).error() == error(errc::unavailable, "away"));
  CHECK(callee.calls == 1);
  CHECK(callee.numbers.front() == 2);
  CHECK(said().front() == "retry left_to_caller unavailable: after 1 attempts of 3");

  callee = {.failures = 100};
  const auto two = kit::unchecked_chain(retry(options), retry(options))(callee.endpoint());
  auto c = loop.start(two.try_call(request{}));
  loop.advance(1h);
  CHECK(c.done());
  CHECK(callee.calls == 3);
}

TEST_CASE_FIXTURE(fixture, "retry: a budget that is spent ends it") {
  callee.failures = 100;
  options.budget = kit::retry_budget(kit::retry_budget_limits{.ratio = 0.5, .min_per_second = 0});
  for (int i = 0; i < 20; ++i)
    CHECK(call(log).error() == errc::unavailable);
  CHECK(callee.calls <= 30);
  CHECK(callee.calls >= 25);
  CHECK(said().front() ==
        "retry budget_spent unavailable: after 1 attempts, for 0.5 retries are left to all calls");
}

TEST_CASE_FIXTURE(fixture, "retry: each endpoint has a budget of its own, unless one is given") {
  // 10 seconds of 10, and a fifth of the calls.
  const auto layer = kit::chain(retry(options));
  flaky other{.failures = 10'000};
  callee.failures = 10'000;
  const auto one = layer(callee.endpoint(), "one"), two = layer(other.endpoint(), "two");
  const auto spend = [&](const ep& e) {
    std::vector<kit::testing::started<kit::result<std::string>>> all;
    for (int i = 0; i < 400; ++i)
      all.push_back(loop.start(e.try_call(request{})));
    loop.advance(300ms);
    CHECK(all.back().done());
  };
  spend(one);
  CHECK(callee.calls == 400 + 100 + 80);
  spend(two);
  CHECK(other.calls == callee.calls);
}

TEST_CASE_FIXTURE(fixture, "retry: an attempt may have a time of its own") {
  options.limits = retry_limits{.max_attempts = 2, .first_pause = 0s, .attempt_timeout = 100ms};
  callee.takes = 1s;
  auto c = start(log);
  loop.advance(100ms);
  CHECK(c.pending());
  CHECK(callee.calls == 2);
  loop.advance(100ms);
  CHECK(c.error() == errc::deadline_exceeded);
  CHECK(c.error().get<kit::attempts>()->errors.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "retry: around a timeout, what took too long is tried again") {
  options.limits = retry_limits{.max_attempts = 2, .first_pause = 0s};
  callee.takes = 1s;
  const auto call = kit::chain(kit::middleware::timeout({.limit = 10s}), retry(options),
                               kit::middleware::timeout({.limit = 100ms}))(callee.endpoint());
  const auto c = loop.start(call.try_call(request{"x"}));
  loop.advance(100ms);
  CHECK(callee.calls == 2);
  callee.takes = 0s;
  SUBCASE("and its time, too, may be over") {
    loop.advance(100ms);
    CHECK(c.error().message() == "took too long (previously: took too long)");
    CHECK(c.error().get<kit::attempts>()->errors.size() == 2);
  }
}

TEST_CASE_FIXTURE(fixture, "retry: within a timeout, its error has the attempts") {
  callee.failures = 1;
  callee.takes = 700ms;
  const auto call =
      kit::chain(kit::middleware::timeout({.limit = 1s}), retry(options))(callee.endpoint());
  const auto c = loop.start(call.try_call(request{"x"}));
  loop.advance(1s);
  CHECK(c.error() == error(errc::deadline_exceeded, "took too long"));
  CHECK(c.error().get<kit::attempts>()->errors.front().message() == "away");
}

TEST_CASE_FIXTURE(fixture,
                  "retry: a deadline, or being cancelled, is the error, with the attempts") {
  callee.failures = 100;
  options.limits = retry_limits{.max_attempts = 100, .first_pause = 1h, .max_pause = 1h};
  SUBCASE("cancelled in a pause") {
    auto c = start();
    c.cancel();
    loop.run();
    CHECK(c.error() == errc::canceled);
    CHECK(c.error().get<kit::attempts>()->errors.size() == 1);
  }
  SUBCASE("cancelled in an attempt, by its context") {
    options.limits = retry_limits{.max_attempts = 100, .first_pause = 0s};
    callee.takes = 1h;
    const kit::cancel_source source;
    auto c = start(source.context());
    source.cancel();
    loop.run();
    CHECK(c.error() == errc::canceled);
    CHECK(callee.calls == 1);
  }
  SUBCASE("the deadline in an attempt") {
    callee.takes = 1h;
    const auto call =
        kit::chain(kit::middleware::timeout({.limit = 100ms}), retry(options))(callee.endpoint());
    auto c = loop.start(call.try_call(request{}));
    loop.advance(100ms);
    CHECK(c.error() == errc::deadline_exceeded);
    CHECK(callee.calls == 1);
  }
  SUBCASE("destroyed in a pause") {
    kit::testing::loop other;
    auto c = other.start(kit::chain(retry(options))(callee.endpoint()).try_call(request{}));
    CHECK(c.pending());
  }
}

// --- requests that don't bear it

namespace {

struct picky {
  bool once = false;
  bool harmful = false;
  bool repeatable() const { return !once; }
  bool idempotent() const { return !harmful; }
};

struct refusing_if {
  int* calls;
  error with;
  kit::result<void> enter(kit::call&) {
    if (!calls) return {};
    ++*calls;
    return kit::fail(with);
  }
};

int calls_of(const picky& r, const error& with) {
  kit::testing::loop loop;
  int calls = 0;
  const kit::endpoint<picky, int> failing = [&](picky) -> asio::awaitable<kit::result<int>> {
    ++calls;
    co_return kit::fail(with);
  };
  // What a handler fails with is no refusal, what a layer does is one.
  const refusing_if refuse{with.refused() ? &calls : nullptr, with};
  const auto call = kit::chain(retry({.limits = retry_limits{.first_pause = 0s}}), refuse)(failing);
  auto c = loop.start(call.try_call(r));
  loop.advance(1h);
  CHECK(c.error().code() == with.code());
  return calls;
}

}  // namespace

TEST_CASE("retry: a request that can be sent only once, or may do harm twice") {
  const error away(errc::unavailable);
  CHECK(calls_of({}, away) == 3);
  CHECK(calls_of({.once = true}, away) == 1);
  CHECK(calls_of({.once = true}, away.with_refused()) == 1);
  CHECK(calls_of({.harmful = true}, away) == 1);
  CHECK(calls_of({.harmful = true}, away.with_refused()) == 3);
  CHECK(calls_of({.harmful = true}, away.with_retry_after(1ms)) == 3);
  CHECK(calls_of({.harmful = true}, away.with(kit::never_sent{})) == 3);
}

TEST_CASE("retry: an answer of HTTP says when to come again, or not at all") {
  namespace http = kit::http;
  kit::testing::loop loop;
  int calls = 0;
  http::response answer{.status = http::status::service_unavailable};
  const auto call =
      kit::chain(retry({.limits = retry_limits{.max_attempts = 2}, .classify = http::by_status()}))(
          kit::endpoint<http::request, http::response>(
              [&](http::request) -> asio::awaitable<http::response> {
                ++calls;
                co_return answer;
              }));
  const auto attempts_within = [&](duration time, http::method m = http::method::get) {
    calls = 0;
    const auto c = loop.start(call.try_call(http::request{.method = m}));
    loop.advance(time);
    const int seen = calls;
    loop.advance(1h);
    CHECK(c.value()->status == http::status::service_unavailable);
    return seen;
  };
  CHECK(attempts_within(500ms) == 2);
  CHECK(attempts_within(500ms, http::method::post) == 1);
  answer.headers.set("Retry-After", "2");
  CHECK(attempts_within(1999ms) == 1);
  CHECK(attempts_within(2s) == 2);
  CHECK(attempts_within(3s, http::method::post) == 2);
  answer.headers.set("Retry-After", "100");
  CHECK(attempts_within(1h) == 1);
  answer.headers.set("Grpc-Retry-Pushback-Ms", "-1");
  CHECK(attempts_within(1h) == 1);
}

namespace {
struct answer {
  std::string err;
  std::string failed() const { return err; }
};
}  // namespace

TEST_CASE("retry: a business error is retryable where the classifier says so") {
  kit::testing::loop loop;
  int calls = 0;
  const kit::endpoint<int, answer> busy = [&](int) -> asio::awaitable<answer> {
    co_return answer{++calls < 3 ? "busy" : ""};
  };
  const auto once = kit::chain(retry())(busy);
  CHECK(loop.start(once.try_call(1)).value()->err == "busy");
  const auto again = kit::chain(
      retry({.limits = retry_limits{.first_pause = 0s}, .classify = [](const kit::outcome& o) {
               return kit::classification{.retryable = o.failed().has_value()};
             }}))(busy);
  CHECK(loop.start(again.try_call(1)).value()->err.empty());
  CHECK(calls == 3);
}
