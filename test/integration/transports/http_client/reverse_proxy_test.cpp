// The reverse proxy with a real client, between real servers.
#include <memory>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <transports/http/client.hpp>
#include <transports/http/reverse_proxy.hpp>
#include <transports/http/router.hpp>
#include <transports/http/streaming.hpp>

#include "test/support/http_client/served.hpp"
#include "test/support/http_client/world.hpp"

namespace http = kit::http;
using test::client_world;
using test::served;

namespace {

// Counts what it gets, and says who it was sent for.
asio::awaitable<http::response> origin(http::request r) {
  std::size_t size = 0;
  while (const auto piece = co_await r.body.read())
    size += piece->size();
  auto answer = http::response::text(http::status::ok, std::to_string(size) + " " + r.target);
  answer.headers.set("X-For", r.headers.get(http::field::x_forwarded_for).value_or("nobody"));
  answer.headers.set("X-Host", r.headers.get(http::field::host).value_or(""));
  co_return answer;
}

http::router streaming_routes(const http::handler& h) {
  http::router router;
  router.any("/{rest...}", http::streaming(h));
  return router;
}

}  // namespace

TEST_CASE(
    "reverse_proxy: between a client and an origin, content as a stream both ways "
    "[transport/httprp:1] [transport/httprp:4] [transport/httprp:5]") {
  const served backend(streaming_routes(origin));
  const served front(streaming_routes(http::reverse_proxy(
      http::client({.decompress = false}).streaming(), backend.url("/base?x=1"))));
  client_world w(test::on::loop);
  const http::client client;
  for (const std::size_t size : {0U, 10U, 20'000'000U}) {
    auto call = w.call(client, {.method = http::method::post,
                                .target = front.url("/dir?y=2"),
                                .body = std::string(size, 'x')});
    REQUIRE(w.ended(call));
    REQUIRE(call.value().has_value());
    CHECK(call.value()->body.text() == std::to_string(size) + " /base/dir?x=1&y=2");
    CHECK(call.value()->headers.get("x-for") == "127.0.0.1");
    CHECK(call.value()->headers.get("x-host") == front.address());
  }
}

TEST_CASE("reverse_proxy: no origin there: 502 without content [transport/httprp:3]") {
  client_world w(test::on::loop);
  std::string gone;
  {
    test::played_server server(w);
    gone = server.url();
  }
  const served front(streaming_routes(http::reverse_proxy(http::client().streaming(), gone)));
  auto call = w.call(http::client(), {.target = front.url("/")});
  REQUIRE(w.ended(call));
  REQUIRE(call.value().has_value());
  CHECK(call.value()->status == http::status::bad_gateway);
  CHECK(call.value()->body.empty());
}
