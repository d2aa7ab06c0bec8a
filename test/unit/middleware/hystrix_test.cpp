#include <middleware/hystrix.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>

#include "../../support/calls.hpp"

using namespace std::chrono_literals;
using kit::errc;
using kit::middleware::hystrix_commands;
using kit::middleware::hystrix_options;

namespace {

struct fixture {
  kit::testing::loop loop;
  hystrix_commands commands;
  int handled = 0;
  test::endpoint handler = [this](test::request r) {
    ++handled;
    return test::handle(std::move(r));
  };

  auto ask(const test::endpoint& call, const std::string& want) {
    return loop.start(call.try_call(test::request{want}));
  }
  void ask(const test::endpoint& call, int times, const std::string& want) {
    for (int i = 0; i < times; ++i)
      (void)ask(call, want);
  }
  std::string error_of(const test::endpoint& call, const std::string& want) {
    return std::string(ask(call, want).error().message());
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "hystrix: opens when so many percent failed, and lets none through then "
                  "[circuitbreaker/hystrix:1]") {
  commands.configure("my", {.max_concurrent_requests = 1000, .error_percent_threshold = 5});
  const auto call = commands.command("my")(handler, "sum");
  ask(call, 40, "");
  CHECK(error_of(call, "error") == "broken");  // 1 of 41: 2 %
  CHECK(error_of(call, "error") == "broken");  // 2 of 42: 5 %, rounded
  handled = 0;
  for (int i = 0; i < 10; ++i)
    CHECK(error_of(call, "error") == "hystrix: circuit open");
  CHECK(handled == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "hystrix: the defaults, which zeros mean, too "
                  "[circuitbreaker/hystrix:2]") {
  commands.configure("zeros", {.timeout = 0s,
                               .max_concurrent_requests = 0,
                               .request_volume_threshold = 0,
                               .sleep_window = 0s,
                               .error_percent_threshold = 0});
  for (const char* name : {"zeros", "unknown"}) {
    CAPTURE(name);
    const auto call = commands.command(name)(handler);
    ask(call, 10, "");
    ask(call, 9, "error");
    CHECK(error_of(call, "error") == "broken");  // the twentieth: one half failed
    CHECK(error_of(call, "") == "hystrix: circuit open");
    loop.advance(4999ms);
    CHECK(error_of(call, "") == "hystrix: circuit open");
    loop.advance(1ms);
    CHECK(ask(call, "").value());
    std::vector<decltype(ask(call, ""))> ten;
    for (int i = 0; i < 10; ++i)
      ten.push_back(ask(call, "wait"));
    CHECK(error_of(call, "") == "hystrix: max concurrency");
    loop.advance(999ms);
    CHECK(ten.back().pending());
    loop.advance(1ms);
    CHECK(ten.back().error() == kit::error(errc::deadline_exceeded, "hystrix: timeout"));
  }
}

TEST_CASE_FIXTURE(fixture,
                  "hystrix: what counts, and for ten seconds [circuitbreaker/hystrix:3] "
                  "[circuitbreaker/hystrix:5]") {
  const auto call = commands.command("sum")(handler);
  SUBCASE("timeouts and rejections are failures") {
    std::vector<decltype(ask(call, ""))> ten;
    for (int i = 0; i < 10; ++i)
      ten.push_back(ask(call, "wait"));
    ask(call, 10, "");
    loop.advance(1s);
    CHECK(error_of(call, "") == "hystrix: circuit open");
  }
  SUBCASE("calls that were cancelled are none") {
    for (int i = 0; i < 50; ++i) {
      auto c = ask(call, "wait");
      c.cancel();
      loop.run();
    }
    CHECK(ask(call, "").value());
  }
  SUBCASE("those of more than ten seconds ago don't count") {
    ask(call, 19, "error");
    loop.advance(11s);
    CHECK(error_of(call, "error") == "broken");
    CHECK(ask(call, "").value());
  }
}

TEST_CASE_FIXTURE(fixture,
                  "hystrix: open, one call is tried in each window, and closes it when it "
                  "goes well [circuitbreaker/hystrix:4]") {
  const auto call = commands.command("sum")(handler);
  ask(call, 20, "error");
  loop.advance(5s);
  const auto tried = ask(call, "slow");
  CHECK(error_of(call, "") == "hystrix: circuit open");
  loop.advance(200ms);
  CHECK(tried.value());
  ask(call, 19, "error");  // the statistics are cleared
  CHECK(ask(call, "").value());
}

TEST_CASE_FIXTURE(fixture,
                  "hystrix: a command belongs to its name, and is made when first asked for "
                  "[circuitbreaker/hystrix:6]") {
  const auto one = commands.command("sum")(handler), same = commands.command("sum")(handler);
  const auto other = commands.command("concat")(handler);
  ask(one, 20, "error");
  CHECK(error_of(same, "") == "hystrix: circuit open");
  CHECK(ask(other, "").value());
  commands.configure("sum", {.error_percent_threshold = 100});  // too late for this one
  CHECK(error_of(commands.command("sum")(handler), "") == "hystrix: circuit open");
}

TEST_CASE_FIXTURE(fixture,
                  "hystrix: an error is all there is, and an answer comes as it is "
                  "[circuitbreaker/hystrix:7]") {
  const auto call = commands.command("sum")(handler);
  CHECK(ask(call, "business").value()->err == "no funds");
  CHECK(error_of(call, "error") == "broken");
}

TEST_CASE_FIXTURE(fixture, "hystrix: options out of range") {
  CHECK_THROWS_AS(commands.configure("a", {.error_percent_threshold = 101}), kit::error);
  CHECK_THROWS_AS(commands.configure("a", {.timeout = -1s}), kit::error);
}
