#include <transports/http/status_of.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <kit/credentials.hpp>
#include <kit/http/check_status.hpp>
#include <kit/http/classify.hpp>
#include <transports/http/call_failure.hpp>

#include "test/support/typed_call.hpp"

namespace http = kit::http;
using typed_call::header;

namespace {

template <class X>
kit::error from(X exception) {
  return kit::to_error(std::make_exception_ptr(std::move(exception)));
}

}  // namespace

TEST_CASE(
    "error response: the text, as plain text, with 500 where nobody classified the failure "
    "[transport/http/server:6]") {
  const auto r = http::error_response(kit::error(kit::errc::unknown, "dang"));
  CHECK(r.status == http::status::internal_server_error);
  CHECK(r.body.bytes() == "dang");
  CHECK(header(r, http::field::content_type) == "text/plain; charset=utf-8");
}

TEST_CASE(
    "error response: all values of the error's headers are there "
    "[transport/http/server:8]") {
  const auto e = kit::error(kit::errc::internal, "x")
                     .with(http::error_headers{{{"Vary", "Origin"}, {"Vary", "User-Agent"}}});
  CHECK(http::error_response(e).headers.get_all("vary") ==
        std::vector<std::string_view>{"Origin", "User-Agent"});
}

TEST_CASE(
    "error response: status, headers and content of the error's own combine "
    "[transport/http/server:9]") {
  const auto e = kit::error(kit::errc::not_found, "teapot")
                     .with(http::error_status{http::status::im_a_teapot})
                     .with(http::error_headers{{{"X-Kind", "error"}}})
                     .with(http::error_body{.content = R"({"err":"teapot"})"});
  const auto r = http::error_response(e);
  CHECK(r.status == http::status::im_a_teapot);
  CHECK(r.headers.get("x-kind") == "error");
  CHECK(r.body.bytes() == R"({"err":"teapot"})");
  CHECK(header(r, http::field::content_type) == "application/json; charset=utf-8");
}

TEST_CASE(
    "error response: a Content-Type of the error's own is the only one "
    "[not transport/http/server:D3]") {
  const auto e = kit::error(kit::errc::internal)
                     .with(http::error_headers{{{"Content-Type", "text/html"}}})
                     .with(http::error_body{.content = "<p>"});
  CHECK(http::error_response(e).headers.get_all("content-type") ==
        std::vector<std::string_view>{"text/html"});
}

TEST_CASE("error response: a type that could not be sent does no harm") {
  const auto e = kit::error(kit::errc::internal)
                     .with(http::error_body{.content = "x", .content_type = "a\r\nb: c"});
  const auto r = http::error_response(e);
  CHECK(r.body.bytes() == "x");
  CHECK(header(r, http::field::content_type) == "application/octet-stream");
}

TEST_CASE("error response: each code has its status") {
  using kit::errc;
  const auto status = [](errc code) { return http::to_int(http::error_response(code).status); };
  CHECK(status(errc::canceled) == 499);
  CHECK(status(errc::unknown) == 500);
  CHECK(status(errc::invalid_argument) == 400);
  CHECK(status(errc::deadline_exceeded) == 504);
  CHECK(status(errc::not_found) == 404);
  CHECK(status(errc::already_exists) == 409);
  CHECK(status(errc::permission_denied) == 403);
  CHECK(status(errc::resource_exhausted) == 429);
  CHECK(status(errc::failed_precondition) == 400);
  CHECK(status(errc::aborted) == 409);
  CHECK(status(errc::out_of_range) == 400);
  CHECK(status(errc::unimplemented) == 501);
  CHECK(status(errc::internal) == 500);
  CHECK(status(errc::unavailable) == 503);
  CHECK(status(errc::data_loss) == 500);
  CHECK(status(errc::unauthenticated) == 401);
}

TEST_CASE(
    "error response: texts of foreign exceptions stay inside, whatever their code "
    "[not transport/http/server:D5]") {
  const auto text = [](const kit::error& e) {
    return std::string(http::error_response(e).body.bytes());
  };
  CHECK(text(from(std::runtime_error("password=secret"))) == "Internal Server Error");
  CHECK(text(from(std::system_error(std::make_error_code(std::errc::connection_refused),
                                    "db.internal:5432"))) == "Service Unavailable");
  CHECK(text(from(7)) == "Internal Server Error");
  CHECK(text(from(kit::error(kit::errc::not_found, "no such user"))) == "no such user");
  // Chosen by the program, though something foreign is the cause:
  const auto cause = std::make_exception_ptr(std::runtime_error("password=secret"));
  CHECK(text(kit::error(kit::errc::unavailable, "try later").with_cause(cause)) == "try later");
}

TEST_CASE("error response: what a call to another server has failed with stays inside") {
  using kit::errc;
  using stage = http::call_failure::stage;
  const auto call = [](errc code, stage at) {
    return kit::error(code, "db-internal:8080: no").with(http::call_failure{at, true});
  };
  const auto answer = [](http::status s) {
    return http::check_status(http::response::text(s, "who are you, web-7?")).error();
  };
  const std::pair<kit::error, int> cases[] = {
      {call(errc::unavailable, stage::connect), 502},
      {call(errc::failed_precondition, stage::tls), 502},
      {call(errc::invalid_argument, stage::request), 502},
      {call(errc::resource_exhausted, stage::limit), 502},
      {call(errc::resource_exhausted, stage::admission), 503},
      {call(errc::deadline_exceeded, stage::timeout), 504},
      {call(errc::canceled, stage::canceled), 499},
      {answer(http::status::unauthorized), 502},
      {answer(http::status::not_found), 502},
      {answer(http::status::too_many_requests), 502},
      {answer(http::status::service_unavailable).with_retry_after(std::chrono::seconds(2)), 503},
      {answer(http::status::gateway_timeout), 504},
      {answer(http::status::not_found).with(http::error_status{http::status::gone}), 410},
  };
  for (const auto& [e, status] : cases) {
    CAPTURE(e.message());
    const auto r = http::error_response(e);
    CHECK(http::to_int(r.status) == status);
    CHECK(r.body.bytes() == http::reason_phrase(r.status));
  }
  const auto own = answer(http::status::not_found).with(http::error_body{.content = "{}"});
  CHECK(http::error_response(own).body.bytes() == "{}");
}

TEST_CASE("error response: a retry hint is told in whole seconds, rounded up") {
  using namespace std::chrono_literals;
  const auto hint = [](std::chrono::milliseconds wait) {
    return header(http::error_response(kit::error(kit::errc::unavailable).with_retry_after(wait)),
                  http::field::retry_after);
  };
  CHECK(hint(1500ms) == "2");
  CHECK(hint(0ms) == "0");
  CHECK(hint(-5s) == "0");
  CHECK(header(http::error_response(kit::errc::unavailable), http::field::retry_after) == "none");
}

TEST_CASE("error response: when to come again, in seconds and in milliseconds, or not to") {
  const auto wait = http::error_response(
      kit::error(kit::errc::unavailable, "busy").with_retry_after(std::chrono::milliseconds(350)));
  CHECK(wait.headers.get("retry-after") == "1");
  CHECK(wait.headers.get(http::retry_pushback) == "350");
  const auto never =
      http::error_response(kit::error(kit::errc::unavailable).with_retry_forbidden());
  CHECK(never.headers.get(http::retry_pushback) == "-1");
  CHECK_FALSE(never.headers.get("retry-after"));

  CHECK(http::check_status(wait).error().retry_after() == std::chrono::milliseconds(350));
  CHECK(http::check_status(never).error().forbids_retry());
  for (const char* bad : {"", "x", "1x", "-5", "99999999999"}) {
    http::response r{.status = http::status::service_unavailable};
    r.headers.set(http::retry_pushback, bad);
    CHECK(http::check_status(r).error().forbids_retry());
  }
}

TEST_CASE("error response: 401 says how to show who one is [auth/basic:6] [not auth/basic:D1]") {
  const auto r = http::error_response(kit::error(kit::errc::unauthenticated, "Unauthorized")
                                          .with(kit::challenge{"Basic realm=\"a \\\"b\\\"\""}));
  CHECK(r.status == http::status::unauthorized);
  CHECK(r.body.bytes() == "Unauthorized");
  CHECK(r.headers.get("www-authenticate") == "Basic realm=\"a \\\"b\\\"\"");
  CHECK(r.headers.get("x-content-type-options") == "nosniff");
  CHECK(r.headers.get_all("content-type") ==
        std::vector<std::string_view>{"text/plain; charset=utf-8"});
  CHECK_FALSE(
      http::error_response(kit::error(kit::errc::unauthenticated).with(kit::challenge{"a\r\nb"}))
          .headers.get("www-authenticate"));
}

TEST_CASE("by_status: what an answer's status means to policies") {
  const auto by = http::by_status();
  const auto of = [&](http::response r) { return by(kit::result<http::response>(std::move(r))); };
  using kit::classification;
  CHECK(of({.status = http::status::ok}) == classification());
  CHECK(of({.status = http::status::found}) == classification());
  CHECK(of({.status = http::status::not_found}) == classification());
  CHECK(of({.status = http::status::internal_server_error}) == classification{.failure = true});
  CHECK(of({.status = http::status::service_unavailable}) ==
        classification{.failure = true, .retryable = true});
  CHECK(of({.status = http::status::too_many_requests}) ==
        classification{.failure = true, .retryable = true, .overload = true});
  CHECK(by(kit::result<http::response>(kit::fail(kit::errc::unavailable))) ==
        classification{.failure = true, .retryable = true});
}
