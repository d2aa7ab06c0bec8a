#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <transports/http/client_codec.hpp>

namespace http = kit::http;
using namespace std::chrono_literals;

namespace {

struct foo_request {
  std::string foo;
};
struct with_headers {
  std::string foo;
  http::headers headers() const {
    return {{"X-Edward", "Snowden"}, {"X-Many", "1"}, {"X-Many", "2"}};
  }
};
struct get_user {
  std::string id;
  std::optional<int> limit;
  std::vector<std::string> tag;
};
struct nested {
  foo_request inner;
  int id = 0;
};
struct user {
  std::string name;
};

template <class T>
kit::result<http::request> encoded(const http::method& m, std::string target, const T& value) {
  http::request req;
  req.method = m;
  req.target = std::move(target);
  auto done = http::json_request_encoder<T>()(value, req);
  if (!done) return kit::fail(done.error());
  return req;
}

template <class T>
std::string json_of(const T& value) {
  const auto req = encoded(http::method::post, "http://a/", value);
  REQUIRE(req.has_value());
  CHECK(req->headers.get(http::field::content_type) == "application/json; charset=utf-8");
  return std::string(req->body.text());
}

}  // namespace

TEST_CASE("json_request_encoder: JSON and a line break, with its type [transport/http/client:8]") {
  CHECK(json_of(std::optional<int>()) == "null\n");
  CHECK(json_of(12) == "12\n");
  CHECK(json_of(1.2) == "1.2\n");
  CHECK(json_of(true) == "true\n");
  CHECK(json_of(std::string("test")) == "\"test\"\n");
  CHECK(json_of(foo_request{"foo"}) == "{\"foo\":\"foo\"}\n");
}

TEST_CASE(
    "json_request_encoder: the fields of a request that has some are set, all values "
    "[transport/http/client:9]") {
  http::request req;
  req.method = http::method::post;
  req.headers.set("X-Edward", "other");
  REQUIRE(http::json_request_encoder<with_headers>()(with_headers{"f"}, req).has_value());
  CHECK(req.headers.get_all("x-edward") == std::vector<std::string_view>{"Snowden"});
  CHECK(req.headers.get_all("x-many") == std::vector<std::string_view>{"1", "2"});
}

TEST_CASE(
    "xml_request_encoder: XML with its type, and the request's fields "
    "[transport/http/client:10]") {
  http::request req;
  REQUIRE(http::xml_request_encoder<with_headers>()(with_headers{"a<b & c"}, req).has_value());
  CHECK(req.headers.get(http::field::content_type) == "text/xml; charset=utf-8");
  CHECK(req.headers.get("x-edward") == "Snowden");
  CHECK(req.body.text() == "<with_headers><foo>a&lt;b &amp; c</foo></with_headers>");
  http::request bad;
  CHECK_FALSE(http::xml_request_encoder<foo_request>()(foo_request{"\x01"}, bad).has_value());
}

TEST_CASE("json_request_encoder: GET puts fields into path and query") {
  const get_user value{"a/b c", 10, {"x", "y&z"}};
  auto req = encoded(http::method::get, "http://a/users/{id}", value);
  REQUIRE(req.has_value());
  CHECK(req->target == "http://a/users/a%2Fb%20c?limit=10&tag=x&tag=y%26z");
  CHECK(req->body.empty());
  CHECK_FALSE(req->headers.contains(http::field::content_type));
  req = encoded(http::method::del, "http://a/u?fixed=1", get_user{"i", {}, {}});
  CHECK(req->target == "http://a/u?fixed=1&id=i");
  req = encoded(http::method::get, "http://a/u/{id}?#x", get_user{"i", 2, {}});
  CHECK(req->target == "http://a/u/i?limit=2");
  req = encoded(http::method::get, "http://a/f/{id...}", get_user{"x/y z", {}, {}});
  CHECK(req->target == "http://a/f/x/y%20z");
}

TEST_CASE("json_request_encoder: POST fills the path, and has all as content") {
  const auto req = encoded(http::method::put, "http://a/{id}", nested{{"f"}, 7});
  REQUIRE(req.has_value());
  CHECK(req->target == "http://a/7");
  CHECK(req->body.text() == "{\"inner\":{\"foo\":\"f\"},\"id\":7}\n");
}

TEST_CASE(
    "json_request_encoder: a place in the path without a value, or one that would lead "
    "elsewhere") {
  for (const std::string id : {"", ".", ".."}) {
    const auto req = encoded(http::method::get, "http://a/users/{id}", get_user{id, {}, {}});
    REQUIRE_FALSE(req.has_value());
    CHECK(req.error() == kit::errc::invalid_argument);
    CHECK(req.error().message().find("\"id\"") != std::string_view::npos);
  }
  CHECK_FALSE(encoded(http::method::get, "http://a/{nothing}", get_user{}).has_value());
  CHECK_FALSE(encoded(http::method::post, "http://a/{limit}", get_user{}).has_value());
}

TEST_CASE("json_request_encoder: a value without a JSON form is refused") {
  struct number {
    double v;
  };
  const auto req = encoded(http::method::post, "http://a/", number{0.0 / 0.0});
  CHECK_FALSE(req.has_value());
}

TEST_CASE("json_request_encoder: an http::request goes as it is") {
  // `POST http://a/` is the endpoint's.
  const auto sent = [](http::request value) {
    http::request req{.method = http::method::post, .target = "http://a/"};
    REQUIRE(http::json_request_encoder<http::request>()(std::move(value), req).has_value());
    return req;
  };
  const auto own = sent({.target = "http://b/"});
  CHECK(own.method == http::method::get);
  CHECK(own.target == "http://b/");
  // What it has none of is the endpoint's.
  const auto bare = sent({.body = "x"});
  CHECK(bare.method == http::method::post);
  CHECK(bare.target == "http://a/");
  CHECK(bare.body.text() == "x");
  const auto other = sent({.method = http::method::put, .body = "x"});
  CHECK(other.method == http::method::put);
  CHECK(other.target == "http://a/");
}

TEST_CASE("json_response_decoder: 2xx is read, another status is its error") {
  const http::json_response_decoder<user> decode;
  auto fine = http::response::json(http::status::created, R"({"name":"ann"})");
  CHECK(decode(fine)->name == "ann");
  http::response none{.status = http::status::no_content};
  CHECK(decode(none)->name.empty());

  auto busy = http::response::text(http::status::service_unavailable, "come back\n");
  busy.headers.set("Retry-After", "3");
  const auto failed = decode(busy);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error() == kit::error(kit::errc::unavailable, "503 come back\n"));
  CHECK(failed.error().retry_after() == 3s);
  CHECK(failed.error().get<http::received_status>()->status == http::status::service_unavailable);

  auto broken = http::response::json(http::status::ok, R"({"name":1})");
  const auto wrong = decode(broken);
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error() == kit::errc::internal);
  CHECK(wrong.error().message().find("name") != std::string_view::npos);
  auto whole = http::response::text(http::status::not_found, "x");
  CHECK(http::json_response_decoder<http::response>()(whole)->status == http::status::not_found);
}

TEST_CASE("check_status: each status has its code, and says what the answer said") {
  const std::pair<int, kit::errc> codes[] = {{302, kit::errc::unknown},
                                             {400, kit::errc::invalid_argument},
                                             {401, kit::errc::unauthenticated},
                                             {403, kit::errc::permission_denied},
                                             {404, kit::errc::not_found},
                                             {408, kit::errc::deadline_exceeded},
                                             {409, kit::errc::aborted},
                                             {412, kit::errc::failed_precondition},
                                             {416, kit::errc::out_of_range},
                                             {418, kit::errc::failed_precondition},
                                             {429, kit::errc::resource_exhausted},
                                             {499, kit::errc::canceled},
                                             {500, kit::errc::internal},
                                             {501, kit::errc::unimplemented},
                                             {502, kit::errc::unavailable},
                                             {503, kit::errc::unavailable},
                                             {504, kit::errc::deadline_exceeded}};
  for (const auto& [status, code] : codes) {
    CAPTURE(status);
    const http::response r{.status = static_cast<http::status>(status)};
    const auto checked = http::check_status(r);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error() == code);
    CHECK(checked.error().message().starts_with(std::to_string(status)));
  }
  CHECK(http::check_status(http::response{.status = http::status::ok}).has_value());
  CHECK(http::check_status(http::response{.status = http::status::partial_content}).has_value());

  auto html = http::response::text(http::status::bad_gateway, "<html>", "text/html");
  CHECK(http::check_status(html).error().message() == "502 Bad Gateway");
  auto dated = http::response{.status = http::status::too_many_requests};
  dated.headers.set("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http::check_status(dated).error().retry_after() == 0ms);
  dated.headers.set("Retry-After", "soon");
  CHECK(http::check_status(dated).error().retry_after() == std::nullopt);
}
