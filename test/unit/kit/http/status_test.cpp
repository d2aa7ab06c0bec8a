#include <kit/http/status.hpp>

#include <doctest/doctest.h>

#include <kit/http/version.hpp>

namespace http = kit::http;
using http::status;

TEST_CASE("status: registered codes have their phrase, others none") {
  CHECK(http::reason_phrase(status::ok) == "OK");
  CHECK(http::reason_phrase(status::im_a_teapot) == "I'm a teapot");
  CHECK(http::reason_phrase(status::content_too_large) == "Content Too Large");
  CHECK(http::reason_phrase(status::http_version_not_supported) == "HTTP Version Not Supported");
  CHECK(http::reason_phrase(status{599}) == "");
  CHECK(http::reason_phrase(status{0}) == "");
}

TEST_CASE("status: the class is the first digit") {
  CHECK(http::is_informational(status::early_hints));
  CHECK(http::is_success(status{299}));
  CHECK(http::is_redirect(status::found));
  CHECK(http::is_client_error(status{499}));
  CHECK(http::is_server_error(status{500}));
  CHECK_FALSE(http::is_success(status{300}));
}

TEST_CASE("status: 1xx, 204 and 304 never have a body") {
  CHECK(http::is_bodiless(status::switching_protocols));
  CHECK(http::is_bodiless(status::no_content));
  CHECK(http::is_bodiless(status::not_modified));
  CHECK_FALSE(http::is_bodiless(status::ok));
  CHECK_FALSE(http::is_bodiless(status::reset_content));
}

TEST_CASE("version: versions have names and an order") {
  CHECK(http::name(http::version::http_1_0) == "HTTP/1.0");
  CHECK(http::name(http::version::http_2) == "HTTP/2");
  CHECK(http::version::http_1_0 < http::version::http_1_1);
}
