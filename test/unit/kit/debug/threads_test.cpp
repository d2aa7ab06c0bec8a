#include <atomic>
#include <thread>
#include <vector>

#include "world.hpp"

using namespace debug_test;

TEST_CASE("inspector: calls on several threads, pages on another") {
  constexpr int threads = 4;
  constexpr int rounds = 500;
  const auto ring = std::make_shared<tracing::trace_ring>();
  const tracing::tracer tracer({.processors = {ring}});
  const kit::debug::inspector inspect({.traces = ring});
  const auto ep = inspect.watch(endpoint(handle), "sum");
  std::atomic<int> running = threads;
  std::vector<std::thread> callers;
  for (int t = 0; t < threads; ++t) {
    callers.emplace_back([&ep, &tracer, &running] {
      for (int i = 0; i < rounds; ++i) {
        kit::testing::loop loop;
        const auto span = tracer.start("call", {});
        const auto ctx = tracing::with_span({}, span);
        auto slow = loop.start(kit::with_context(ctx, ep.try_call(request{"slow"})));
        (void)loop.start(ep.try_call(request{i % 2 == 0 ? "error" : "business"}));
        if (i % 3 != 0) loop.advance(1s);
      }
      --running;
    });
  }
  kit::testing::loop loop;
  const auto pages = inspect.handler();
  while (running > 0) {
    for (const char* target : {"/?format=json", "/requests", "/endpoints/sum", "/traces"})
      CHECK(loop.start(pages(http::request{.target = target})).value().status == http::status::ok);
  }
  for (auto& t : callers)
    t.join();
  const auto answer = loop.start(pages(http::request{.target = "/?format=json"})).value();
  const auto page = kit::json::decode<detail::overview_page>(answer.body.text()).value();
  REQUIRE(page.endpoints.size() == 1);
  CHECK(page.endpoints[0].calls == 2 * threads * rounds);
  CHECK(page.endpoints[0].failures == threads * rounds / 2);
  CHECK(page.about.in_flight == 0);
}
