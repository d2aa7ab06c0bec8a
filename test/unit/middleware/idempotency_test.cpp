#include <middleware/idempotency.hpp>

#include <chrono>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/identity.hpp>
#include <kit/metadata.hpp>
#include <kit/this_context.hpp>

#include "../../support/sharing.hpp"

using namespace std::chrono_literals;
using kit::errc;
using kit::error;
using kit::middleware::idempotency;
using test::sharing::ep;
using test::sharing::fixture;
using test::sharing::of;
using test::sharing::request;
using test::sharing::response;
using test::sharing::with_key;

TEST_CASE_FIXTURE(fixture, "idempotency: a repeated key gets the first answer") {
  const auto call = kit::chain(idempotency({.keep = 1h}))(handler, "pay");
  CHECK(n_of(call, "x", with_key("k")) == 1);
  CHECK(n_of(call, "x", with_key("k")) == 1);
  CHECK(n_of(call, "x", with_key("l")) == 2);
  CHECK(n_of(call) == 3);
  CHECK(n_of(call) == 4);
  CHECK(n_of(call, "x", with_key("")) == 5);
  loop.advance(1h);
  CHECK(n_of(call, "x", with_key("k")) == 6);
}

TEST_CASE_FIXTURE(fixture, "idempotency: while the first is under way, the others wait for it") {
  const auto call = kit::chain(idempotency())(handler);
  auto one = ask(call, "x", with_key("k"));
  const auto two = ask(call, "x", with_key("k"));
  SUBCASE("to its end") {
    loop.advance(10ms);
    CHECK(two.value()->n == 1);
  }
  SUBCASE("which goes on when its caller doesn't wait any more") {
    one.cancel();
    loop.run();
    CHECK(one.error() == errc::canceled);
    loop.advance(10ms);
    CHECK(two.value()->n == 1);
    CHECK(n_of(call, "x", with_key("k")) == 1);
  }
  SUBCASE("but not beyond its loop") {
    std::optional<kit::testing::started<kit::result<response>>> other_loop;
    {
      kit::testing::loop gone;
      (void)gone.start(kit::with_context(with_key("other"), call.try_call(request{"y"})));
      other_loop = ask(call, "y", with_key("other"));
      CHECK(other_loop->pending());
    }
    loop.run();
    loop.advance(10ms);
    CHECK(other_loop->value()->n == 3);
  }
}

TEST_CASE_FIXTURE(fixture, "idempotency: final errors are answers, too, others are tried anew") {
  const auto call = kit::chain(idempotency())(handler);
  const auto ask_twice = [&](const std::string& key, const error& with) {
    calls = 0;
    fails = with;
    for (int i = 0; i < 2; ++i) {
      auto c = ask(call, "x", with_key(key));
      loop.advance(10ms);
      CHECK(c.error() == with);
    }
    return calls;
  };
  CHECK(ask_twice("a", error(errc::failed_precondition, "no funds")) == 1);
  CHECK(ask_twice("b", error(errc::unavailable)) == 2);
  CHECK(ask_twice("c", error(errc::deadline_exceeded)) == 2);
  CHECK(ask_twice("d", error(errc::aborted)) == 2);
  CHECK(ask_twice("e", error(errc::unknown)) == 1);
}

TEST_CASE_FIXTURE(fixture, "idempotency: a business error that may pass is tried anew") {
  struct answer {
    int n = 0;
    std::optional<error> err;
    std::optional<error> failed() const { return err; }
  };
  std::optional<error> business = error(errc::unavailable, "try later");
  const auto call = kit::chain(idempotency())(kit::endpoint<request, answer>(
      [&](request) -> asio::awaitable<answer> { co_return answer{++calls, business}; }));
  const auto n = [&] {
    return loop.start(kit::with_context(with_key("k"), call.try_call(request{}))).value()->n;
  };
  CHECK(n() == 1);
  business = error(errc::not_found, "nobody");
  CHECK(n() == 2);
  business.reset();
  CHECK(n() == 2);
}

TEST_CASE_FIXTURE(fixture, "idempotency: the key of another request, or of somebody else") {
  const auto call = kit::chain(idempotency())(handler);
  CHECK(n_of(call, "x", with_key("k")) == 1);
  const auto e = ask(call, "y", with_key("k")).error();
  CHECK(e == error(errc::invalid_argument, "the idempotency key was used for another request"));
  CHECK(e.refused());
  CHECK(n_of(call, "y", with_key("k").with(kit::identity{.subject = "alice"})) == 2);
}

TEST_CASE_FIXTURE(fixture, "idempotency: when all keys are of calls under way there is no room") {
  const auto call = kit::chain(idempotency({.max_keys = 1}))(handler);
  auto one = ask(call, "x", with_key("k"));
  CHECK(ask(call, "x", with_key("l")).error() == errc::unavailable);
  loop.advance(10ms);
  CHECK(n_of(call, "x", with_key("l")) == 2);
  CHECK_THROWS_AS(idempotency({.max_keys = 0}), error);
  CHECK_THROWS_AS(idempotency({.keep = 0s}), error);
}
