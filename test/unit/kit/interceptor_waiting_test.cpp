#include <kit/interceptor.hpp>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/testing/loop.hpp>
#include <kit/testing/recording_log.hpp>
#include <kit/this_context.hpp>
#include <kit/timer.hpp>

#include "recording_interceptor.hpp"

// Interceptors that have a call wait, or fail with something else, or are made for each endpoint.

using asio::awaitable;
using kit::chain;
using kit::endpoint;
using kit::errc;
using kit::error;
using kit::testing::recording_log;
using namespace std::chrono_literals;
using lines = std::vector<std::string>;
using test::recording;

namespace {

awaitable<int> twice(int n) {
  co_return n * 2;
}

// All ways of an outcome pass through these three.
struct fixture {
  kit::testing::loop loop;
  recording_log log;
  recording a{log, "a", {}}, b{log, "b", {}}, c{log, "c", {}};
};

}  // namespace

namespace {

// Lets a call in at once, or after a while, or not, as it is told.
struct waiting {
  recording_log log;
  kit::duration wait_for{};
  std::optional<error> refusal;

  struct state {
    bool waited = false;
  };
  kit::result<kit::admission> enter(kit::call&, state&) {
    if (wait_for == kit::duration{}) return kit::admission::in;
    return kit::admission::wait;
  }
  awaitable<kit::result<void>> wait(kit::call& c, state& s) {
    return in_line(c, s, log, wait_for, refusal);
  }
  void leave(kit::call& c, state& s) noexcept {
    log.add(std::string(s.waited ? "waited " : "leave ") +
            std::string(kit::name(c.outcome().code())));
  }

 private:
  static awaitable<kit::result<void>> in_line(kit::call& c, state& s, recording_log log,
                                              kit::duration wait_for,
                                              std::optional<error> refusal) {
    log.add("wait " + std::string(c.name()));
    co_await kit::sleep_for(wait_for);
    s.waited = true;
    if (refusal) co_return kit::fail(*refusal);
    co_return kit::result<void>();
  }
};

struct failing_with {
  error instead;
  void leave(kit::call& c) noexcept {
    if (!c.outcome().ok()) c.fail_with(instead);
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "interceptor: one may have a call wait, and those behind it come after") {
  const auto call = chain(a, waiting{log, 10ms, {}}, b, waiting{log, 20ms, {}},
                          waiting{log, {}, {}}, c)(endpoint<int, int>(twice), "sum");
  auto answer = loop.start(call.try_call(2));
  CHECK(log.lines() == lines{"enter a", "wait sum"});
  loop.advance(10ms);
  CHECK(log.lines() == lines{"enter a", "wait sum", "enter b", "wait sum"});
  loop.advance(20ms);
  CHECK(answer.value() == 4);
  CHECK(log.lines() == lines{"enter a", "wait sum", "enter b", "wait sum", "enter c", "leave c ok",
                             "leave ok", "waited ok", "leave b ok", "waited ok", "leave a ok"});
}

TEST_CASE_FIXTURE(fixture, "interceptor: one that refuses after a wait is not left") {
  const auto call =
      chain(a, waiting{log, 10ms, error(errc::unavailable, "full")}, b)(endpoint<int, int>(twice));
  auto answer = loop.start(call.try_call(2));
  loop.advance(10ms);
  CHECK(answer.error() == error(errc::unavailable, "full"));
  CHECK(answer.error().refused());
  CHECK(log.lines() == lines{"enter a", "wait ", "leave a unavailable"});
}

TEST_CASE_FIXTURE(fixture,
                  "interceptor: a call cancelled while one has it wait leaves those before") {
  const auto call = chain(a, waiting{log, 10ms, {}}, b)(endpoint<int, int>(twice));
  SUBCASE("as Asio cancels") {
    auto answer = loop.start(call.try_call(2));
    answer.cancel();
    loop.run();
    CHECK(answer.error() == errc::canceled);
  }
  SUBCASE("by its context") {
    const kit::cancel_source source;
    auto answer = loop.start(kit::with_context(source.context(), call.try_call(2)));
    source.cancel(errc::deadline_exceeded);
    loop.run();
    CHECK(log.lines().back() == "leave a deadline_exceeded");
    return;
  }
  SUBCASE("with its loop") {
    kit::testing::loop other;
    (void)other.start(call.try_call(2));
  }
  CHECK(log.lines() == lines{"enter a", "wait ", "leave a canceled"});
}

TEST_CASE_FIXTURE(fixture, "interceptor: may have the call fail with another error") {
  const endpoint<int, int> broken = [](int) -> awaitable<int> {
    throw std::runtime_error("secret");
  };
  const auto call = chain(a, failing_with{error(errc::internal, "broken")}, b);
  auto answer = loop.start(call(broken).try_call(2));
  CHECK(answer.error() == error(errc::internal, "broken"));
  CHECK(log.lines() == lines{"enter a", "enter b", "leave b unknown", "leave a internal"});
  CHECK(loop.start(call(endpoint<int, int>(twice)).try_call(2)).value() == 4);
}

TEST_CASE("interceptor: one of its own for each endpoint") {
  struct counting {
    std::shared_ptr<int> n = std::make_shared<int>(0);
    std::string name;
    counting for_endpoint(std::string_view of) const { return {n, name + std::string(of)}; }
    kit::result<void> enter(kit::call&) {
      return kit::fail(errc::unknown, name + std::to_string(++*n));
    }
  };
  kit::testing::loop loop;
  const auto ask = [&](const auto& ep) {
    return std::string(loop.start(ep.try_call(1)).error().message());
  };
  SUBCASE("made alike") {
    const auto layers = chain(kit::per_endpoint([] { return counting(); }));
    const auto one = layers(endpoint<int, int>(twice), "one");
    const auto two = layers(endpoint<int, int>(twice), "two");
    CHECK(ask(one) == "one1");
    CHECK(ask(one) == "one2");
    CHECK(ask(two) == "two1");
    CHECK(one.layers().front() == "counting");
  }
  SUBCASE("made by name, and no interceptor") {
    const auto layers = chain(kit::per_endpoint([](std::string_view name) {
      return [name = std::string(name)](endpoint<int, int> next) {
        return name == "plain" ? next : chain(counting{.name = "other "})(next);
      };
    }));
    CHECK(loop.start(layers(endpoint<int, int>(twice), "plain")(1)).value() == 2);
    CHECK(ask(layers(endpoint<int, int>(twice), "else")) == "other 1");
  }
}
