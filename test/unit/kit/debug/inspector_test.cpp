#include <kit/debug/inspector.hpp>

#include <algorithm>
#include <optional>

#include "world.hpp"

using namespace debug_test;
using kit::errc;

namespace {

asio::awaitable<response> answer_after(kit::duration took) {
  co_await kit::sleep_for(took);
  co_return response{};
}

struct refusing {
  static constexpr std::string_view layer_name = "refusing";
  static kit::result<void> enter(kit::call&) { return kit::fail(errc::resource_exhausted); }
};
struct nothing {
  static constexpr std::string_view layer_name = "nothing";
  static void enter(kit::call&) {}
};

}  // namespace

TEST_CASE("inspector: calls are counted by how they ended, and those that count as errors") {
  world w;
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  for (const char* want : {"", "", "business", "error", "not found"})
    w.call(ep, want);
  auto waiting = w.call(ep, "wait");
  waiting.cancel();
  w.loop.run();
  const auto refused = w.inspect.watch(kit::chain(refusing())(endpoint(handle), "sum"), "sum");
  w.call(refused, "");

  const auto page = w.page<detail::endpoint_page>("/endpoints/sum");
  CHECK(page.endings ==
        std::map<std::string, std::uint64_t>{
            {"ok", 2}, {"business_error", 1}, {"failed", 2}, {"canceled", 1}, {"refused", 1}});
  CHECK(page.endpoint.calls == 7);
  CHECK(page.endpoint.failures == 2);  // broken, and refused for want of resources
  CHECK(page.endpoint.in_flight == 0);
}

TEST_CASE("inspector: the classifier decides what counts as an error") {
  world w({.classify = kit::classify::business_errors()});
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  w.call(ep, "business");
  CHECK(w.only_endpoint().failures == 1);
}

TEST_CASE("inspector: a classifier that throws counts as none") {
  world w({.classify = kit::classify([](const kit::outcome&) -> kit::classification {
             throw std::runtime_error("what?");
           })});
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  w.call(ep, "");
  w.call(ep, "not found");
  w.call(ep, "error");
  CHECK(w.only_endpoint().calls == 3);
  CHECK(w.only_endpoint().failures == 1);
}

TEST_CASE("inspector: rates are of the last ten seconds and the last minute, as far as known") {
  world w;
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  CHECK(w.only_endpoint().rate.calls_10s == 0);
  const auto calls = [&](int n, const char* want) {
    for (int i = 0; i < n; ++i)
      w.call(ep, want);
  };
  calls(6, "");
  calls(2, "error");
  CHECK(w.only_endpoint().rate.calls_10s == 0);  // this second isn't over
  w.loop.advance(2s);
  auto rate = w.only_endpoint().rate;
  CHECK(rate.calls_10s == 4);  // two seconds are known
  CHECK(rate.calls_1m == 4);
  CHECK(rate.failures_10s == 1);
  w.loop.advance(18s);
  calls(30, "");
  w.loop.advance(1s);
  rate = w.only_endpoint().rate;
  CHECK(rate.calls_10s == 3);
  CHECK(rate.failures_10s == 0);
  CHECK(rate.calls_1m == doctest::Approx(38.0 / 21));
  const auto shown = w.only_endpoint();
  REQUIRE(shown.minute.size() == 60);
  CHECK(shown.minute[59] == 30);
  CHECK(shown.minute[39] == 8);
  CHECK(shown.minute_failures[39] == 2);
  w.loop.advance(1h);
  rate = w.only_endpoint().rate;
  CHECK(rate.calls_1m == 0);
  CHECK(w.only_endpoint().calls == 38);
}

TEST_CASE("inspector: latencies of the last minute, and since the start") {
  world w;
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  CHECK_FALSE(w.only_endpoint().latency.p50);
  CHECK_FALSE(w.only_endpoint().latency_since_start.p50);
  CHECK(w.only_endpoint().histogram.counts.empty());
  CHECK(w.only_endpoint().histogram_since_start.counts.empty());
  auto waiting = w.call(ep, "wait");
  w.loop.advance(1h);
  for (int i = 0; i < 9; ++i)
    w.call(ep, "slow");
  w.loop.advance(200ms);
  auto shown = w.only_endpoint();
  CHECK(shown.latency_since_start.p50.value() == doctest::Approx(0.2).epsilon(0.02));
  CHECK(shown.latency_since_start.p99.value() == doctest::Approx(3600).epsilon(0.02));
  CHECK(shown.histogram_since_start.bounds.size() == shown.histogram_since_start.counts.size());
  CHECK(shown.histogram_since_start.bounds.size() <= 25);
  CHECK(shown.histogram_since_start.counts.front() == 9);
  CHECK(shown.histogram_since_start.counts.back() == 1);
  CHECK(shown.latency.p50.value() == doctest::Approx(0.2).epsilon(0.2));
  CHECK(shown.histogram.bounds.size() == shown.histogram.counts.size());
  CHECK(shown.histogram.bounds.size() <= 24);
  CHECK(shown.histogram.counts.front() == 9);

  w.loop.advance(1min);
  w.call(ep, "slow");
  w.loop.advance(200ms);
  shown = w.only_endpoint();
  CHECK(shown.histogram.counts == std::vector<std::uint64_t>{1});
  CHECK(shown.histogram.bounds[0] == doctest::Approx(0.2).epsilon(0.2));
  CHECK(shown.histogram_since_start.counts.front() == 10);
  w.loop.advance(1min);
  CHECK_FALSE(w.only_endpoint().latency.p50);
}

TEST_CASE("inspector: recent latencies of any length are known by a fifth") {
  for (const kit::duration took : {kit::duration(1ms), kit::duration(77ms), kit::duration(1s),
                                   kit::duration(59s), kit::duration(20min)}) {
    world w;
    const auto ep =
        w.inspect.watch(endpoint([took](request) { return answer_after(took); }), "sum");
    auto call = w.call(ep, "");
    w.loop.advance(took);
    const double seconds = std::chrono::duration<double>(took).count();
    CHECK(w.only_endpoint().latency.p50.value() == doctest::Approx(seconds).epsilon(0.2));
    CHECK(w.only_endpoint().histogram.bounds.at(0) >= seconds);
  }
}

TEST_CASE("inspector: a call longer than the recent buckets go counts in the last of them") {
  world w;
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  auto call = w.call(ep, "wait");
  w.loop.advance(1h);
  CHECK(w.only_endpoint().histogram.counts == std::vector<std::uint64_t>{1});
}

TEST_CASE("inspector: recent latencies far apart are few bars all the same") {
  world w;
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  auto call = w.call(ep, "wait");
  w.loop.advance(1h);
  w.call(ep, "");
  const auto shown = w.only_endpoint().histogram;
  CHECK(shown.counts.size() <= 24);
  CHECK(shown.counts.size() > 10);
  CHECK(shown.counts.front() == 1);
  CHECK(shown.counts.back() == 1);
  CHECK(std::ranges::is_sorted(shown.bounds));
}

TEST_CASE("inspector: calls that take no time at all have a picture, too") {
  world w;
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  w.call(ep, "");
  const auto shown = w.only_endpoint();
  CHECK(shown.latency_since_start.p50 == 0.0);
  CHECK(shown.histogram_since_start.counts == std::vector<std::uint64_t>{1});
  CHECK(shown.histogram.counts == std::vector<std::uint64_t>{1});
}

TEST_CASE("inspector: calls in flight, with age and what is left of the deadline") {
  world w;
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  auto first = w.loop.start(kit::with_timeout(10s, ep.try_call(request{"wait"})));
  w.loop.advance(3s);
  auto second = w.call(ep, "wait");
  w.loop.advance(1s);

  const auto page = w.page<detail::requests_page>("/requests");
  REQUIRE(page.requests.size() == 2);
  CHECK(page.about.in_flight == 2);
  CHECK(page.requests[0].endpoint == "sum");
  CHECK(page.requests[0].age == 4);
  CHECK(page.requests[0].deadline_left == 6.0);
  CHECK_FALSE(page.requests[0].cancelled);
  CHECK_FALSE(page.requests[0].trace_id);
  CHECK(page.requests[1].age == 1);
  CHECK_FALSE(page.requests[1].deadline_left);
  CHECK(w.page<detail::endpoint_page>("/endpoints/sum").requests.size() == 2);

  w.loop.advance(6s);  // the first is out of time
  CHECK(w.page<detail::requests_page>("/requests").requests.size() == 1);
  second.cancel();
  w.loop.run();
  CHECK(w.page<detail::requests_page>("/requests").requests.empty());
}

TEST_CASE("inspector: a call that goes on though it is cancelled is shown as such") {
  world w;
  const kit::cancel_source source;
  const auto stubborn = w.inspect.watch(
      endpoint([](request) -> asio::awaitable<response> {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        co_await kit::sleep_for(1h);
        co_return response{};
      }),
      "stubborn");
  auto call = w.loop.start(kit::with_context(source.context(), stubborn.try_call(request{})));
  source.cancel();
  w.loop.run();
  const auto shown = w.page<detail::requests_page>("/requests").requests;
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].cancelled);
}

TEST_CASE("inspector: a call whose loop goes away leaves the table") {
  world w;
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  {
    kit::testing::loop other;
    (void)other.start(ep.try_call(request{"wait"}));
    CHECK(w.only_endpoint().in_flight == 1);
  }
  CHECK(w.only_endpoint().in_flight == 0);
  CHECK(w.page<detail::endpoint_page>("/endpoints/sum").endings.at("canceled") == 1);
}

TEST_CASE("inspector: what a call waits for is the innermost open span below its own") {
  world w;
  const auto inner = endpoint([&w](request) -> asio::awaitable<response> {
    return w.tracer.in_span("db <query>", handle(request{"wait"}));
  });
  const auto ep = w.inspect.watch(inner, "sum");
  const auto root = w.tracer.start("POST /sum", {});
  auto call =
      w.loop.start(kit::with_context(tracing::with_span({}, root), ep.try_call(request{"wait"})));
  // A later one of the same trace that isn't below: not what this call waits for.
  const auto other = w.tracer.start("background", {}, {.new_root = true});
  w.loop.advance(2s);
  const auto shown = w.page<detail::requests_page>("/requests").requests;
  REQUIRE(shown.size() == 1);
  CHECK(shown[0].trace_id == to_string(root.context().trace_id));
  CHECK(shown[0].waits_for == "db <query>");
  CHECK(shown[0].waits_since == 2.0);
}

TEST_CASE("inspector: no more calls are shown than allowed, the oldest ones") {
  world w({.max_requests = 3});
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  for (int i = 0; i < 10; ++i) {
    (void)w.call(ep, "wait");
    w.loop.advance(1s);
  }
  const auto page = w.page<detail::requests_page>("/requests");
  REQUIRE(page.requests.size() == 3);
  CHECK(page.about.in_flight == 10);
  CHECK(page.requests[0].age == 10);
  CHECK(page.requests[2].age == 8);
}

TEST_CASE("inspector: the layers of each endpoint of a service, the outermost first") {
  struct service {
    endpoint sum, concat;
  };
  world w;
  const auto s =
      w.inspect.watch(kit::wrap(service{handle, handle}, nothing(), refusing()), "math.");
  const auto page = w.page<detail::endpoint_page>("/endpoints/math.concat");
  CHECK(page.endpoint.name == "math.concat");
  CHECK(page.layers == std::vector<std::string>{"nothing", "refusing"});
  CHECK(s.sum.layers().front() == "debug");
  CHECK(w.page<detail::overview_page>("/").endpoints.size() == 2);
}

TEST_CASE("inspector: endpoints of one name count together; one without a name has one") {
  world w;
  w.call(w.inspect.watch(endpoint(handle), ""), "");
  w.call(w.inspect.watch(endpoint(handle), ""), "");
  CHECK(w.only_endpoint().name == "endpoint");
  CHECK(w.only_endpoint().calls == 2);
  CHECK_FALSE(w.inspect.watch(endpoint(), "empty"));
}

TEST_CASE("inspector: watching is a middleware, too, as a router uses it") {
  world w;
  const auto watch = [inspect = w.inspect](auto ep, std::string_view name) {
    return inspect.watch(std::move(ep), name);
  };
  const auto ep = kit::chain(watch, nothing())(endpoint(handle), "GET /x");
  w.call(ep, "");
  CHECK(w.only_endpoint().calls == 1);
  CHECK(w.page<detail::endpoint_page>("/endpoints/GET%20~2Fx").layers ==
        std::vector<std::string>{"nothing"});
}

TEST_CASE("inspector: the last error and its age") {
  world w;
  const auto ep = w.inspect.watch(endpoint(handle), "sum");
  w.call(ep, "not found");  // the caller's mistake
  CHECK_FALSE(w.only_endpoint().last_failure);
  w.call(ep, "error");
  w.loop.advance(5s);
  const auto last = w.only_endpoint().last_failure;
  REQUIRE(last);
  CHECK(last->code == "internal");
  CHECK(last->message == "broken");
  CHECK(last->age == 5);
}

TEST_CASE("inspector: options out of range") {
  CHECK_THROWS_WITH(kit::debug::inspector({.max_requests = 0}),
                    "inspector_options::max_requests: must be at least 1");
  CHECK_THROWS_WITH(kit::debug::inspector({.max_traces = 0}),
                    "inspector_options::max_traces: must be at least 1");
}

TEST_CASE("inspector: endpoints and pages outlive it") {
  kit::testing::loop loop;
  endpoint ep;
  kit::endpoint<http::request, http::response> pages;
  {
    const kit::debug::inspector inspect;
    ep = inspect.watch(endpoint(handle), "sum");
    pages = inspect.handler();
  }
  CHECK(loop.start(ep.try_call(request{})).value());
  CHECK(loop.start(pages(http::request{})).value().status == http::status::ok);
}
