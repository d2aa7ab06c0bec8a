#include <transports/http/json_codec.hpp>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <transports/http/handler_of.hpp>
#include <transports/http/hooks.hpp>

#include "test/support/typed_call.hpp"

namespace http = kit::http;
using typed_call::answer;
using typed_call::get;
using typed_call::header;
using typed_call::post;

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

/// The endpoint that answers with its request.
template <class T>
http::handler echo() {
  return http::handler_of(
      kit::endpoint<T, T>([](T v) -> asio::awaitable<T> { co_return std::move(v); }));
}
/// The endpoint that answers with that value.
template <class T>
http::handler returns(T (*make)()) {
  return http::handler_of(kit::endpoint<kit::empty, T>(
      [make](kit::empty) { return [](T (*m)()) -> asio::awaitable<T> { co_return m(); }(make); }));
}

struct inner {
  int x = 0;
};
struct profile {
  std::string id;
  std::string name = "anonymous";
  std::optional<int> age = {};
  std::vector<std::string> tags = {};
  inner more = {};
};

struct teapot {
  std::string html = "<b>&</b>";
  http::status status_code() const { return http::status::im_a_teapot; }
  http::headers headers() const {
    return {{"Vary", "Origin"}, {"Vary", "User-Agent"}, {"X-Tea", "green"}};
  }
};
struct gone {
  int v = 1;
  int status_code() const { return 204; }
};
struct bad_status {
  int code = 0;
  int status_code() const { return code; }
};
struct own_type {
  http::headers headers() const { return {{"Content-Type", "application/vnd.tea+json"}}; }
};
struct number {
  double v = 0;
};

http::request with_params(
    http::request r, std::initializer_list<std::pair<std::string_view, std::string_view>> params) {
  for (const auto& [name, value] : params)
    r.params.add(name, value);
  return r;
}

}  // namespace

struct album {
  std::string id;
  profile owner;
};

template <>
struct kit::reflect_traits<profile> {
  static constexpr auto fields = kit::fields(kit::field<&profile::id>().required());
};
template <>
struct kit::reflect_traits<album> {
  static constexpr auto fields = kit::fields(kit::field<&album::owner>().required());
};

TEST_CASE("typed JSON: a POST is decoded, answered and typed [transport/http/server:10]") {
  const auto r = answer(http::handler_of(sum()), post("/sum", R"({"a": 1, "b": 2})"));
  CHECK(r.status == http::status::ok);
  CHECK(r.body.bytes() == "{\"v\":3}\n");
  CHECK(header(r, http::field::content_type) == "application/json; charset=utf-8");
}

TEST_CASE(
    "typed JSON: status and fields of the response type are used, HTML characters escaped "
    "[transport/http/server:10]") {
  const auto r = answer(returns<teapot>([] { return teapot{}; }), get("/"));
  CHECK(r.status == http::status::im_a_teapot);
  CHECK(r.body.bytes() == "{\"html\":\"\\u003cb\\u003e\\u0026\\u003c/b\\u003e\"}\n");
  CHECK(r.headers.get_all("vary") == std::vector<std::string_view>{"Origin", "User-Agent"});
  CHECK(r.headers.get("x-tea") == "green");
  CHECK(header(r, http::field::content_type) == "application/json; charset=utf-8");
}

TEST_CASE("typed JSON: an answer of 204 has no content [transport/http/server:11]") {
  const auto r = answer(returns<gone>([] { return gone{}; }), get("/"));
  CHECK(r.status == http::status::no_content);
  CHECK(r.body.empty());
  CHECK(header(r, http::field::content_type) == "none");
}

TEST_CASE("typed JSON: an absent response is null, an empty one {} [transport/http/server:12]") {
  CHECK(answer(returns<std::optional<sum_response>>(
                   []() -> std::optional<sum_response> { return std::nullopt; }),
               get("/"))
            .body.bytes() == "null\n");
  CHECK(
      answer(returns<std::unique_ptr<sum_response>>([] { return std::unique_ptr<sum_response>(); }),
             get("/"))
          .body.bytes() == "null\n");
  CHECK(answer(http::handler_of(kit::nop<kit::empty>()), get("/")).body.bytes() == "{}\n");
}

TEST_CASE(
    "typed JSON: the decoder that wants nothing takes any request "
    "[transport/http/server:12]") {
  const auto h = http::handler_of(kit::nop<kit::empty>(), http::decode_nothing,
                                  http::json_encoder<kit::empty>());
  CHECK(answer(h, post("/", "not JSON", "text/plain")).status == http::status::ok);
  CHECK(answer(h, get("/")).status == http::status::ok);
}

TEST_CASE(
    "typed JSON: a response without a JSON form is an error, not half an answer of 200 "
    "[not transport/http/server:D2]") {
  for (const bool hooks : {false, true}) {
    CAPTURE(hooks);
    int status = 0;
    std::uint64_t bytes = 0;
    http::handler_options options;
    if (hooks) {
      options.finalizers = {[&](const kit::context&, const http::exchange& e) {
        status = http::to_int(e.status);
        bytes = e.response_bytes;
      }};
    }
    const auto h = http::handler_of(
        kit::endpoint<kit::empty, number>([](kit::empty) -> asio::awaitable<number> {
          co_return number{std::numeric_limits<double>::quiet_NaN()};
        }),
        options);
    const auto r = answer(h, get("/"));
    CHECK(r.status == http::status::internal_server_error);
    CHECK(header(r, http::field::content_type) == "text/plain; charset=utf-8");
    CHECK(r.body.bytes().find("NaN") != std::string_view::npos);
    CHECK(r.body.bytes().find('{') == std::string_view::npos);
    if (hooks) {
      CHECK(status == 500);
      CHECK(bytes == r.body.bytes().size());
    }
  }
}

TEST_CASE("typed JSON: a status that ends no request is an error") {
  for (const int code : {0, 100, 101, 199, 600, 99999, -1}) {
    CAPTURE(code);
    bad_status resp{code};
    http::response r;
    const auto done = http::json_encoder<bad_status>{}(resp, r);
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error() == kit::errc::internal);
  }
}

TEST_CASE(
    "typed JSON: a Content-Type of the response's own replaces the usual one "
    "[not transport/http/server:D3]") {
  const auto r = answer(returns<own_type>([] { return own_type{}; }), get("/"));
  CHECK(r.headers.get_all("content-type") ==
        std::vector<std::string_view>{"application/vnd.tea+json"});
}

TEST_CASE("typed JSON: fields set by after hooks stay, and those of the response are added") {
  const auto h = http::handler_of(
      kit::endpoint<kit::empty, teapot>(
          [](kit::empty) -> asio::awaitable<teapot> { co_return teapot{}; }),
      {.after = {http::set_response_header("Vary", "Accept"), http::set_content_type("text/html"),
                 http::set_response_header("X-Mine", "1")}});
  const auto r = answer(h, get("/"));
  CHECK(r.headers.get_all("vary") ==
        std::vector<std::string_view>{"Accept", "Origin", "User-Agent"});
  CHECK(r.headers.get("x-mine") == "1");
  CHECK(r.headers.get_all("content-type") ==
        std::vector<std::string_view>{"application/json; charset=utf-8"});
}

TEST_CASE("typed JSON: raw requests and responses are taken as they are") {
  struct raw {
    static asio::awaitable<http::response> run(http::request r) {
      auto out = http::response::text(http::status::accepted, std::string(r.body.bytes()));
      out.headers.set("X-Raw", r.target);
      co_return out;
    }
    static asio::awaitable<http::response> typed(sum_request r) {
      co_return http::response::text(http::status::ok, std::to_string(r.a + r.b));
    }
  };
  const auto h = http::handler_of(
      kit::endpoint<http::request, http::response>(
          [](http::request r) { return raw::run(std::move(r)); }),
      {.after = {http::set_response_header("X-Hook", "1"), http::set_content_type("text/html")}});
  const auto r = answer(h, post("/raw", "any text", "text/plain"));
  CHECK(r.status == http::status::accepted);
  CHECK(r.body.bytes() == "any text");
  CHECK(r.headers.get("x-raw") == "/raw");
  CHECK(r.headers.get("x-hook") == "1");
  CHECK(r.headers.get_all("content-type") ==
        std::vector<std::string_view>{"text/plain; charset=utf-8"});
  const auto typed = http::handler_of(kit::endpoint<sum_request, http::response>(
      [](sum_request q) { return raw::typed(std::move(q)); }));
  CHECK(answer(typed, get("/sum?a=1&b=2")).body.bytes() == "3");
}

TEST_CASE("typed JSON: bad JSON is 400 with the decoder's message") {
  const auto h = http::handler_of(sum());
  auto r = answer(h, post("/sum", R"({"a": "x"})"));
  CHECK(r.status == http::status::bad_request);
  CHECK(r.body.bytes() == "$.a: expected number, got string at byte 6");
  CHECK(header(r, http::field::content_type) == "text/plain; charset=utf-8");
  for (const char* bad : {"{", "[]", "1", R"({"a":1} x)", R"({"a":1e400})", "\xff", " "}) {
    CAPTURE(bad);
    CHECK(answer(h, post("/sum", bad)).status == http::status::bad_request);
  }
}

TEST_CASE("typed JSON: the content's type is not looked at unless told to") {
  const auto r = answer(http::handler_of(sum()),
                        post("/sum", R"({"a":1})", "application/x-www-form-urlencoded"));
  CHECK(r.status == http::status::ok);
}

TEST_CASE("typed JSON: where types are checked, content must say that it is JSON") {
  const auto h = http::handler_of(sum(), http::json_decoder<sum_request>{.check_type = true},
                                  http::json_encoder<sum_response>());
  const auto status = [&](std::string_view type) {
    return http::to_int(answer(h, post("/sum", R"({"a":1})", type)).status);
  };
  CHECK(status("application/json") == 200);
  CHECK(status("Application/JSON; charset=utf-8") == 200);
  CHECK(status("application/json;charset=utf-8") == 200);
  CHECK(status("application/merge-patch+json") == 200);
  CHECK(status("application/x-www-form-urlencoded") == 415);
  CHECK(status("text/plain") == 415);
  CHECK(status("application/jsonp") == 415);
  CHECK(status("+json") == 415);
  CHECK(status("json") == 415);
  // What a browser sends of a Blob without a type, across origins and without asking.
  CHECK(status("") == 415);
  CHECK(answer(h, post("/sum", "{}", "")).body.bytes() ==
        "expected content of type application/json, got none");
  CHECK(answer(h, post("/sum", "{}", "text/plain; charset=x")).body.bytes() ==
        "expected content of type application/json, got text/plain; charset=x");
  CHECK(answer(h, post("/sum", "", "text/plain")).status == http::status::ok);  // no content
  CHECK(answer(h, post("/sum", "", "")).status == http::status::ok);
  CHECK(answer(h, get("/sum?a=1")).status == http::status::ok);
}

TEST_CASE("typed JSON: no content counts as {}, which lacks what is required") {
  CHECK(answer(http::handler_of(sum()), post("/sum", "")).body.bytes() == "{\"v\":0}\n");
  const auto r = answer(echo<profile>(), post("/profiles", ""));
  CHECK(r.status == http::status::bad_request);
  CHECK(r.body.bytes().find("missing field \"id\"") != std::string_view::npos);
  CHECK(answer(echo<std::vector<int>>(), post("/", "")).status == http::status::bad_request);
}

TEST_CASE("typed JSON: requests need not be structs") {
  CHECK(answer(echo<std::vector<int>>(), post("/", "[1,2]")).body.bytes() == "[1,2]\n");
  CHECK(answer(echo<std::string>(), post("/", "\"x\"")).body.bytes() == "\"x\"\n");
  using three = std::array<int, 3>;
  CHECK(answer(echo<three>(), post("/", "[1,2,3]")).body.bytes() == "[1,2,3]\n");
  CHECK(answer(echo<kit::empty>(), post("/", "{}")).body.bytes() == "{}\n");
  CHECK(answer(echo<kit::empty>(), post("/", "[]")).status == http::status::bad_request);
}

TEST_CASE("typed JSON: GET, HEAD and DELETE without content are read from the query") {
  const auto h = http::handler_of(sum());
  for (const http::method m : {http::method::get, http::method::head, http::method::del}) {
    CHECK(answer(h, {.method = m, .target = "/sum?a=40&b=2&c=x"}).body.bytes() == "{\"v\":42}\n");
  }
  const auto r = answer(h, get("/sum?a=x"));
  CHECK(r.status == http::status::bad_request);
  CHECK(r.body.bytes() == R"(query parameter "a": expected integer, got "x")");
}

TEST_CASE("typed JSON: other methods, and requests with content, leave the query alone") {
  const auto h = http::handler_of(sum());
  CHECK(answer(h, post("/sum?a=40", R"({"b":2})")).body.bytes() == "{\"v\":2}\n");
  CHECK(answer(h, post("/sum?a=40", "")).body.bytes() == "{\"v\":0}\n");
  auto with_content = post("/sum?a=40", R"({"b":2})");
  with_content.method = http::method::get;
  CHECK(answer(h, std::move(with_content)).body.bytes() == "{\"v\":2}\n");
}

TEST_CASE("typed JSON: parameters of the path go before those of the query") {
  const auto r =
      answer(echo<profile>(), with_params(get("/profiles/7?id=8&name=ann&tags=a&tags=b&more=1"),
                                          {{"id", "7"}, {"other", "x"}}));
  CHECK(r.status == http::status::ok);
  CHECK(r.body.bytes() == R"({"id":"7","name":"ann","age":null,"tags":["a","b"],"more":{"x":0}})"
                          "\n");
  CHECK(answer(echo<profile>(), get("/profiles?name=ann")).body.bytes() ==
        R"(query parameter "id": missing)");
  CHECK(answer(echo<profile>(), with_params(get("/"), {{"id", "7"}, {"age", "x"}})).body.bytes() ==
        R"(path parameter "age": expected integer, got "x")");
}

TEST_CASE("typed JSON: parameters of the path overrule the content, and fill what it lacks") {
  const auto body = [](std::string content) {
    return answer(echo<profile>(), with_params(post("/profiles/7", std::move(content)),
                                               {{"id", "7"}, {"age", "33"}, {"more", "x"}}));
  };
  CHECK(body(R"({"id":"8","name":"ann","age":1})").body.bytes() ==
        R"({"id":"7","name":"ann","age":33,"tags":[],"more":{"x":0}})"
        "\n");
  CHECK(body(R"({"more":{"x":5}})").body.bytes() ==
        R"({"id":"7","name":"anonymous","age":33,"tags":[],"more":{"x":5}})"
        "\n");
  CHECK(body("").status == http::status::ok);
  CHECK(body("{").status == http::status::bad_request);
}

TEST_CASE("typed JSON: the path speaks of fields of the outermost struct that can be parameters") {
  const auto missing = [](std::string content, std::string_view param) {
    const auto r =
        answer(echo<album>(), with_params(post("/", std::move(content)), {{param, "7"}}));
    CHECK(r.status == http::status::bad_request);
    return std::string(r.body.bytes());
  };
  CHECK(missing(R"({"owner":{}})", "id").starts_with("$.owner: missing field \"id\""));
  CHECK(missing("{}", "owner").starts_with("$: missing field \"owner\""));
}

TEST_CASE("typed JSON: options of the decoder and encoder can be chosen") {
  const auto h =
      http::handler_of(sum(), http::json_decoder<sum_request>{.options = {.refuse_unknown = true}},
                       http::json_encoder<sum_response>{});
  CHECK(answer(h, post("/sum", R"({"a":1,"c":2})")).status == http::status::bad_request);
  const auto raw = http::handler_of(
      kit::endpoint<kit::empty, teapot>(
          [](kit::empty) -> asio::awaitable<teapot> { co_return teapot{}; }),
      http::decode_nothing, http::json_encoder<teapot>{.options = {.escape_html = false}});
  CHECK(answer(raw, get("/")).body.bytes() == "{\"html\":\"<b>&</b>\"}\n");
}

namespace {

class pieces final : public http::body_source {
 public:
  explicit pieces(std::vector<std::string> parts) : parts_(std::move(parts)) {}
  asio::awaitable<std::optional<std::string>> read() override {
    if (next_ == parts_.size()) co_return std::nullopt;
    co_return parts_[next_++];
  }

 private:
  std::vector<std::string> parts_;
  std::size_t next_ = 0;
};

http::request streamed(std::vector<std::string> parts) {
  auto r = post("/sum", "");
  r.body = http::body(std::make_shared<pieces>(std::move(parts)));
  return r;
}

}  // namespace

TEST_CASE(
    "typed JSON: streamed content is read to its end, up to a limit "
    "[not transport/http/server:D6]") {
  for (const bool hooks : {false, true}) {
    CAPTURE(hooks);
    http::handler_options options;
    if (hooks) options.before = {http::populate_request_context};
    const auto h =
        http::handler_of(sum(), http::json_decoder<sum_request>{.options = {.max_bytes = 16}},
                         http::json_encoder<sum_response>{}, options);
    CHECK(answer(h, streamed({R"({"a":)", R"(40})"})).body.bytes() == "{\"v\":40}\n");
    const auto r = answer(h, streamed({R"({"a":1,)", std::string(64, ' '), "}"}));
    CHECK(r.status == http::status::content_too_large);
    // So is content that is there already.
    CHECK(answer(h, post("/sum", R"({"a":40})" + std::string(8, ' '))).status == http::status::ok);
    const auto whole = answer(h, post("/sum", R"({"a":40})" + std::string(9, ' ')));
    CHECK(whole.status == http::status::content_too_large);
    CHECK(whole.body.bytes() == "body is longer than 16 bytes");
  }
}

TEST_CASE(
    "typed JSON: an error may have content of its own, if it has a JSON form "
    "[transport/http/server:7]") {
  const kit::error plain(kit::errc::invalid_argument, "bad <input>");
  auto r = http::error_response(http::with_json_body(plain, std::vector<std::string>{"<a>"}));
  CHECK(r.status == http::status::bad_request);
  CHECK(r.body.bytes() == "[\"\\u003ca\\u003e\"]");
  CHECK(header(r, http::field::content_type) == "application/json; charset=utf-8");

  r = http::error_response(http::with_json_body(plain, number{1 / 0.0}));
  CHECK(r.body.bytes() == "bad <input>");
  CHECK(header(r, http::field::content_type) == "text/plain; charset=utf-8");
}
