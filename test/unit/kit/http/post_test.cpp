#include <kit/http/post.hpp>

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/testing/loop.hpp>

namespace http = kit::http;
using namespace std::chrono_literals;

namespace {

struct server {
  http::request received;
  kit::result<http::response> answer;

  static asio::awaitable<kit::result<http::response>> serve(server& s, http::request r) {
    s.received = std::move(r);
    co_return s.answer;
  }
  kit::result<http::response> post(http::headers fields = {}) {
    kit::testing::loop loop;
    const kit::endpoint<http::request, http::response> client = [this](http::request r) {
      return serve(*this, std::move(r));
    };
    return loop.start(http::post(client, "http://a/b", "content", "text/plain", std::move(fields)))
        .value();
  }
};

}  // namespace

TEST_CASE("post: sends content, with its type and the fields given, and has the answer") {
  server s;
  s.answer = http::response::text(http::status::accepted, "thanks");
  CHECK(s.post({{"X-Key", "k"}, {"Content-Type", "other"}}).value().body.text() == "thanks");
  CHECK(s.received.method == http::method::post);
  CHECK(s.received.target == "http://a/b");
  CHECK(s.received.headers.get("content-type") == "text/plain");
  CHECK(s.received.headers.get("x-key") == "k");
  CHECK(s.received.body.text() == "content");
}

TEST_CASE("post: what is no success is an error, and so is what fails on the way") {
  server s;
  s.answer =
      http::response{.status = http::status::too_many_requests, .headers = {{"Retry-After", "7"}}};
  const auto busy = s.post().error();
  CHECK(busy == kit::errc::resource_exhausted);
  CHECK(busy.retry_after() == 7s);
  s.answer = kit::fail(kit::errc::unavailable, "no route");
  CHECK(s.post().error().message() == "no route");
}
