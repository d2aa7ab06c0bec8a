#include <transports/http/security_headers.hpp>

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <kit/error.hpp>
#include <transports/http/router.hpp>

#include "../../../support/answers.hpp"
#include "../../../support/http_server/played_source.hpp"
#include "../../../support/typed_call.hpp"

namespace http = kit::http;
using http::field;
using http::status;
using test::says;
using typed_call::header;

namespace {

http::response ask(const http::security_headers_options& o) {
  return test::answer(http::security_headers(o)(says("body")), "/");
}
std::string get(const http::response& r, std::string_view name) {
  return std::string(r.headers.get(name).value_or("none"));
}

}  // namespace

TEST_CASE("security_headers: the defaults") {
  const auto r = ask({});
  CHECK(r.body.text() == "body");
  CHECK(get(r, "X-Content-Type-Options") == "nosniff");
  CHECK(get(r, "X-Frame-Options") == "DENY");
  CHECK(get(r, "Content-Security-Policy") == "default-src 'none'; frame-ancestors 'none'");
  CHECK(get(r, "Referrer-Policy") == "no-referrer");
  CHECK(get(r, "Cross-Origin-Opener-Policy") == "same-origin");
  CHECK(get(r, "Cross-Origin-Resource-Policy") == "same-origin");
  CHECK(get(r, "Permissions-Policy") == "none");
  CHECK(get(r, "Strict-Transport-Security") == "none");
}

TEST_CASE("security_headers: each can be changed or switched off") {
  const auto none = ask({.content_type_options = "",
                         .frame_ancestors = http::frame_ancestors::any,
                         .content_security_policy = "",
                         .referrer_policy = "",
                         .opener_policy = "",
                         .resource_policy = ""});
  CHECK(none.headers.size() == 1);  // Content-Type
  const auto own = ask({.frame_ancestors = http::frame_ancestors::self,
                        .content_security_policy = "default-src 'self'",
                        .permissions_policy = "camera=()",
                        .resource_policy = "cross-origin"});
  CHECK(get(own, "X-Frame-Options") == "SAMEORIGIN");
  CHECK(get(own, "Content-Security-Policy") == "default-src 'self'; frame-ancestors 'self'");
  CHECK(get(own, "Permissions-Policy") == "camera=()");
  CHECK(get(own, "Cross-Origin-Resource-Policy") == "cross-origin");
  CHECK(get(ask({.content_security_policy = ""}), "Content-Security-Policy") ==
        "frame-ancestors 'none'");
  for (const char* policy :
       {"frame-ancestors https://a", "default-src x;Frame-Ancestors\thttps://a"})
    CHECK(get(ask({.content_security_policy = policy}), "Content-Security-Policy") == policy);
  CHECK(get(ask({.content_security_policy = "default-src frame-ancestors"}),
            "Content-Security-Policy") == "default-src frame-ancestors; frame-ancestors 'none'");
}

TEST_CASE("security_headers: strict transport only when asked for") {
  const auto sts = [](const http::strict_transport& s) {
    return get(ask({.strict_transport_security = s}), "Strict-Transport-Security");
  };
  CHECK(sts({}) == "max-age=31536000; includeSubDomains");
  CHECK(sts({.max_age = std::chrono::seconds(0), .include_subdomains = false}) == "max-age=0");
  CHECK(sts({.preload = true}) == "max-age=31536000; includeSubDomains; preload");
  CHECK_THROWS_AS(sts({.max_age = std::chrono::seconds(-1)}), kit::error);
  CHECK_THROWS_AS(sts({.max_age = std::chrono::hours(24), .preload = true}), kit::error);
  CHECK_THROWS_AS(sts({.include_subdomains = false, .preload = true}), kit::error);
}

TEST_CASE("security_headers: a text that is no field value is refused, naming the option") {
  try {
    ask({.referrer_policy = "a\r\nX-Evil: 1"});
    FAIL("taken");
  } catch (const kit::error& e) {
    CHECK(e.code() == kit::errc::invalid_argument);
    CHECK(e.message().find("referrer_policy") != std::string_view::npos);
  }
}

TEST_CASE("security_headers: what the handler set stays, also of a failure") {
  const http::handler own = [](http::request req) -> asio::awaitable<http::response> {
    http::headers fields{{"content-security-policy", "default-src https:"}};
    if (req.target == "/fail") {
      throw kit::error(kit::errc::permission_denied, "no").with(http::error_headers{fields});
    }
    auto r = http::response::text(status::ok, "page", "text/html");
    r.headers = fields;
    co_return r;
  };
  const auto h = http::security_headers()(own);
  for (const char* target : {"/", "/fail"}) {
    const auto r = typed_call::answer(h, typed_call::get(target));
    CHECK(r.headers.count("Content-Security-Policy") == 1);
    CHECK(get(r, "Content-Security-Policy") == "default-src https:");
    CHECK(get(r, "X-Content-Type-Options") == "nosniff");
  }
  kit::testing::loop loop;
  CHECK(loop.start(h.try_call(typed_call::get("/fail"))).error() == kit::errc::permission_denied);
}

TEST_CASE("security_headers: around a router and in it, and for streams") {
  test::streaming s;
  http::router router;
  router.get("/stream", s.handler());
  const auto around = http::security_headers()(http::handler(router));
  router.use(http::security_headers());
  for (const auto& h : {http::handler(router), around}) {
    const auto stream = test::answer(h, "/stream");
    CHECK(get(stream, "X-Frame-Options") == "DENY");
    CHECK(stream.body.source() == s.source);
    const auto lost = test::answer(h, "/nowhere");
    CHECK(lost.status == status::not_found);
    CHECK(get(lost, "X-Frame-Options") == "DENY");
    CHECK(get(test::answer(h, http::method::put, "/stream"), "X-Frame-Options") == "DENY");
  }
}
