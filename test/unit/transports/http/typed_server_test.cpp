#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/endpoint.hpp>
#include <kit/timer.hpp>
#include <transports/http/handler_of.hpp>
#include <transports/http/hooks.hpp>
#include <transports/http/router.hpp>

#include "test/support/http_server/memory_world.hpp"

// Typed handlers behind a real server.

namespace http = kit::http;
using namespace std::chrono_literals;
using test::http_client;
using test::memory_world;

namespace {

struct sum_request {
  std::int64_t a = 0;
  std::int64_t b = 0;
};
struct sum_response {
  std::int64_t v = 0;
};

kit::endpoint<sum_request, sum_response> sum() {
  return [](sum_request r) -> asio::awaitable<sum_response> { co_return sum_response{r.a + r.b}; };
}
kit::endpoint<kit::empty, sum_response> slow() {
  return [](kit::empty) -> asio::awaitable<sum_response> {
    co_await kit::sleep_for(1h);
    co_return sum_response{};
  };
}

/// `hello`, then nothing for an hour, then ` world`.
class halting final : public http::body_source {
 public:
  asio::awaitable<std::optional<std::string>> read() override {
    switch (step_++) {
      case 0:
        co_return "hello";
      case 1:
        co_await kit::sleep_for(1h);
        co_return " world";
      default:
        co_return std::nullopt;
    }
  }

 private:
  int step_ = 0;
};

kit::endpoint<kit::empty, http::response> streams() {
  return [](kit::empty) -> asio::awaitable<http::response> {
    http::response r;
    r.body = http::body(std::make_shared<halting>());
    co_return r;
  };
}

struct record {
  int status = 0;
  std::uint64_t bytes = 0;
  std::optional<kit::errc> failure;
  friend bool operator==(const record&, const record&) = default;
};
using records = std::vector<record>;

http::handler_options into(records& all) {
  return {.finalizers = {[&all](const kit::context&, const http::exchange& e) {
            all.push_back({http::to_int(e.status), e.response_bytes,
                           e.failure ? std::optional(e.failure->code()) : std::nullopt});
          }}};
}

}  // namespace

TEST_CASE("typed server: a request in JSON is answered in JSON") {
  http::router router;
  router.post("/sum", sum()).get("/sum", sum());
  memory_world w(router);
  http_client c(w);
  c.post("/sum", R"({"a":1,"b":2})");
  auto a = c.answer();
  CHECK(a.status == 200);
  CHECK(a.header("content-type") == "application/json; charset=utf-8");
  CHECK(a.header("content-length") == "8");
  CHECK(a.body == "{\"v\":3}\n");
  CHECK(c.get("/sum?a=40&b=2").answer().body == "{\"v\":42}\n");
  a = c.post("/sum", R"({"a":"1"})").answer();
  CHECK(a.status == 400);
  CHECK(a.body == "$.a: expected number, got string at byte 5");
}

TEST_CASE(
    "typed server: a streamed answer comes chunk by chunk, and is counted to its end "
    "[transport/http/server:15]") {
  records seen;
  memory_world w(http::handler_of(streams(), into(seen)), {.request_timeout = 0s});
  http_client c(w);
  c.get("/");
  CHECK(c.rest().ends_with("5\r\nhello\r\n"));
  CHECK(seen.empty());
  w.advance(1h);
  CHECK(c.rest().ends_with("0\r\n\r\n"));
  CHECK(seen == records{{200, 11, {}}});
}

TEST_CASE("typed server: a client that goes away in the middle of a stream ends it") {
  records seen;
  memory_world w(http::handler_of(streams(), into(seen)));
  http_client c(w);
  c.get("/");
  CHECK(c.rest().ends_with("hello\r\n"));
  c.reset();
  w.advance(1s);
  CHECK(seen == records{{200, 5, kit::errc::canceled}});
}

TEST_CASE("typed server: a client that goes away cancels the endpoint") {
  records seen;
  memory_world w(http::handler_of(slow(), into(seen)));
  http_client c(w);
  c.get("/");
  w.run();
  CHECK(seen.empty());
  c.reset();
  w.advance(1s);
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].status == 499);
  CHECK(seen[0].failure == kit::errc::canceled);
}

TEST_CASE("typed server: a request that takes too long is answered by 504") {
  records seen;
  bool hooks = false;
  SUBCASE("without hooks") {}
  SUBCASE("with hooks") {
    hooks = true;
  }
  memory_world w(http::handler_of(slow(), hooks ? into(seen) : http::handler_options{}),
                 {.request_timeout = 1s});
  http_client c(w);
  c.get("/");
  w.advance(999ms);
  CHECK(c.waits());
  w.advance(1ms);
  CHECK(c.answer().status == 504);
  if (hooks) CHECK(seen == records{{504, 17, kit::errc::deadline_exceeded}});
}

TEST_CASE("typed server: HEAD gets the fields of GET, and no content is counted") {
  records seen;
  http::router router;
  router.get("/sum", sum(), into(seen));
  memory_world w(router);
  http_client c(w);
  c.send("HEAD /sum?a=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto a = c.answer(true);
  CHECK(a.status == 200);
  CHECK(a.header("content-length") == "8");
  CHECK(a.body.empty());
  CHECK(seen == records{{200, 0, {}}});
}

TEST_CASE("typed server: the server's end finds each finalizer run once") {
  records seen;
  {
    memory_world w(http::handler_of(slow(), into(seen)));
    http_client a(w), b(w);
    a.get("/");
    b.get("/");
    w.run();
    CHECK(seen.empty());
    w.server.reset();
    w.run();
  }
  CHECK(seen.size() == 2);
}

TEST_CASE(
    "typed server: content beyond the server's limit never reaches the decoder "
    "[not transport/http/server:D6]") {
  records seen;
  memory_world w(http::handler_of(sum(), into(seen)), {.limits = {.max_body_bytes = 16}});
  http_client c(w);
  c.post("/", R"({"a":1,     "b":2})");
  CHECK(c.answer().status == 413);
  CHECK(seen.empty());
}
