#include <kit/http/multipart.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <kit/error.hpp>

namespace http = kit::http;
using http::multipart_options;
using http::multipart_parser;
using event = http::multipart_parser::event;

namespace {

struct part {
  http::headers headers;
  std::string data;
  bool ended = false;
  friend bool operator==(const part&, const part&) = default;
};
struct outcome {
  std::vector<part> parts;
  event last = event::need_more;
  std::string error;
  friend bool operator==(const outcome&, const outcome&) = default;
};

// Feeds `first` bytes, then `step` at a time.
outcome feed(std::string_view wire, std::size_t first, std::size_t step,
             const multipart_options& options) {
  multipart_parser parser("b", options);
  outcome o;
  std::string unread;
  for (std::size_t at = 0, size = first; at < wire.size(); at += size, size = step) {
    size = std::min(size, wire.size() - at);
    unread += wire.substr(at, size);
    for (o.last = event::data;
         o.last != event::need_more && o.last != event::end && o.last != event::failed;) {
      const auto r = parser.next(unread);
      o.last = r.what;
      if (r.what == event::part) o.parts.push_back({parser.headers(), {}});
      if (r.what == event::data) o.parts.back().data += r.data;
      if (r.what == event::part_end) o.parts.back().ended = true;
      unread.erase(0, r.consumed);
    }
  }
  if (o.last == event::failed) o.error = parser.error().what();
  return o;
}

/// What comes of the content, in any two pieces, and in many small ones.
outcome parse(std::string_view wire, const multipart_options& options = {}) {
  const auto whole = feed(wire, wire.size(), 1, options);
  for (std::size_t first = 1; first < wire.size(); ++first) {
    CAPTURE(first);
    CHECK(feed(wire, first, wire.size(), options) == whole);
  }
  for (std::size_t step = 1; step < 4; ++step)
    CHECK(feed(wire, step, step, options) == whole);
  return whole;
}

std::vector<std::string> data_of(const outcome& o) {
  std::vector<std::string> all;
  for (const auto& p : o.parts) {
    CHECK(p.ended);
    all.push_back(p.data);
  }
  return all;
}
using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("multipart: parts with their fields and data") {
  const auto o = parse(
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\nX:y\r\n\r\none\r\n"
      "--b\r\n\r\ntwo\r\nlines\r\n"
      "--b--\r\n");
  CHECK(o.last == event::end);
  CHECK(data_of(o) == texts{"one", "two\r\nlines"});
  CHECK(o.parts[0].headers ==
        http::headers{{"Content-Disposition", "form-data; name=\"a\""}, {"X", "y"}});
  CHECK(o.parts[1].headers.empty());
}

TEST_CASE("multipart: what stands before the first part and after the last is dropped") {
  CHECK(data_of(parse("preamble\r\n--x\r\n\r\n--b\r\n\r\none\r\n--b--epilogue\r\n--b\r\n\r\nx")) ==
        texts{"one"});
  CHECK(data_of(parse("\r\n--b\r\n\r\none\r\n--b--")) == texts{"one"});
  CHECK(data_of(parse("--b\r\n\r\none\r\n--b--")) == texts{"one"});
  CHECK(parse("--b--").last == event::end);
  CHECK(parse("x--b\r\n\r\none\r\n--b--").parts.empty());
  const auto preamble = [](std::size_t size) {
    return parse(std::string(size, 'x') + "\r\n--b--", {.max_preamble_bytes = 20}).last;
  };
  CHECK(preamble(20) == event::end);
  CHECK(preamble(21) == event::failed);
}

TEST_CASE("multipart: empty parts") {
  CHECK(data_of(parse("--b\r\n\r\n\r\n--b\r\nX: y\r\n\r\n\r\n--b--")) == texts{"", ""});
  // The line end of the empty line is that of the delimiter, too.
  CHECK(data_of(parse("--b\r\n\r\n--b\r\nX: y\r\n\r\n--b--")) == texts{"", ""});
  CHECK(data_of(parse("--b\r\n\r\n\r\n\r\n--b--")) == texts{"\r\n"});
}

TEST_CASE("multipart: what only looks like a delimiter is data") {
  for (const char* data : {"\r\n--", "\r\n--bx", "\r\n--b-", "\r\n--b-x", "--b", "x--b--", "\n--b",
                           "\r--b", "\r\r\n", "\r\n--b \tx", "\r\n--b\r", "\r\n--b\n", "\r\n-b",
                           "\r\n\r\n--c", "--b x", "-", "--", "\r\n--B"}) {
    CAPTURE(data);
    CHECK(data_of(parse("--b\r\n\r\n" + std::string("1") + data + "\r\n--b--")) ==
          texts{std::string("1") + data});
  }
  for (const char* data : {"--", "--bx", "--b-", "-", "\r", "\r\n", "--b\r", "--b x"}) {
    CAPTURE(data);
    CHECK(data_of(parse("--b\r\n\r\n" + std::string(data) + "\r\n--b--")) == texts{data});
  }
  const std::string padded = "\r\n--b" + std::string(64, ' ') + "\r\n";
  CHECK(data_of(parse("--b \t\r\n\r\none" + padded + "\r\ntwo\r\n--b--")) == texts{"one", "two"});
  const std::string too_far = "\r\n--b" + std::string(65, ' ') + "\r\n";
  CHECK(data_of(parse("--b\r\n\r\none" + too_far + "two\r\n--b--")) ==
        texts{"one" + too_far + "two"});
}

TEST_CASE("multipart: content that breaks off wants more") {
  const std::string whole = "p\r\n--b\r\nX: y\r\n\r\none\r\n--b--";
  for (std::size_t n = 1; n < whole.size(); ++n) {
    CAPTURE(n);
    CHECK(feed(whole.substr(0, n), n, n, {}).last == event::need_more);
  }
}

TEST_CASE("multipart: malformed header fields") {
  for (const char* bad : {"no colon", ": x", "a b: c", "a : b", " folded: x", "a: b\r\n c",
                          "a: \x01", "a: b\nc: d", "a: b\rc: d", "\xc3\xa4: b", "--b--", "--b"}) {
    CAPTURE(bad);
    const auto o = parse("--b\r\n" + std::string(bad) + "\r\n\r\none\r\n--b--");
    CHECK(o.last == event::failed);
    CHECK(o.error == "malformed header field of a part");
    CHECK(o.parts.empty());
  }
}

TEST_CASE("multipart: limits") {
  const auto with = [](std::string_view fields, multipart_options options) {
    return parse("--b\r\n" + std::string(fields) + "\r\none\r\n--b--", options);
  };
  CHECK(with("X: 1\r\nY: 2\r\n", {.max_header_bytes = 12}).last == event::end);
  CHECK(with("X: 1\r\nY: 23\r\n", {.max_header_bytes = 10}).last == event::failed);
  CHECK(with("X: " + std::string(100, 'x') + "\r\n", {.max_header_bytes = 102}).error ==
        "header fields of a part are too large");
  CHECK(with("X: " + std::string(100, 'x') + "\r\n", {.max_header_bytes = 103}).last == event::end);
  CHECK(with("X: 1\r\nY: 2\r\n", {.max_header_count = 2}).last == event::end);
  CHECK(with("X: 1\r\nY: 2\r\n", {.max_header_count = 1}).error ==
        "a part has too many header fields");
  CHECK(parse("--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--", {.max_parts = 2}).last == event::end);
  const auto o = parse("--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--", {.max_parts = 1});
  CHECK(o.error == "multipart content has too many parts");
  multipart_parser parser("b", {.max_parts = 0});
  CHECK(parser.next("--b\r\n").what == event::failed);
  CHECK(parser.next("--b\r\n").what == event::failed);
  CHECK(parser.error() == kit::errc::resource_exhausted);
}

TEST_CASE("multipart: boundaries are those of RFC 2046") {
  for (const auto& good :
       {std::string("b"), std::string(70, 'x'), std::string("a '()+_,-./:=?0")}) {
    CAPTURE(good);
    CHECK_NOTHROW(multipart_parser{good});
    CHECK(http::multipart_boundary("multipart/form-data; boundary=\"" + good + '"') == good);
  }
  for (const auto& bad :
       {std::string(), std::string(71, 'x'), std::string("a "), std::string("a\tb"),
        std::string("a;b"), std::string("a\r\nb"), std::string("\xc3\xa4")}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(multipart_parser{bad}, kit::error);
    CHECK_FALSE(http::multipart_boundary("multipart/form-data; boundary=\"" + bad + '"'));
  }
  CHECK(http::multipart_boundary("Multipart/Mixed;Boundary=x") == "x");
  CHECK_FALSE(http::multipart_boundary("multipart/form-data"));
  CHECK_FALSE(http::multipart_boundary("text/plain; boundary=x"));
  CHECK_FALSE(http::multipart_boundary(""));
}

TEST_CASE("describe_part: names, files and types") {
  const auto describe = [](std::string_view disposition) {
    return http::describe_part({{"Content-Disposition", disposition}});
  };
  auto p = http::describe_part({});
  REQUIRE(p);
  CHECK(*p == http::part_description{});
  CHECK(p->content_type == "text/plain");
  p = http::describe_part({{"Content-Disposition", "form-data; name=\"a b\"; filename=\"c.png\""},
                           {"Content-Type", "image/png"}});
  REQUIRE(p);
  CHECK(*p == http::part_description{"a b", "c.png", "image/png"});
  CHECK(describe("form-data; name=a")->name == "a");
  CHECK_FALSE(describe("form-data; name=a")->filename);
  CHECK(describe("form-data; name=\"x\\\"y%22\"")->name == "x\"y%22");
  const auto file = [&](std::string name) {
    return describe("form-data; filename=\"" + name + '"')->filename;
  };
  CHECK(file("C:\\dir\\a.txt") == "a.txt");
  CHECK(file("../../etc/passwd") == "passwd");
  CHECK(file("..") == "");
  CHECK(file(".") == "");
  CHECK(file("a/..") == "");
  CHECK(file("") == "");
  CHECK(file("\xc3\xa4.txt") == "\xc3\xa4.txt");
  CHECK(describe("x; filename=a; filename*=UTF-8''%e2%82%ac%20rates")->filename ==
        "\xe2\x82\xac rates");
  CHECK(describe("x; filename*=utf-8'en'..%2fa; filename=b")->filename == "a");
  CHECK(describe("x; filename=b; filename*=latin1''a")->filename == "b");
  CHECK(describe("x; filename=b; filename*=UTF-8''%0d%0a")->filename == "b");
  CHECK(describe("x; filename=b; filename*=UTF-8''%zz")->filename == "b");
  CHECK(describe("x; filename=b; filename*=UTF-8'")->filename == "b");
  for (const char* bad : {"", "form-data; name", "form-data; name=\"", "; name=a", "form data",
                          "form-data; name=a; name=b", "form-data name=a"}) {
    CAPTURE(bad);
    const auto refused = describe(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == kit::errc::invalid_argument);
  }
}
