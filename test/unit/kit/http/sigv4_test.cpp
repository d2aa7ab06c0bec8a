// Signatures of requests, against the vectors of AWS in test/data.
#include <kit/http/sigv4.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <kit/codec/json.hpp>
#include <kit/error.hpp>
#include <kit/http/syntax.hpp>

namespace http = kit::http;
using kit::http::request;

namespace {

struct keys {
  std::string access_key_id;
  std::string secret_access_key;
  std::string token;
};
struct case_context {
  keys credentials;
  std::string region;
  std::string service;
  bool normalize = false;
  bool sign_body = false;
  bool omit_session_token = false;
};
struct signed_by_header {
  std::string signed_request;
};
struct sigv4_case {
  std::string name;
  case_context context;
  std::string request;
  signed_by_header header;
};

// 2015-08-30T12:36:00Z, as in all vectors.
constexpr std::chrono::system_clock::time_point now{std::chrono::seconds(1'440'938'160)};
const http::aws_credentials example{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
const http::sigv4_scope scope{.region = "us-east-1", .service = "service"};

std::string_view take_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// Of the vectors' text, in which targets may have spaces, and fields lines that go on.
request request_of(std::string_view text) {
  const auto first = take_line(text);
  const auto target = first.find(' ') + 1;
  request req{.method = *http::method::parse(first.substr(0, target - 1)),
              .target = std::string(first.substr(target, first.rfind(' ') - target))};
  while (!text.empty()) {
    std::string line(take_line(text));
    if (line.empty()) break;
    while (text.starts_with(' '))
      line.append(1, ' ').append(http::trim_ows(take_line(text)));
    const auto colon = line.find(':');
    req.headers.add(line.substr(0, colon), line.substr(colon + 1));
  }
  req.body = std::string(text);
  return req;
}

std::string authorization_in(std::string_view signed_request) {
  constexpr std::string_view name = "\nAuthorization:";
  auto rest = signed_request.substr(signed_request.find(name) + name.size());
  return std::string(take_line(rest));
}

std::string authorization(const request& req) {
  return std::string(req.headers.get(http::field::authorization).value_or(""));
}

struct endless : http::body_source {
  asio::awaitable<std::optional<std::string>> read() override { co_return "x"; }
};

std::string refusal(request req) {
  try {
    http::sign_v4(req, example, scope, now);
  } catch (const kit::error& e) {
    return std::string(e.what());
  }
  return "";
}

}  // namespace

TEST_CASE("sign_v4: all vectors") {
  std::ifstream in(COKIT_TESTDATA "/aws-sigv4/cases.jsonl");
  int count = 0;
  for (std::string text; std::getline(in, text); ++count) {
    const auto c = kit::json::decode<sigv4_case>(text).value();
    CAPTURE(c.name);
    auto req = request_of(c.request);
    const auto& k = c.context.credentials;
    // Where the token isn't to be signed, it is added afterwards.
    const http::aws_credentials as{k.access_key_id, k.secret_access_key,
                                   c.context.omit_session_token ? "" : k.token};
    http::sign_v4(req, as,
                  {.region = c.context.region,
                   .service = c.context.service,
                   .normalize_path = c.context.normalize,
                   .digest_field = c.context.sign_body},
                  now);
    CHECK(authorization(req) == authorization_in(c.header.signed_request));
    CHECK(req.headers.get("X-Amz-Date") == "20150830T123600Z");
    CHECK(req.headers.get("X-Amz-Security-Token").value_or("") == as.session_token);
  }
  CHECK(count == 38);
}

TEST_CASE("sign_v4: an absolute URL is as good as a path and Host") {
  request url{.target = "https://example.amazonaws.com/a/b?x=1"};
  request path{.target = "/a/b?x=1", .headers = {{"Host", "example.amazonaws.com"}}};
  http::sign_v4(url, example, scope, now);
  http::sign_v4(path, example, scope, now);
  CHECK(authorization(url) == authorization(path));
  CHECK(url.headers.get("Host") == "example.amazonaws.com");
}

TEST_CASE("sign_v4: fields that change on the way don't matter, all others do") {
  const auto with = [](std::string_view name, std::string_view value) {
    request req{.target = "http://h/", .headers = {{name, value}}};
    http::sign_v4(req, example, scope, now);
    return authorization(req);
  };
  const auto plain = with("User-Agent", "a");
  CHECK(with("user-agent", "b") == plain);
  CHECK(with("Connection", "close") == plain);
  CHECK(with("Content-Type", "text/plain") != plain);
  CHECK(with("Content-Type", "text/plain").find("SignedHeaders=content-type;host;x-amz-date,") !=
        std::string::npos);
}

TEST_CASE("sign_v4: what was signed before can be signed anew") {
  request once{.target = "http://h/"};
  http::sign_v4(once, example, scope, now);
  request twice{.target = "http://h/"};
  http::sign_v4(twice, example, scope, now - std::chrono::hours(24));
  CHECK(authorization(twice) != authorization(once));
  http::sign_v4(twice, example, scope, now);
  CHECK(authorization(twice) == authorization(once));
  CHECK(twice.headers.count("X-Amz-Date") == 1);
}

TEST_CASE("sign_v4: paths that are encoded already, as S3 has them") {
  request req{.target = "/a%20b/../c", .headers = {{"Host", "h"}}};
  request same{.target = "/a b/../c", .headers = {{"Host", "h"}}};
  http::sign_v4(req, example,
                {.region = "r", .service = "s3", .normalize_path = false, .encode_path = false},
                now);
  http::sign_v4(same, example, {.region = "r", .service = "s3", .normalize_path = false}, now);
  CHECK(authorization(req) == authorization(same));
}

TEST_CASE("sign_v4: refuses what it cannot sign") {
  CHECK(refusal({.target = "/"}) == "sign_v4: the target names no host, and there is no Host");
  CHECK(refusal({.target = "/?a=%g", .headers = {{"Host", "h"}}}) ==
        "sign_v4: the query is not percent-encoded");
  CHECK(refusal({.target = "http://h/", .body = http::body(std::make_shared<endless>())}) ==
        "sign_v4: the content is a stream");
}
