#include <middleware/cache.hpp>
#include <middleware/idempotency.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/http/response.hpp>
#include <kit/testing/loop.hpp>

// Layers by which several calls have one answer, around handlers of HTTP.

using namespace std::chrono_literals;
using kit::errc;
using kit::middleware::cache;
using kit::middleware::idempotency;

TEST_CASE("cache: of HTTP, what may be kept") {
  namespace http = kit::http;
  kit::testing::loop loop;
  int calls = 0;
  http::response answer{.status = http::status::ok, .body = "content"};
  const auto call = kit::chain(cache())(kit::endpoint<http::request, http::response>(
      [&](http::request) -> asio::awaitable<http::response> {
        ++calls;
        co_return answer;
      }));
  const auto calls_of_two = [&](const http::request& r) {
    calls = 0;
    (void)loop.start(call.try_call(r));
    (void)loop.start(call.try_call(r));
    return calls;
  };
  http::request r{.target = "/a"};
  CHECK(calls_of_two(r) == 1);
  r.target = "/b";
  CHECK(calls_of_two(r) == 1);
  r.headers.set("Authorization", "Basic YTpi");
  CHECK(calls_of_two(r) == 2);
  CHECK(calls_of_two({.method = http::method::post, .target = "/a"}) == 2);
  CHECK(calls_of_two({.target = "/a", .body = "content"}) == 2);
  for (const char* value : {"no-store", "private, max-age=3", "no-cache"}) {
    answer.headers.set("Cache-Control", value);
    CHECK(calls_of_two({.target = std::string("/") + value}) == 2);
  }
  for (const char* value :
       {"No-Store", "Private", "max-age=0", "max-age=x", "s-maxage=0, max-age=9"}) {
    answer.headers.set("Cache-Control", value);
    CHECK(calls_of_two({.target = std::string("/") + value}) == 2);
  }
  answer.headers.set("Cache-Control", "max-age=60");
  answer.headers.add("Cache-Control", "private");
  CHECK(calls_of_two({.target = "/both"}) == 2);
  answer.headers = {};
  answer.headers.set("Cache-Control", "max-age=5");
  answer.headers.set("Age", "2");
  CHECK(calls_of_two({.target = "/5"}) == 1);
  loop.advance(2999ms);
  CHECK(calls_of_two({.target = "/5"}) == 0);
  loop.advance(1ms);
  CHECK(calls_of_two({.target = "/5"}) == 1);
  answer.headers = {};
  answer.status = http::status::not_found;
  CHECK(calls_of_two({.target = "/c"}) == 2);
}

TEST_CASE("idempotency: of HTTP, by the field") {
  namespace http = kit::http;
  kit::testing::loop loop;
  int calls = 0;
  const auto call = kit::chain(idempotency())(kit::endpoint<http::request, http::response>(
      [&](http::request) -> asio::awaitable<http::response> {
        ++calls;
        co_return http::response{};
      }));
  http::request r{.method = http::method::post, .target = "/pay", .body = "7"};
  r.headers.set("Idempotency-Key", "k");
  CHECK(loop.start(call.try_call(r)).value());
  CHECK(loop.start(call.try_call(r)).value());
  CHECK(calls == 1);
  http::request streamed = r;
  struct never final : http::body_source {
    asio::awaitable<std::optional<std::string>> read() override { co_return std::nullopt; }
  };
  streamed.body = http::body(std::make_shared<never>());
  CHECK(loop.start(call.try_call(streamed)).error() == errc::failed_precondition);
  r.body = "8";
  CHECK(loop.start(call.try_call(r)).error() == errc::invalid_argument);
}
