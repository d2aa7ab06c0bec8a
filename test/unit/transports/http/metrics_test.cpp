#include <transports/http/metrics.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/metrics/prometheus.hpp>
#include <kit/testing/loop.hpp>
#include <kit/timer.hpp>
#include <transports/http/router.hpp>
#include <transports/http/status_of.hpp>

#include "../../../support/http_server/memory_world.hpp"
#include "../../../support/http_server/played_source.hpp"

using namespace std::chrono_literals;
namespace http = kit::http;
using kit::errc;
using kit::error;

namespace {

asio::awaitable<http::response> serve(http::request r) {
  const auto path = std::string(r.path());
  if (path == "/wait") co_await kit::sleep_for(1h);
  if (path == "/slow") co_await kit::sleep_for(200ms);
  if (path == "/missing") throw error(errc::not_found, "nobody");
  if (path == "/broken") throw error(errc::internal, "no database");
  if (path == "/away") throw error(errc::unavailable, "no route");
  co_return http::response::text(http::status::ok, "body");
}

// The lines of the page that begin so, without what is before the labels.
std::vector<std::string> lines(const kit::metrics::registry& registry, const std::string& start) {
  const auto page = kit::metrics::prometheus_text(registry.collect());
  std::vector<std::string> found;
  for (std::size_t at = 0; at < page.size();) {
    const auto end = page.find('\n', at);
    const auto line = page.substr(at, end - at);
    if (line.starts_with(start)) found.push_back(line.substr(start.size()));
    at = end + 1;
  }
  return found;
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("http metrics: a server's requests by method, route and status") {
  kit::testing::loop loop;
  const kit::metrics::registry registry;
  http::router router;
  router.use(http::server_metrics(registry));
  router.get("/users/{id}", http::handler(serve)).get("/slow", http::handler(serve));
  router.post("/broken", http::handler(serve));
  const http::handler handler(router);
  const auto ask = [&](http::request r) { return loop.start(handler.try_call(std::move(r))); };

  (void)ask({.target = "/users/1"});
  (void)ask({.target = "/users/2"});
  auto slow = ask({.target = "/slow"});
  CHECK(lines(registry, "http_server_active_requests ") == texts{"1"});
  loop.advance(200ms);
  http::request post{.method = http::method::post, .target = "/broken"};
  post.body = std::string("12345");
  (void)ask(std::move(post));
  (void)ask({.target = "/none"});
  CHECK(lines(registry, "http_server_active_requests ") == texts{"0"});

  CHECK(lines(registry, "http_server_request_duration_seconds_count") ==
        texts{R"({error_type="",http_request_method="GET",http_response_status_code="200",)"
              R"(http_route="/slow"} 1)",
              R"({error_type="",http_request_method="GET",http_response_status_code="200",)"
              R"(http_route="/users/{id}"} 2)",
              R"({error_type="",http_request_method="GET",http_response_status_code="404",)"
              R"(http_route=""} 1)",
              R"({error_type="500",http_request_method="POST",http_response_status_code="500",)"
              R"(http_route="/broken"} 1)"});
  CHECK(lines(registry, "http_server_request_duration_seconds_sum")[0].ends_with("} 0.2"));
  CHECK(lines(registry, "http_server_response_body_size_bytes_sum")[1].ends_with("} 8"));
  CHECK(lines(registry, "http_server_request_body_size_bytes_sum")[3].ends_with("} 5"));
}

TEST_CASE("http metrics: around a router the route is known, too") {
  kit::testing::loop loop;
  const kit::metrics::registry registry;
  http::router router;
  router.get("/users/{id}", http::handler(serve));
  const auto handler = http::server_metrics(registry)(router);
  (void)loop.start(handler.try_call({.target = "/users/1"}));
  (void)loop.start(handler.try_call({.method = *http::method::parse("BREW"), .target = "/users"}));
  const auto found = lines(registry, "http_server_request_duration_seconds_count");
  REQUIRE(found.size() == 2);
  CHECK(found[0].find(R"(http_route="/users/{id}")") != std::string::npos);
  CHECK(found[1].find(R"(http_request_method="_OTHER")") != std::string::npos);
}

TEST_CASE("http metrics: a stream counts to its end, and a client that goes away as canceled") {
  kit::testing::loop loop;
  const kit::metrics::registry registry;
  const http::server_metrics layer(registry);
  test::streaming stream;
  const auto handler = layer(stream.handler());
  {
    auto r = loop.start(handler.try_call({.target = "/stream"})).value();
    CHECK(lines(registry, "http_server_request_duration_seconds_count").empty());
    stream.source->give("12345");
    stream.source->end();
    (void)loop.start(r->body.buffer(100));
    loop.run();
    CHECK(lines(registry, "http_server_response_body_size_bytes_sum")[0].ends_with("} 5"));
  }
  auto call = loop.start(layer(http::handler(serve)).try_call({.target = "/wait"}));
  call.cancel();
  loop.run();
  test::streaming dropped;
  auto r = loop.start(layer(dropped.handler()).try_call({.target = "/stream"})).value();
  r = http::response();
  const auto found = lines(registry, "http_server_request_duration_seconds_count");
  REQUIRE(found.size() == 3);
  CHECK(found[1].find(R"(error_type="canceled")") != std::string::npos);
  CHECK(found[2].find(R"(error_type="canceled")") != std::string::npos);
  CHECK(lines(registry, "http_server_active_requests ") == texts{"0"});
}

TEST_CASE("http metrics: an answer without content has ended, though its body is a stream") {
  kit::testing::loop loop;
  const kit::metrics::registry registry;
  test::streaming stream(5);
  const auto handler = http::server_metrics(registry)(stream.handler());
  (void)loop.start(handler.try_call({.method = http::method::head, .target = "/stream"}));
  const auto found = lines(registry, "http_server_response_body_size_bytes_sum");
  REQUIRE(found.size() == 1);
  CHECK(found[0] == R"({error_type="",http_request_method="HEAD",)"
                    R"(http_response_status_code="200",http_route=""} 0)");
}

TEST_CASE("http metrics: a client's requests by whom they are for, and by their failure") {
  kit::testing::loop loop;
  const kit::metrics::registry registry;
  const auto client = http::client_metrics(registry)(serve);
  (void)loop.start(client.try_call({.target = "http://a/x?secret"}));
  (void)loop.start(client.try_call({.target = "https://[::1]:8443/"}));
  (void)loop.start(client.try_call({.target = "http://a/away"}));
  (void)loop.start(client.try_call({.target = "no url"}));
  CHECK(lines(registry, "http_client_request_duration_seconds_count") ==
        texts{R"({error_type="",http_request_method="GET",http_response_status_code="200",)"
              R"(server_address=""} 1)",
              R"({error_type="",http_request_method="GET",http_response_status_code="200",)"
              R"(server_address="[::1]:8443"} 1)",
              R"({error_type="",http_request_method="GET",http_response_status_code="200",)"
              R"(server_address="a:80"} 1)",
              R"({error_type="unavailable",http_request_method="GET",)"
              R"(http_response_status_code="",server_address="a:80"} 1)"});
}

TEST_CASE("http metrics: to a client an answer from 400 up is an error") {
  kit::testing::loop loop;
  const kit::metrics::registry registry;
  const auto answer = [](http::request r) -> asio::awaitable<http::response> {
    co_return http::response::text(r.path() == "/" ? http::status(302) : http::status(404), "");
  };
  const auto client = http::client_metrics(registry)(answer);
  (void)loop.start(client.try_call({.target = "http://a/"}));
  (void)loop.start(client.try_call({.target = "http://a/x"}));
  CHECK(lines(registry, "http_client_request_duration_seconds_count") ==
        texts{R"({error_type="",http_request_method="GET",http_response_status_code="302",)"
              R"(server_address="a:80"} 1)",
              R"({error_type="404",http_request_method="GET",http_response_status_code="404",)"
              R"(server_address="a:80"} 1)"});
}

TEST_CASE("http metrics: as many servers as a client likes don't fill the memory") {
  kit::testing::loop loop;
  const kit::metrics::registry registry({.max_series = 100'000});
  const auto client = http::client_metrics(registry)(serve);
  constexpr int servers = 5'000;
  for (int i = 0; i < servers; ++i)
    (void)loop.start(client.try_call({.target = "http://h" + std::to_string(i) + "/"}));
  const auto found = lines(registry, "http_client_request_duration_seconds_count");
  CHECK(found.size() < 4'200);
  const auto other = std::to_string(servers - (found.size() - 1));
  CHECK(std::ranges::count(found, R"({error_type="",http_request_method="GET",)"
                                  R"(http_response_status_code="200",server_address="other"} )" +
                                      other) == 1);
}

TEST_CASE("http metrics: another prefix and other buckets are options, other metrics refused") {
  kit::testing::loop loop;
  const kit::metrics::registry registry;
  const auto handler = http::server_metrics(
      registry, {.prefix = "api", .buckets = kit::metrics::explicit_buckets{{1}}})(serve);
  (void)loop.start(handler.try_call({.target = "/"}));
  CHECK(lines(registry, "api_request_duration_seconds_bucket").size() == 2);
  (void)registry.gauge({.name = "http_server_active_requests"});
  CHECK_THROWS_AS(http::server_metrics{registry}, error);
}

TEST_CASE("http metrics: connections, open and accepted") {
  const kit::metrics::registry registry;
  {
    test::memory_world world(http::handler(serve),
                             {.connections = http::connection_metrics(registry)});
    const auto a = world.connect();
    auto b = world.connect();
    world.loop.run();
    CHECK(lines(registry, "http_server_open_connections ") == texts{"2"});
    b->end();
    world.loop.run();
    CHECK(lines(registry, "http_server_open_connections ") == texts{"1"});
    CHECK(lines(registry, "http_server_connections_total ") == texts{"2"});
  }
  CHECK(lines(registry, "http_server_open_connections ") == texts{"0"});
}
