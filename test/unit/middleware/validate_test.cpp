#include <middleware/validate.hpp>

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/decision_log.hpp>
#include <kit/service.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>

using kit::errc;
using kit::error;
using kit::middleware::validate;

namespace {

struct order {
  std::string sku;
  int count = 1;
  std::vector<int> codes = {};
};
struct receipt {
  int total = 0;
};
struct free_form {
  std::string text;
};
struct service {
  kit::endpoint<order, receipt> buy;
  kit::endpoint<free_form, free_form> say;
};

int handled = 0;

asio::awaitable<receipt> handle(order o) {
  ++handled;
  co_return receipt{o.sku == "negative" ? -1 : o.count};
}
asio::awaitable<free_form> repeat(free_form f) {
  co_return f;
}

/// A constraint that cannot be made ready.
struct broken {
  struct ready {
    template <class V>
    static bool holds(const V&) {
      return true;
    }
  };
  static ready compile() { throw error(errc::invalid_argument, "it is broken"); }
  static std::string wanted() { return {}; }
};
struct with_broken {
  int a = 0;
};

}  // namespace

template <>
struct kit::constraints<order> {
  static constexpr auto fields = kit::constrain(
      kit::field<&order::sku>(kit::length(1, 8)), kit::field<&order::count>(kit::range(1, 100)),
      kit::field<&order::codes>(kit::each(kit::at_least(0))));
  static void check(const order& o, kit::violations_of<order>&) {
    if (o.sku == "throw") throw std::runtime_error("oh");
    if (o.sku == "error") throw kit::error(kit::errc::unavailable, "no list of them");
  }
};
template <>
struct kit::constraints<receipt> {
  static constexpr auto fields = kit::constrain(kit::field<&receipt::total>(kit::at_least(0)));
  static void check(const receipt& r, kit::violations_of<receipt>&) {
    if (r.total == 77) throw std::runtime_error("oh");
  }
};
template <>
struct kit::constraints<with_broken> {
  static constexpr auto fields = kit::constrain(kit::field<&with_broken::a>(broken{}));
};

namespace {

struct fixture {
  kit::testing::loop loop;
  kit::context log = kit::context().with(kit::decision_log());

  fixture() { handled = 0; }

  auto ask(order o, kit::middleware::validate_options options = {}) {
    const auto buy = kit::chain(validate(options))(kit::endpoint(handle), "buy");
    return loop.start(kit::with_context(log, buy.try_call(std::move(o))));
  }
  std::string decision() const {
    const auto all = log.get<kit::decision_log>()->decisions();
    return all.empty() ? "" : all.back().text();
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "validate: a valid request reaches the endpoint") {
  CHECK(ask({"tea", 2}).value()->total == 2);
  CHECK(handled == 1);
  CHECK(decision().empty());
}

TEST_CASE_FIXTURE(fixture, "validate: another one is refused, and told what is wrong") {
  const auto e = ask({"", 0, {1, -1}}, {.max_named = 2}).error();
  CHECK(handled == 0);
  CHECK(e == error(errc::invalid_argument,
                   "invalid request: sku: expected 1 to 8 characters, got 0 characters; "
                   "count: expected 1 to 100, got 0; and 1 more"));
  CHECK(e.refused());
  REQUIRE(e.get<kit::violations>());
  CHECK(e.get<kit::violations>()->size() == 3);
  CHECK(e.get<kit::violations>()->list[2] == kit::violation{"codes[1]", "at least 0", "-1"});
  CHECK(decision() == "validate refused sku: 3 constraints broken, the first there");
}

TEST_CASE_FIXTURE(fixture, "validate: it throws where a call does, and works without a context") {
  const auto buy = validate()(kit::endpoint(handle));
  auto call = loop.start(buy(order{"", 1}));
  CHECK(call.failed());
  CHECK(call.error() == errc::invalid_argument);
  CHECK(loop.start(buy(order{"x", 5})).value().total == 5);
}

TEST_CASE_FIXTURE(fixture, "validate: what a check throws is the error") {
  CHECK(ask({"throw"}).error() == error(errc::unknown, "oh"));
  CHECK(ask({"error"}).error() == error(errc::unavailable, "no list of them"));
  CHECK(ask({"throw"}, {.responses = true}).error() == error(errc::unknown, "oh"));
  CHECK(handled == 0);
}

TEST_CASE_FIXTURE(fixture, "validate: responses, where that is asked for") {
  CHECK(ask({"negative"}).value()->total == -1);
  CHECK(ask({"tea", 3}, {.responses = true}).value()->total == 3);
  const auto e = ask({"negative"}, {.responses = true}).error();
  CHECK(e == error(errc::internal, "invalid response"));  // the rest isn't for the caller
  CHECK(!e.refused());
  REQUIRE(e.get<kit::violations>());
  CHECK(e.get<kit::violations>()->text(1) == "total: expected at least 0, got -1");
  CHECK(kit::to_error(e.cause()).message() ==
        std::string("invalid response: total: expected at least 0, got -1"));
  CHECK(decision() == "validate withheld total: 1 constraints of the response broken");
  CHECK(ask({"tea", 77}, {.responses = true}).error() == error(errc::unknown, "oh"));
}

TEST_CASE_FIXTURE(fixture, "validate: requests beside responses, or not") {
  CHECK(ask({"", 3}, {.responses = true}).error() == errc::invalid_argument);
  CHECK(ask({"", 3}, {.requests = false, .responses = true}).value()->total == 3);
  CHECK(ask({"", 3}, {.requests = false}).value()->total == 3);
}

TEST_CASE_FIXTURE(fixture, "validate: an error of the endpoint passes") {
  const auto failing = [](order) -> asio::awaitable<receipt> {
    throw error(errc::not_found, "nobody");
    co_return receipt{};
  };
  const kit::endpoint<order, receipt> ep(failing);
  for (const bool responses : {false, true}) {
    CHECK(loop.start(validate({.responses = responses})(ep).try_call(order{"x"})).error() ==
          error(errc::not_found, "nobody"));
  }
}

TEST_CASE_FIXTURE(fixture, "validate: around a service, also endpoints without constraints") {
  const auto wrapped = kit::wrap(service{handle, repeat}, validate({.responses = true}));
  CHECK(loop.start(wrapped.buy(order{"", 1})).error() == errc::invalid_argument);
  CHECK(loop.start(wrapped.say(free_form{""})).value().text.empty());
}

TEST_CASE_FIXTURE(fixture, "validate: limits of the check") {
  const auto e = ask({"x", 1, std::vector<int>(50, -1)}, {.limits = {.max_violations = 5}}).error();
  CHECK(e.get<kit::violations>()->size() == 5);
  CHECK(e.get<kit::violations>()->more);
  CHECK_THROWS_WITH_AS(validate({.limits = {.max_violations = 0}}),
                       "validate_options::limits.max_violations: at least 1", error);
  CHECK_THROWS_WITH_AS(validate({.limits = {.max_depth = 0}}),
                       "validate_options::limits.max_depth: at least 1", error);
  CHECK_THROWS_WITH_AS(validate({.max_named = 0}), "validate_options::max_named: at least 1",
                       error);
}

TEST_CASE("validate: a constraint that is wrong is an error when it is put around an endpoint") {
  const kit::endpoint<with_broken, kit::empty> ep = kit::nop<with_broken>();
  CHECK_THROWS_WITH_AS(validate()(ep), "with_broken.a: it is broken", error);
  CHECK_NOTHROW(validate({.requests = false})(ep));
  const kit::endpoint<kit::empty, with_broken> answers(
      [](kit::empty) -> asio::awaitable<with_broken> { co_return with_broken{}; });
  CHECK_NOTHROW(validate()(answers));
  CHECK_THROWS_WITH_AS(validate({.responses = true})(answers), "with_broken.a: it is broken",
                       error);
}
