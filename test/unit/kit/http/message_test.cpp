// body, path_params, request and response.
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <kit/http/request.hpp>
#include <kit/http/response.hpp>
#include <kit/testing/loop.hpp>

namespace http = kit::http;
using http::body;
using http::request;
using http::response;

static_assert(sizeof(request) <= 272);
static_assert(sizeof(response) <= 192);
static_assert(std::is_nothrow_move_constructible_v<request>);
static_assert(std::is_nothrow_move_assignable_v<request>);
static_assert(std::is_nothrow_move_constructible_v<response>);
static_assert(std::is_nothrow_move_assignable_v<response>);
static_assert(std::is_copy_constructible_v<request>);
static_assert(std::is_default_constructible_v<request> &&
              std::is_default_constructible_v<response>);

namespace {

class pieces final : public http::body_source {
 public:
  explicit pieces(std::vector<std::string> all) : all_(std::move(all)) {}

  asio::awaitable<std::optional<std::string>> read() override {
    if (next_ == all_.size()) {
      trailers_.set("X-Sum", "1");
      co_return std::nullopt;
    }
    if (all_[next_] == "fail") throw kit::error(kit::errc::unavailable);
    co_return all_[next_++];
  }
  const http::headers& trailers() const noexcept override { return trailers_; }

 private:
  std::vector<std::string> all_;
  std::size_t next_ = 0;
  http::headers trailers_;
};

body stream(std::vector<std::string> all) {
  return body(std::make_shared<pieces>(std::move(all)));
}

}  // namespace

TEST_CASE("body: bytes are here, known in size, and can be taken") {
  body b = "hello";
  CHECK_FALSE(b.is_stream());
  CHECK(b.size() == 5);
  CHECK(b.text() == "hello");
  CHECK(b.take() == "hello");
  CHECK(b.empty());
  CHECK(body().size() == 0);
}

TEST_CASE("body: padding makes room behind the content and keeps it") {
  body b = std::string("{}");
  CHECK_FALSE(b.is_padded());
  b.pad();
  CHECK(b.is_padded());
  const body moved = std::move(b);
  CHECK(moved.is_padded());
  CHECK(moved.bytes() == "{}");
}

TEST_CASE("body: bytes are read as one chunk") {
  kit::testing::loop loop;
  body b = "hello";
  CHECK(loop.start(b.read()).value() == "hello");
  CHECK(loop.start(b.read()).value() == std::nullopt);
}

TEST_CASE("body: a stream is read chunk by chunk, and trailers follow") {
  kit::testing::loop loop;
  body b = stream({"ab", "c"});
  CHECK(b.is_stream());
  CHECK_FALSE(b.empty());
  CHECK(b.size() == std::nullopt);
  CHECK(b.bytes() == "");
  CHECK(b.trailers().empty());
  CHECK(loop.start(b.read()).value() == "ab");
  CHECK(loop.start(b.read()).value() == "c");
  CHECK(loop.start(b.read()).value() == std::nullopt);
  CHECK(b.trailers().get("x-sum") == "1");
}

TEST_CASE("body: buffering makes a stream into bytes and keeps the trailers") {
  kit::testing::loop loop;
  body b = stream({"ab", "c"});
  loop.start(b.buffer(3)).value();
  CHECK_FALSE(b.is_stream());
  CHECK(b.bytes() == "abc");
  CHECK(b.trailers().get("x-sum") == "1");
  loop.start(b.buffer(0)).value();
  CHECK(b.bytes() == "abc");
}

TEST_CASE("body: buffering past the limit, and a stream that breaks off, are errors") {
  kit::testing::loop loop;
  body long_one = stream({"ab", "cd"});
  auto call = loop.start(long_one.buffer(3));
  CHECK(call.error() == kit::errc::resource_exhausted);
  body broken = stream({"ab", "fail"});
  auto second = loop.start(broken.buffer(100));
  CHECK(second.error() == kit::errc::unavailable);
}

TEST_CASE("body: copies have their own bytes and share a stream") {
  kit::testing::loop loop;
  body a = "x";
  body b = a;
  b.storage() += "y";
  CHECK(a.bytes() == "x");
  body s = stream({"1", "2"});
  body t = s;
  CHECK(loop.start(s.read()).value() == "1");
  CHECK(loop.start(t.read()).value() == "2");
}

TEST_CASE("path_params: values are found by name, whatever their length") {
  http::path_params p;
  CHECK(p.empty());
  const std::string long_value(100'000, 'v');
  p.add("id", "42");
  p.add("long", long_value);
  p.add("", "");
  p.add("after", "x");
  CHECK(p.size() == 4);
  CHECK(p.get("id") == "42");
  CHECK(p.get("long") == long_value);
  CHECK(p.get("") == "");
  CHECK(p.get("after") == "x");
  CHECK(p.get("nope") == std::nullopt);
  http::path_params moved = std::move(p);
  CHECK(moved.get("id") == "42");
  moved.clear();
  CHECK(moved.get("id") == std::nullopt);
}

TEST_CASE("path_params: room made beforehand keeps what is there, and is used") {
  http::path_params p;
  p.add("a", "1");
  p.reserve(2, 100);
  CHECK(p.get("a") == "1");
  p.add("b", std::string(48, 'b'));
  const auto* before = p.get("a")->data();
  p.add("c", std::string(48, 'c'));
  CHECK(p.get("a")->data() == before);
  CHECK(p.get("c") == std::string(48, 'c'));
}

TEST_CASE("path_params: the last of two with one name wins, and the order is kept") {
  http::path_params p;
  p.add("a", "1");
  p.add("b", "2");
  p.add("a", "3");
  CHECK(p.get("a") == "3");
  std::string seen;
  p.for_each([&](std::string_view name, std::string_view value) {
    seen += std::string(name) + "=" + std::string(value) + ";";
  });
  CHECK(seen == "a=1;b=2;a=3;");
}

TEST_CASE("request: path and query of each form of target") {
  const auto split = [](const char* target) {
    request r{.target = target};
    return std::string(r.path()) + " " + std::string(r.query_string());
  };
  CHECK(split("/a/b?x=1?2") == "/a/b x=1?2");
  CHECK(split("/a") == "/a ");
  CHECK(split("/a?u=http://x/y") == "/a u=http://x/y");
  CHECK(split("*") == "* ");
  CHECK(split("http://h:1/p?q#f") == "/p q");
  CHECK(split("http://h?q") == "/ q");
  CHECK(split("http://h#f") == "/ ");
  CHECK(split("http://h") == "/ ");
  CHECK(split("h:443") == " ");
  CHECK(split("") == " ");
}

TEST_CASE("request: query and path parameters are decoded") {
  request r{.target = "/s?q=a+b&n=%31&bad=%"};
  r.params.add("id", "7");
  CHECK(r.query("q") == "a b");
  CHECK(r.query("n") == "1");
  CHECK(r.query("none") == std::nullopt);
  CHECK(r.query_all("q") == std::vector<std::string>{"a b"});
  CHECK_THROWS_AS(r.query("bad"), kit::error);
  CHECK(r.param("id") == "7");
  CHECK(r.param("none") == "");
}

TEST_CASE("response: the helpers set status, type and content") {
  const auto t = response::text(http::status::not_found, "nope");
  CHECK(t.status == http::status::not_found);
  CHECK(t.headers.get(http::field::content_type) == "text/plain; charset=utf-8");
  CHECK(t.body.bytes() == "nope");
  CHECK(response::json(http::status::ok, "{}").headers.get(http::field::content_type) ==
        "application/json");
  CHECK(response::redirect(http::status::found, "/x").headers.get(http::field::location) == "/x");
  CHECK_THROWS_AS(response::redirect(http::status::found, "/x\r\nSet-Cookie: a"), kit::error);
  CHECK(response().status == http::status::ok);
}
