#include <middleware/explaining.hpp>

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>

#include "../../support/calls.hpp"

using kit::decision_log;
using kit::middleware::explaining;

namespace {

constexpr kit::decision_kind refused{.layer = "limit", .verb = "refused", .words = ""};

struct deciding {
  void enter(kit::call& c) { decide(c.context(), c.name(), refused, {}); }
};

}  // namespace

TEST_CASE("explaining: gives what is inside a log, and the recorder what they decide") {
  kit::testing::loop loop;
  const kit::decision_recorder recorder{{}};
  std::size_t seen = 0;
  const auto call = kit::chain(explaining(recorder), deciding())(
      test::endpoint([&](test::request) -> asio::awaitable<test::response> {
        seen = (co_await kit::this_context()).get<decision_log>()->size();
        co_return test::response{};
      }),
      "sum");
  CHECK(loop.start(call.try_call(test::request{})).value());
  CHECK(seen == 1);
  CHECK(recorder.totals().front().endpoint == "sum");
}

TEST_CASE("explaining: one inside another uses its log, unless the recorder is another one") {
  kit::testing::loop loop;
  const kit::decision_recorder outer{{}}, other{{}};
  const auto handle = test::endpoint(test::handle);
  const auto same = kit::chain(explaining(outer), explaining(outer), deciding())(handle, "sum");
  (void)loop.start(same.try_call(test::request{}));
  CHECK(outer.totals().front().count == 1);
  const auto own = kit::chain(explaining(outer), explaining(other), deciding())(handle, "sum");
  (void)loop.start(own.try_call(test::request{}));
  CHECK(outer.totals().front().count == 1);
  CHECK(other.totals().front().count == 1);
}
