#include <middleware/cache.hpp>
#include <middleware/coalesce.hpp>
#include <middleware/idempotency.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/chain.hpp>
#include <kit/http/response.hpp>
#include <kit/testing/loop.hpp>
#include <kit/timer.hpp>

// Layers by which several calls have one answer, around handlers of HTTP.

using namespace std::chrono_literals;
using kit::errc;
using kit::middleware::cache;
using kit::middleware::coalesce;
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
  answer.status = http::status::ok;
  for (const char* field : {"If-None-Match", "If-Match", "If-Modified-Since", "Range"}) {
    CHECK(calls_of_two({.target = "/d", .headers = {{field, "\"a\""}}}) == 2);
  }
  // Until when it says by the clock.
  const char* const date = "Sun, 06 Nov 1994 08:49:37 GMT";
  answer.headers = {{"Date", date}, {"Expires", "0"}};
  CHECK(calls_of_two({.target = "/e"}) == 2);
  answer.headers = {{"Date", date}, {"Expires", "Sun, 06 Nov 1994 08:49:40 GMT"}};
  CHECK(calls_of_two({.target = "/f"}) == 1);
  loop.advance(3s);
  CHECK(calls_of_two({.target = "/f"}) == 1);
  // Each of the fields that an answer is chosen by, with all its lines.
  http::request two{.target = "/g"};
  two.headers.add("Accept", "text/html");
  CHECK(calls_of_two(two) == 1);
  two.headers.add("Accept", "application/json");
  CHECK(calls_of_two(two) == 1);
}

TEST_CASE("cache: of HTTP, an answer tells its age") {
  namespace http = kit::http;
  kit::testing::loop loop;
  const auto call = kit::chain(cache())(kit::endpoint<http::request, http::response>(
      [&](http::request) -> asio::awaitable<http::response> {
        co_await kit::sleep_for(1s);
        co_return http::response{.headers = {{"Cache-Control", "max-age=8"}, {"Age", "2, 99"}}};
      }));
  const auto ask = [&] { return loop.start(call.try_call(http::request{.target = "/"})); };
  const auto first = ask();
  loop.advance(1s);
  CHECK(first.value()->headers.get("Age") == "2, 99");
  loop.advance(4999ms);
  CHECK(ask().value()->headers.get("Age") == "7");  // with the second that it was under way
  loop.advance(1ms);
  CHECK(ask().pending());
}

TEST_CASE("coalesce: of HTTP, what is the answer to others, too") {
  namespace http = kit::http;
  kit::testing::loop loop;
  int calls = 0;
  http::response answer;
  const auto call = kit::chain(coalesce())(kit::endpoint<http::request, http::response>(
      [&](http::request) -> asio::awaitable<http::response> {
        ++calls;
        co_await kit::sleep_for(1s);
        co_return answer;
      }));
  const auto calls_of_three = [&](const http::request& second = {.target = "/"}) {
    calls = 0;
    const auto one = loop.start(call.try_call(http::request{.target = "/"}));
    const auto two = loop.start(call.try_call(second)), three = loop.start(call.try_call(second));
    loop.advance(1s);
    CHECK(one.value());
    loop.advance(1s);  // those who make it themselves then do it at the same time
    CHECK(two.value());
    CHECK(three.value());
    return calls;
  };
  CHECK(calls_of_three() == 1);
  answer.status = http::status::internal_server_error;
  CHECK(calls_of_three() == 1);
  CHECK(calls_of_three({.target = "/", .headers = {{"If-None-Match", "\"a\""}}}) == 3);
  for (const auto& [name, value] :
       {std::pair("Set-Cookie", "a=b"), std::pair("Vary", "Accept"),
        std::pair("Cache-Control", "private"), std::pair("Cache-Control", "no-store")}) {
    answer.headers = {{name, value}};
    CHECK(calls_of_three() == 3);
  }
  struct none final : http::body_source {
    asio::awaitable<std::optional<std::string>> read() override { co_return std::nullopt; }
  };
  answer = {.body = http::body(std::make_shared<none>())};
  CHECK(calls_of_three() == 3);
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
  struct piece final : http::body_source {
    explicit piece(std::string t) : text(std::move(t)) {}
    asio::awaitable<std::optional<std::string>> read() override {
      co_return text.empty() ? std::nullopt : std::optional(std::exchange(text, {}));
    }
    std::string text;
  };
  http::request streamed = r;
  streamed.body = http::body(std::make_shared<piece>("7"));
  CHECK(loop.start(call.try_call(streamed)).value());
  CHECK(calls == 1);
  streamed.body = http::body(std::make_shared<piece>(std::string(1024 * 1024 + 1, 'x')));
  CHECK(loop.start(call.try_call(streamed)).error() ==
        kit::error(errc::invalid_argument,
                   "with an idempotency key the content may have up to 1048576 bytes"));
  r.body = "8";
  CHECK(loop.start(call.try_call(r)).error() == errc::invalid_argument);
}

TEST_CASE("idempotency: of HTTP, what is kept") {
  namespace http = kit::http;
  kit::testing::loop loop;
  int calls = 0;
  http::response answer{.status = http::status::service_unavailable};
  const auto call = kit::chain(idempotency())(kit::endpoint<http::request, http::response>(
      [&](http::request) -> asio::awaitable<http::response> {
        ++calls;
        co_return std::exchange(answer, http::response{});
      }));
  http::request r{.method = http::method::post, .target = "/pay"};
  r.headers.set("Idempotency-Key", "k");
  const auto status = [&] { return loop.start(call.try_call(r)).value()->status; };
  CHECK(status() == http::status::service_unavailable);
  CHECK(status() == http::status::ok);
  CHECK(status() == http::status::ok);
  CHECK(calls == 2);

  r.headers.set("Idempotency-Key", "other");
  struct words final : http::body_source {
    int left = 2;
    asio::awaitable<std::optional<std::string>> read() override {
      if (left-- == 0) co_return std::nullopt;
      co_return "word ";
    }
  };
  answer.body = http::body(std::make_shared<words>());
  auto first = loop.start(call.try_call(r)).value();
  CHECK(loop.start(first->body.buffer(100)).done());
  CHECK(first->body.bytes() == "word word ");
  CHECK(loop.start(call.try_call(r)).error() == errc::failed_precondition);
  CHECK(calls == 3);
}

TEST_CASE("idempotency: of HTTP, a stream isn't kept for somebody who has gone") {
  namespace http = kit::http;
  kit::testing::loop loop;
  struct none final : http::body_source {
    asio::awaitable<std::optional<std::string>> read() override { co_return std::nullopt; }
  };
  std::weak_ptr<none> seen;
  const auto call = kit::chain(idempotency())(kit::endpoint<http::request, http::response>(
      [&](http::request) -> asio::awaitable<http::response> {
        co_await kit::sleep_for(1s);
        auto content = std::make_shared<none>();
        seen = content;
        co_return http::response{.body = http::body(std::move(content))};
      }));
  http::request r{.method = http::method::post, .target = "/"};
  r.headers.set("Idempotency-Key", "k");
  auto first = loop.start(call.try_call(r));
  first.cancel();
  loop.advance(1s);
  CHECK(first.done());
  CHECK(seen.expired());
  CHECK(loop.start(call.try_call(r)).error() == errc::failed_precondition);
}
