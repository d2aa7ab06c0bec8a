#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/connection_info.hpp>
#include <kit/testing/loop.hpp>
#include <kit/this_context.hpp>
#include <transports/http/call_failure.hpp>
#include <transports/http/handler_of.hpp>
#include <transports/http/reverse_proxy.hpp>
#include <transports/http/status_of.hpp>

namespace http = kit::http;

namespace {

// The origin: remembers what came, and answers that.
struct origin {
  std::vector<http::request> requests;
  http::response answer = http::response::text(http::status::ok, "hey");
  std::vector<kit::error> failures;  // one for each first request

  http::handler client() {
    return [this](http::request req) { return take(*this, std::move(req)); };
  }
  static asio::awaitable<kit::result<http::response>> take(origin& self, http::request req) {
    self.requests.push_back(std::move(req));
    if (!self.failures.empty()) {
      auto e = self.failures.front();
      self.failures.erase(self.failures.begin());
      co_return kit::fail(std::move(e));
    }
    co_return self.answer;
  }
};

kit::error failure(http::call_failure::stage at, bool sent,
                   kit::errc code = kit::errc::unavailable) {
  return kit::error(code, "origin").with(http::call_failure{at, sent});
}

kit::result<http::response> ask(const http::handler& h, http::request req,
                                kit::connection_info from = {"10.0.0.7:50412", "10.0.0.1:80"}) {
  kit::testing::loop loop;
  const auto ctx = kit::context().with(std::move(from));
  return loop.start(kit::with_context(ctx, h.try_call(std::move(req)))).value();
}

}  // namespace

TEST_CASE("reverse_proxy: sends on, and gives status and content back [transport/httprp:1]") {
  origin o;
  const auto proxy = http::reverse_proxy(o.client(), "http://origin");
  auto r = ask(proxy, {.method = http::method::post, .target = "/x", .body = "content"});
  REQUIRE(r.has_value());
  CHECK(r->status == http::status::ok);
  CHECK(r->body.text() == "hey");
  CHECK(o.requests[0].method == http::method::post);
  CHECK(o.requests[0].target == "http://origin/x");
  CHECK(o.requests[0].body.text() == "content");
  o.answer = http::response::text(http::status::not_found, "not here");
  r = ask(proxy, {.target = "/y"});
  CHECK(r->status == http::status::not_found);
  CHECK(r->body.text() == "not here");
}

TEST_CASE(
    "reverse_proxy: hooks add fields that the origin sees, one after another, and their "
    "context is that of the call [transport/httprp:2]") {
  struct mark {
    int n;
  };
  origin o;
  std::optional<int> seen;
  const http::handler client =
      [&](http::request req) -> asio::awaitable<kit::result<http::response>> {
    struct run {
      static asio::awaitable<kit::result<http::response>> in(origin& o, std::optional<int>& seen,
                                                             http::request req) {
        seen = (co_await kit::this_context()).get<mark>()->n;
        co_return co_await origin::take(o, std::move(req));
      }
    };
    return run::in(o, seen, std::move(req));
  };
  const auto proxy =
      http::handler_of(http::reverse_proxy(client, "http://origin"),
                       {.before = {[](const kit::context& c, http::request& req) {
                                     req.headers.set("X-One", "1");
                                     return c.with(mark{1});
                                   },
                                   [](const kit::context& c, http::request& req) {
                                     req.headers.set("X-Two", std::to_string(c.get<mark>()->n + 1));
                                     return c.with(mark{2});
                                   }}});
  REQUIRE(ask(proxy, {.target = "/"}).has_value());
  CHECK(o.requests[0].headers.get("x-one") == "1");
  CHECK(o.requests[0].headers.get("x-two") == "2");
  CHECK(seen == 2);
}

TEST_CASE(
    "reverse_proxy: an origin that cannot be reached: 502 without content "
    "[transport/httprp:3]") {
  using stage = http::call_failure::stage;
  const std::pair<kit::error, int> cases[] = {
      {failure(stage::connect, false), 502},
      {failure(stage::resolve, false), 502},
      {failure(stage::tls, false, kit::errc::failed_precondition), 502},
      {failure(stage::receive, true), 502},
      {failure(stage::protocol, true, kit::errc::internal), 502},
      {failure(stage::limit, true, kit::errc::resource_exhausted), 502},
      {failure(stage::admission, false, kit::errc::resource_exhausted), 503},
      {failure(stage::timeout, true, kit::errc::deadline_exceeded), 504},
  };
  for (const auto& [e, status] : cases) {
    CAPTURE(e.message());
    origin o;
    o.failures = {e, e};
    const auto r = ask(http::reverse_proxy(o.client(), "http://origin"), {.target = "/"});
    REQUIRE_FALSE(r.has_value());
    CHECK(r.error().code() == e.code());  // what hooks and breakers see
    const auto answer = http::error_response(r.error());
    CHECK(http::to_int(answer.status) == status);
    CHECK(answer.body.empty());
    CHECK(answer.headers.empty());
  }
}

TEST_CASE("reverse_proxy: what has failed on this side is told as such") {
  const std::pair<kit::error, int> cases[] = {
      {kit::error(kit::errc::resource_exhausted, "ours"), 429},
      {kit::error(kit::errc::deadline_exceeded, "the client sends too slowly")
           .with(http::error_status{http::status::request_timeout}),
       408},
      {kit::error(kit::errc::unavailable, "the breaker is open"), 503},
  };
  for (const auto& [e, status] : cases) {
    CAPTURE(e.message());
    origin o;
    o.failures = {e, e};
    const auto r = ask(http::reverse_proxy(o.client(), "http://origin"), {.target = "/"});
    REQUIRE_FALSE(r.has_value());
    const auto answer = http::error_response(r.error());
    CHECK(http::to_int(answer.status) == status);
    CHECK(answer.body.text() == e.message());
  }
}

TEST_CASE(
    "reverse_proxy: paths are joined by one slash, the base's query comes first "
    "[transport/httprp:4]") {
  const std::string cases[][3] = {
      {"http://o/base", "/dir", "http://o/base/dir"},
      {"http://o/base/", "/dir", "http://o/base/dir"},
      {"http://o/base", "/", "http://o/base/"},
      {"http://o", "/dir/", "http://o/dir/"},
      {"http://o/", "/", "http://o/"},
      {"http://o/base?x=1", "/dir?y=2", "http://o/base/dir?x=1&y=2"},
      {"http://o/base?x=1", "/dir", "http://o/base/dir?x=1"},
      {"http://o/base", "/dir?y=2", "http://o/base/dir?y=2"},
      {"https://u:p@o:8443/b", "/a%2Fb", "https://u:p@o:8443/b/a%2Fb"},
      {"http://[::1]:80/b", "/a..b/..c/.d/e.", "http://[::1]/b/a..b/..c/.d/e."},
      {"http://o/base", "*", "http://o/base/*"},
  };
  for (const auto& [base, target, expected] : cases) {
    CAPTURE(base);
    CAPTURE(target);
    origin o;
    REQUIRE(ask(http::reverse_proxy(o.client(), base), {.target = target}).has_value());
    CHECK(o.requests[0].target == expected);
  }
}

TEST_CASE("reverse_proxy: no way out of the base path") {
  for (const std::string target :
       {"/../a", "/a/..", "/a/./b", "/.", "/..?x=/", "/%2e%2E/a", "/.%2e", "/a%2f../b", "/a\\..\\b",
        "/a%5C..%5cb", "/a/..%00/../b"}) {
    CAPTURE(target);
    origin o;
    const auto r = ask(http::reverse_proxy(o.client(), "http://o/base"), {.target = target});
    REQUIRE_FALSE(r.has_value());
    CHECK(http::error_response(r.error()).status == http::status::bad_request);
    CHECK(o.requests.empty());
  }
}

TEST_CASE(
    "reverse_proxy: adds the peer, takes out what belongs to one connection, keeps Host, adds "
    "no User-Agent [transport/httprp:5]") {
  origin o;
  o.answer.headers = {{"Connection", "close, X-Hop"},
                      {"X-Hop", "1"},
                      {"Keep-Alive", "timeout=5"},
                      {"Upgrade", "h2c"},
                      {"X-Stays", "1"}};
  const auto proxy = http::reverse_proxy(o.client(), "http://origin");
  auto r = ask(proxy, {.target = "/",
                       .headers = {{"Host", "example.org"},
                                   {"Connection", "keep-alive, x-mine"},
                                   {"Connection", "Upgrade"},
                                   {"X-Mine", "1"},
                                   {"Keep-Alive", "1"},
                                   {"Proxy-Connection", "1"},
                                   {"Proxy-Authorization", "Basic x"},
                                   {"TE", "trailers, deflate"},
                                   {"Trailer", "X"},
                                   {"Transfer-Encoding", "chunked"},
                                   {"Upgrade", "websocket"},
                                   {"Expect", "100-continue"},
                                   {"X-Forwarded-For", "1.2.3.4"},
                                   {"Accept", "text/html"}}});
  REQUIRE(r.has_value());
  CHECK(r->headers == http::headers{{"X-Stays", "1"}});
  CHECK(o.requests[0].headers == http::headers{{"Host", "example.org"},
                                               {"Accept", "text/html"},
                                               {"TE", "trailers"},
                                               {"X-Forwarded-For", "10.0.0.7"},
                                               {"X-Forwarded-Proto", "http"},
                                               {"X-Forwarded-Host", "example.org"}});
}

TEST_CASE("reverse_proxy: what the request says of its way is sent on where it is believed") {
  const http::headers from{{"Host", "example.org"},        {"Forwarded", "for=9.9.9.9"},
                           {"X-Forwarded-For", "9.9.9.9"}, {"X-Forwarded-For", "8.8.8.8"},
                           {"X-Forwarded-Proto", "https"}, {"X-Forwarded-Port", "444"},
                           {"x-forwarded-prefix", "/x"},   {"X-Real-IP", "9.9.9.9"}};
  kit::connection_info by_proxy{"9.9.9.9", "", nullptr, "10.0.0.1:80", "https"};
  by_proxy.forwarded = true;
  const kit::connection_info by_client{"10.0.0.7:50412", ""};
  // Speaks the PROXY protocol, and hands on whatever the client writes.
  const kit::connection_info by_balancer{"10.0.0.7:50412", "", nullptr, "10.0.0.1:80"};
  const http::headers made_here{{"Host", "example.org"},
                                {"X-Forwarded-For", "10.0.0.7"},
                                {"X-Forwarded-Proto", "http"},
                                {"X-Forwarded-Host", "example.org"}};
  const auto ends = [&](std::string_view peer) {
    auto all = from;
    all.set("X-Forwarded-For", "9.9.9.9, 8.8.8.8, " + std::string(peer));
    all.set("X-Forwarded-Host", "example.org");
    return all;
  };
  const struct {
    kit::connection_info from;
    http::reverse_proxy_options options;
    http::headers expected;
  } cases[] = {
      {by_client, {}, made_here},
      {by_balancer, {}, made_here},
      {by_proxy, {}, ends("10.0.0.1")},
      {by_client, {.keep_forwarded = true}, ends("10.0.0.7")},
      {by_client, {.add_forwarded = false}, {{"Host", "example.org"}}},
      {by_proxy, {.add_forwarded = false}, from},
      {by_client, {.add_forwarded = false, .keep_forwarded = true}, from},
  };
  for (const auto& c : cases) {
    CAPTURE(c.from.remote_address);
    CAPTURE(c.options.add_forwarded);
    CAPTURE(c.options.keep_forwarded);
    origin o;
    REQUIRE(ask(http::reverse_proxy(o.client(), "http://origin", c.options),
                {.target = "/", .headers = from}, c.from)
                .has_value());
    CHECK(o.requests[0].headers == c.expected);
  }
}

TEST_CASE("reverse_proxy: the origin's own host on request") {
  origin o;
  REQUIRE(ask(http::reverse_proxy(o.client(), "http://origin", {.rewrite_host = true}),
              {.target = "/", .headers = {{"Host", "example.org"}}})
              .has_value());
  CHECK_FALSE(o.requests[0].headers.contains(http::field::host));
  CHECK(o.requests[0].headers.get("x-forwarded-host") == "example.org");
}

TEST_CASE("reverse_proxy: who is named as the peer, and by what it asked") {
  struct {
    kit::connection_info from;
    std::optional<std::string_view> peer;
    std::string_view scheme;
  } const cases[] = {
      {{"10.0.0.7:50412", ""}, "10.0.0.7", "http"},
      {{"[2001:db8::1]:50412", ""}, "2001:db8::1", "http"},
      {{"10.0.0.7:50412", "", std::make_shared<const kit::secure_info>()}, "10.0.0.7", "https"},
      // As a trusted proxy has said.
      {{"10.0.0.7", "", nullptr, "10.0.0.1:80", "https"}, "10.0.0.7", "https"},
      {{"2001:db8::1", "", nullptr, "10.0.0.1:80"}, "2001:db8::1", "http"},
      {{}, std::nullopt, "http"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.from.remote_address);
    origin o;
    REQUIRE(
        ask(http::reverse_proxy(o.client(), "http://origin"), {.target = "/"}, c.from).has_value());
    CHECK(o.requests[0].headers.get("x-forwarded-for") == c.peer);
    CHECK(o.requests[0].headers.get("x-forwarded-proto") == c.scheme);
  }
}

TEST_CASE("reverse_proxy: sends again only what cannot have had an effect") {
  using stage = http::call_failure::stage;
  struct {
    http::method method;
    kit::error failure;
    bool again;
  } const cases[] = {
      {http::method::get, failure(stage::connect, false), true},
      {http::method::post, failure(stage::connect, false), true},
      {http::method::get, failure(stage::receive, true), true},
      {http::method::post, failure(stage::receive, true), false},
      {http::method::put, failure(stage::receive, true), true},
      {http::method::get, failure(stage::protocol, true, kit::errc::internal), false},
      {http::method::get, failure(stage::timeout, true, kit::errc::deadline_exceeded), false},
      {http::method::get, kit::error(kit::errc::unavailable), false},
  };
  for (const auto& c : cases) {
    origin o;
    o.failures = {c.failure};
    const auto r = ask(http::reverse_proxy(o.client(), "http://origin"),
                       {.method = c.method, .target = "/", .body = "b"});
    CHECK(r.has_value() == c.again);
    CHECK(o.requests.size() == (c.again ? 2 : 1));
    if (c.again) {
      CHECK(o.requests[1].body.text() == "b");
      CHECK(o.requests[1].headers == o.requests[0].headers);
    }
  }
  origin twice;
  twice.failures = {failure(stage::connect, false), failure(stage::connect, false)};
  CHECK_FALSE(
      ask(http::reverse_proxy(twice.client(), "http://origin"), {.target = "/"}).has_value());
  origin never;
  never.failures = {failure(stage::connect, false)};
  CHECK_FALSE(
      ask(http::reverse_proxy(never.client(), "http://origin", {.retries = 0}), {.target = "/"})
          .has_value());
  CHECK(never.requests.size() == 1);

  struct source final : http::body_source {
    asio::awaitable<std::optional<std::string>> read() override { co_return std::nullopt; }
  };
  origin stream;
  stream.failures = {failure(stage::connect, false)};
  CHECK_FALSE(ask(http::reverse_proxy(stream.client(), "http://origin"),
                  {.target = "/", .body = http::body(std::make_shared<source>())})
                  .has_value());
  CHECK(stream.requests.size() == 1);
}

TEST_CASE("reverse_proxy: a base URL that is none is refused when it is made") {
  origin o;
  for (const std::string base : {"", "/base", "origin:80", "ftp://origin/", "http://"}) {
    CAPTURE(base);
    CHECK_THROWS_AS(http::reverse_proxy(o.client(), base), kit::error);
  }
}
