#include <kit/decision_log.hpp>

#include "world.hpp"

using namespace debug_test;

namespace {

constexpr kit::decision_kind refused{
    .layer = "rate_limit", .verb = "refused", .words = "{tokens} tokens there"};
constexpr kit::decision_kind opened{.layer = "circuit_breaker", .verb = "opened", .words = ""};

}  // namespace

TEST_CASE("debug decisions: the latest, and how many there were of each kind, in words") {
  world w;
  const auto ctx = kit::context().with(kit::decision_log(w.decisions));
  decide(ctx, "sum", refused, {3}, "acme");
  w.loop.advance(2s);
  decide(ctx, "sum", refused, {0});
  decide(ctx, "", opened, {});
  w.loop.advance(1s);

  const auto page = w.page<detail::decisions_page>("/decisions");
  CHECK(page.about.has_decisions);
  REQUIRE(page.latest.size() == 3);
  CHECK(page.latest[0].text == "circuit_breaker opened");
  CHECK(page.latest[2].text == "rate_limit refused acme: 3 tokens there");
  CHECK(page.latest[2].endpoint == "sum");
  CHECK(page.latest[2].age == 3);
  REQUIRE(page.totals.size() == 2);
  CHECK(page.totals[1].layer == "rate_limit");
  CHECK(page.totals[1].decision == "refused");
  CHECK(page.totals[1].count == 2);
  CHECK(page.totals[1].text == "rate_limit refused: 0 tokens there");
  CHECK(page.totals[1].age == 1);

  (void)w.inspect.watch(endpoint(handle), "sum");
  const auto of_sum = w.page<detail::endpoint_page>("/endpoints/sum").decisions;
  REQUIRE(of_sum.size() == 1);
  CHECK(of_sum[0].count == 2);
}

TEST_CASE("debug decisions: without a recorder there is no page") {
  kit::testing::loop loop;
  const auto handler = kit::debug::inspector().handler();
  CHECK(loop.start(handler(http::request{.target = "/decisions"})).value().status ==
        http::status::not_found);
}
