// The reverse proxy with a real client, between real servers.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/http/pushed_body.hpp>
#include <transports/http/client.hpp>
#include <transports/http/response_writer.hpp>
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

// Counts what it gets, and tells that and what it read after it in a trailer.
asio::awaitable<http::response> origin_of_trailers(http::request r) {
  http::response answer;
  answer.body =
      http::pushed_body([r = std::move(r)](http::body_sink& out) mutable -> asio::awaitable<void> {
        std::size_t size = 0;
        while (const auto piece = co_await r.body.read())
          size += piece->size();
        co_await out.write("content");
        out.set_trailers({{"X-Size", std::to_string(size)},
                          {"X-Sum", std::string(r.body.trailers().get("x-sum").value_or("none"))}});
      });
  co_return answer;
}

// "hello", and a trailer.
class summed_source final : public http::body_source {
 public:
  asio::awaitable<std::optional<std::string>> read() override {
    co_return std::exchange(read_, true) ? std::nullopt : std::optional<std::string>("hello");
  }
  std::optional<std::uint64_t> size() const noexcept override { return std::nullopt; }
  const http::headers& trailers() const noexcept override { return trailers_; }

 private:
  bool read_ = false;
  const http::headers trailers_{{"X-Sum", "532"}};
};

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

TEST_CASE("reverse_proxy: trailers pass both ways") {
  const served backend(streaming_routes(origin_of_trailers));
  const served front(
      streaming_routes(http::reverse_proxy(http::client().streaming(), backend.url())));
  client_world w(test::on::loop);
  auto call = w.call(http::client(), {.method = http::method::post,
                                      .target = front.url(),
                                      .headers = {{"TE", "trailers"}},
                                      .body = http::body(std::make_shared<summed_source>())});
  REQUIRE(w.ended(call));
  REQUIRE(call.value().has_value());
  CHECK(call.value()->body.text() == "content");
  CHECK(call.value()->body.trailers().get("x-size") == "5");
  CHECK(std::string(call.value()->body.trailers().get("x-sum").value_or("-")) == "532");
}

TEST_CASE("reverse_proxy: what the origin says of content that it doesn't send passes as it is") {
  client_world w(test::on::loop);
  test::played_server backend(w);
  const auto proxy = http::reverse_proxy(http::client().streaming(), backend.url());
  std::unique_ptr<test::server_peer> peer;
  for (const std::string fields :
       {"", "Content-Length: 10\r\n", "Transfer-Encoding: chunked\r\n"}) {
    for (const auto* status : {"200 OK", "304 Not Modified"}) {
      auto call = w.call(proxy, {.method = http::method::head, .target = "/"});
      if (!peer) peer = backend.accept();
      CHECK(peer->request().starts_with("HEAD / "));
      peer->send("HTTP/1.1 " + std::string(status) + "\r\n" + fields + "\r\n");
      REQUIRE(w.ended(call));
      REQUIRE(call.value().has_value());
      std::string out;
      http::append_response_head(out, *call.value(), {.request_method = http::method::head});
      CHECK(out == "HTTP/1.1 " + std::string(status) + "\r\n" +
                       (fields.starts_with("C") ? fields : "") + "\r\n");
    }
  }
}
